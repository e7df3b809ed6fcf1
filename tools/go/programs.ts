/**
 * Programs built once from the Go modules that a go.sum pins, and kept in the user's cache under the
 * hash of everything that decides about them. A second call costs a few milliseconds and needs no Go.
 */
import { createHash } from "node:crypto";
import { access, glob, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { run } from "../base/process.ts";
import type { Progress, Step } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { inheritedEnvironment } from "../debian/config.ts";
import { withFileLock } from "../debian/file-lock.ts";
import { LISTED_PACKAGE, moduleLicences } from "./module-licences.ts";

export interface GoPrograms {
  /** How messages call them, as in "the cluster's programs". */
  readonly title: string;
  /** The folder with go.mod and go.sum. */
  readonly module: string;
  /** What is built: packages of the module itself, or of modules that it requires. */
  readonly packages: readonly string[];
  readonly linkerFlags: string;
  /** Names of the programs that must be there afterwards. */
  readonly files: readonly string[];
  /** Beside them lies LICENSES.txt: the texts of all that they are made of. For programs that are handed on. */
  readonly licences?: boolean;
  /** Holds one folder for each state of the module. */
  readonly cacheDir: string;
}

export const LICENCES = "LICENSES.txt";
const BUILD_FLAGS = ["-trimpath", "-buildvcs=false", "-mod=readonly"];
/** The first release that fetches the toolchain that go.mod asks for. */
export const GO_MINIMUM = [1, 21] as const;
/** A cold build takes six to seven minutes on two cores, and a slow line needs as much for the modules. */
const BUILD_TIMEOUT_MS = 45 * 60_000;

/** The folder that holds them; builds them where the cache lacks them. Two processes build once. */
export async function ensureGoPrograms(programs: GoPrograms, progress: Progress): Promise<string> {
  const folder = path.join(programs.cacheDir, await buildKey(programs));
  if (await isComplete(programs, folder)) return folder;
  await progress.step(`Building ${programs.title}`, (step) =>
    withFileLock(
      `${folder}.lock`,
      async () => {
        if (!(await isComplete(programs, folder))) await build(programs, folder, step);
      },
      (holder) => step.status(`process ${holder} is building them`),
    ),
  );
  return folder;
}

async function isComplete({ files, licences }: GoPrograms, folder: string): Promise<boolean> {
  const wanted = licences === true ? [...files, LICENCES] : files;
  return Promise.all(wanted.map((file) => access(path.join(folder, file)))).then(
    () => true,
    () => false,
  );
}

async function buildKey({ module, packages, linkerFlags }: GoPrograms): Promise<string> {
  const sources: string[] = ["go.mod", "go.sum"];
  for await (const file of glob("**/*.go", { cwd: module })) {
    if (!file.endsWith("_test.go")) sources.push(file);
  }
  const hash = createHash("sha256").update(JSON.stringify([packages, BUILD_FLAGS, linkerFlags]));
  hash.update(process.arch);
  for (const file of sources.sort()) {
    hash.update(`\0${file}\0`).update(await readFile(path.join(module, file)));
  }
  return hash.digest("hex").slice(0, 20);
}

async function build(programs: GoPrograms, folder: string, step: Step): Promise<void> {
  const environment = goEnvironment();
  await requireGo(programs, environment);
  await mkdir(programs.cacheDir, { recursive: true });
  const partial = await mkdtemp(path.join(programs.cacheDir, ".partial-"));
  try {
    const total = await countPackages(programs, environment, step);
    let compiled = 0;
    const { packages, linkerFlags } = programs;
    const words = ["build", "-v", ...BUILD_FLAGS, "-ldflags", linkerFlags];
    await go(
      programs,
      [...words, "-o", `${partial}${path.sep}`, ...packages],
      environment,
      (line) => {
        if (isDownload(line)) return step.status(line.replace(/^go: /, ""));
        compiled += 1;
        step.status(`${compiled} packages compiled (${total} in a first build), then linking`);
      },
    );
    if (programs.licences === true) {
      step.status("gathering licence texts");
      await writeFile(path.join(partial, LICENCES), await licencesOf(programs, environment));
    }
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

function goEnvironment(): NodeJS.ProcessEnv {
  const environment = inheritedEnvironment();
  // /usr/local/go/bin is where Go's own archive installs it; it is often missing from PATH of root.
  const search = `${environment["PATH"] ?? ""}:/usr/local/go/bin`;
  return { ...environment, PATH: search, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" };
}

async function requireGo(
  { title, module }: GoPrograms,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const fix = "install Go 1.21 or newer (https://go.dev/dl) and run the command again";
  const found = await run("go", ["env", "GOVERSION"], { env: environment, cwd: module }).catch(
    () => undefined,
  );
  if (found === undefined) {
    throw new UserError(`Go is needed to build ${title}, and it is not here`, {
      where: "PATH",
      fix,
    });
  }
  if (found.code !== 0) throw goFailure(title, module, found.stderr);
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(found.stdout) ?? [];
  if (Number(major) === GO_MINIMUM[0] && Number(minor) < GO_MINIMUM[1]) {
    throw new UserError(`${found.stdout.trim()} is too old`, { where: "go on PATH", fix });
  }
}

async function countPackages(
  programs: GoPrograms,
  environment: NodeJS.ProcessEnv,
  step: Step,
): Promise<number> {
  let modules = 0;
  step.status("reading the modules");
  const words = ["list", "-mod=readonly", "-deps", ...programs.packages];
  const listed = await go(programs, words, environment, (line) => {
    if (!isDownload(line)) return;
    modules += 1;
    step.status(`${modules} modules downloaded`);
  });
  return listed.trim().split("\n").length;
}

async function licencesOf(programs: GoPrograms, environment: NodeJS.ProcessEnv): Promise<string> {
  const words = ["list", "-mod=readonly", "-deps", "-f", LISTED_PACKAGE, ...programs.packages];
  const listed = await go(programs, words, environment, () => {});
  const root = await go(programs, ["env", "GOROOT"], environment, () => {});
  return moduleLicences(listed.trim(), root.trim());
}

function isDownload(line: string): boolean {
  return line.startsWith("go: downloading ");
}

async function go(
  { title, module }: GoPrograms,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  onLine: (line: string) => void,
): Promise<string> {
  const result = await run("go", args, {
    cwd: module,
    env: environment,
    onLine,
    signal: AbortSignal.timeout(BUILD_TIMEOUT_MS),
  });
  if (result.code !== 0) throw goFailure(title, module, result.stderr);
  return result.stdout;
}

function goFailure(title: string, module: string, stderr: string): Error {
  const tail = stderr.trim().split("\n").slice(-8).join("\n");
  if (/go\.mod requires go|toolchain not available|invalid go version/.test(stderr)) {
    return new UserError(`this Go cannot build ${title}:\n${tail}`, {
      where: "go on PATH",
      fix: `install the Go release that ${module}/go.mod names, or allow GOTOOLCHAIN=auto`,
    });
  }
  if (/dial tcp|i\/o timeout|no such host|connection refused|403 Forbidden/.test(stderr)) {
    return new UserError(`the Go modules cannot be fetched:\n${tail}`, {
      where: "go build",
      fix: "check the network and GOPROXY, then run the command again; what was fetched is kept",
      exitCode: 1,
    });
  }
  return new UserError(`${title} could not be built:\n${tail}`, {
    where: `go build in ${module}`,
    fix: "mend what the message names and run the command again",
    exitCode: 1,
  });
}
