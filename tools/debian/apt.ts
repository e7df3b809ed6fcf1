/**
 * apt with a state and a cache of our own. The host's sources, keys, proxies and credentials are
 * used; its package lists, its dpkg status and its hooks are neither read nor touched. An empty
 * dpkg status makes every closure complete, whatever this host has installed.
 */
import { access, chmod, constants, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "../base/atomic-file.ts";
import { type RunResult, run } from "../base/process.ts";
import type { Step } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { inheritedEnvironment } from "./config.ts";
import { withFileLock } from "./file-lock.ts";

/** Debian publishes at most a few times a day; within one day the index is taken as current. */
const INDEX_AGE_MS_MAX = 24 * 3_600_000;
const NEEDED_PROGRAMS = ["/usr/bin/apt-get", "/usr/bin/apt-config", "/usr/bin/dpkg-deb"];
const APT_HELPER = "/usr/lib/apt/apt-helper";

export interface Apt {
  readonly architecture: string;
  /** The release of the host, for example "bookworm". */
  readonly release: string;
  get(args: readonly string[]): Promise<RunResult>;
  /** apt's own downloader: proxies, mirrors, credentials; checks each file's hash. */
  fetch(args: readonly string[], signal?: AbortSignal): Promise<RunResult>;
  /** Fetches and verifies the index unless it is fresh. */
  update(options: { force: boolean; step?: Step }): Promise<void>;
}

export async function openApt(cacheFolder: string): Promise<Apt> {
  await refuseOtherSystems();
  const folder = path.join(cacheFolder, "apt");
  await mkdir(path.join(folder, "state/lists/partial"), { recursive: true });
  await mkdir(path.join(folder, "cache/archives/partial"), { recursive: true });
  const configuration = path.join(folder, "apt.conf");
  await writeConfiguration(folder, configuration);
  const env = { ...inheritedEnvironment(), APT_CONFIG: configuration, LC_ALL: "C" };
  const apt: Apt = {
    architecture: (await run("dpkg", ["--print-architecture"])).stdout.trim(),
    release: await releaseName(),
    get: (args) => run("apt-get", args, { env }),
    fetch: (args, signal) =>
      run(APT_HELPER, args, { env, ...(signal === undefined ? {} : { signal }) }),
    update: ({ force, step }) =>
      withFileLock(
        path.join(folder, "index.lock"),
        () => updateIndex(apt, path.join(folder, "updated"), force),
        (holder) => step?.status(`process ${holder.split(" ")[0]} fetches the package index`),
      ),
  };
  return apt;
}

async function refuseOtherSystems(): Promise<void> {
  for (const program of [...NEEDED_PROGRAMS, APT_HELPER]) {
    try {
      await access(program, constants.X_OK);
    } catch {
      throw new UserError("Debian's package tools are not on this machine", {
        where: program,
        fix: "Use Debian 12, or a cluster that you already have: --kubeconfig FILE.",
      });
    }
  }
}

async function releaseName(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  return /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(text)?.[1] ?? "unknown";
}

/** 0600: a proxy's address may carry a password. */
async function writeConfiguration(folder: string, file: string): Promise<void> {
  const inherited = await run("apt-config", ["dump"]);
  const text = renderConfiguration(folder, inherited.stdout);
  await writeFile(path.join(folder, "state/status"), "");
  await writeFile(path.join(folder, "preferences"), PREFERENCES);
  if ((await readFile(file, "utf8").catch(() => "")) === text) return;
  await writeFileAtomic(file, text, 0o600);
  await chmod(file, 0o600);
}

/** Other sources of the host (a vendor's repository) must not change what Debian's packages are. */
const PREFERENCES = "Package: *\nPin: release o=Debian\nPin-Priority: 990\n";

/** Kept of the host: how files are acquired. Not kept: hooks, index kinds, languages. */
export function renderConfiguration(folder: string, hostDump: string): string {
  const kept = hostDump
    .split("\n")
    .filter((line) => /^Acquire::\S+ ".+";$/.test(line))
    .filter(
      (line) => !/^Acquire::(IndexTargets|Languages|GzipIndexes|CompressionTypes)/.test(line),
    );
  return [
    ...kept,
    `Dir::Etc::Parts "/dev/null";`,
    `Dir::Etc::Main "/dev/null";`,
    `Dir::Etc::Preferences "${path.join(folder, "preferences")}";`,
    `Dir::Etc::PreferencesParts "/dev/null";`,
    `Dir::State "${path.join(folder, "state")}";`,
    `Dir::State::Status "${path.join(folder, "state/status")}";`,
    `Dir::Cache "${path.join(folder, "cache")}";`,
    `Acquire::Languages "none";`,
    `Acquire::ForceHash "SHA256";`,
    `Acquire::Retries "3";`,
    `Acquire::http::Timeout "30";`,
    `Acquire::https::Timeout "30";`,
    `APT::Install-Recommends "false";`,
    `APT::Install-Suggests "false";`,
    // The sandbox user cannot enter a cache folder below /root.
    `APT::Sandbox::User "root";`,
    "",
  ].join("\n");
}

async function updateIndex(apt: Apt, stamp: string, force: boolean): Promise<void> {
  const age = await stat(stamp).then(
    (s) => Date.now() - s.mtimeMs,
    () => undefined,
  );
  if (!force && age !== undefined && age < INDEX_AGE_MS_MAX) return;
  const result = await apt.get(["update", "-q"]);
  // A source that failed is only a warning to apt; one that worked leaves its mark.
  const worked = /^(Get|Hit):/m.test(result.stdout);
  if (result.code === 0 && worked && !/Failed to fetch/.test(result.stderr + result.stdout)) {
    return writeFileAtomic(stamp, `${new Date().toISOString()}\n`);
  }
  // An older index still resolves; packages that have left the mirror are told by name later.
  if (worked || (age !== undefined && !force)) return;
  throw new UserError("Debian's package index could not be fetched", {
    where: lastLines(result),
    fix: "Check the network, the proxy and /etc/apt/sources.list.d; `apt-get update` shows the same fault.",
  });
}

export function lastLines(result: RunResult): string {
  const lines = `${result.stdout}\n${result.stderr}`.split("\n").filter((line) => /\S/.test(line));
  return lines
    .filter((line) => !/^(Get|Hit|Ign|Reading|Building|Fetched)/.test(line))
    .slice(-4)
    .join("; ")
    .replace(/\/\/[^/@\s]+@/g, "//");
}
