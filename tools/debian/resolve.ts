/**
 * Which packages a list of names needs: the closure of Depends and Pre-Depends, without
 * recommendations, with exact versions and SHA-256 sums from Debian's signed index. The answer is
 * kept, so that the next call needs no network and gives the same versions.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "../base/atomic-file.ts";
import type { Step } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { type Apt, lastLines } from "./apt.ts";

export interface ResolvedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly uri: string;
}

export interface ResolveOptions {
  readonly cacheFolder: string;
  /** Left out of the closure: what only maintainer scripts need, or what is not wanted. */
  readonly without?: readonly string[];
  /** Asks anew, even where an answer is kept. */
  readonly refresh?: boolean;
  /** Fetches the index even where it is fresh. */
  readonly fetchIndex?: boolean;
  readonly step?: Step;
}

/** The closure of `names`, in apt's order (a package after those it needs). */
export async function resolvePackages(
  apt: Apt,
  names: readonly string[],
  options: ResolveOptions,
): Promise<readonly ResolvedPackage[]> {
  const kept = path.join(options.cacheFolder, "resolved", `${keyOf(apt, names, options)}.json`);
  if (options.refresh !== true) {
    const known = await readKept(kept);
    if (known !== undefined) return known;
  }
  options.step?.status("Debian's package index");
  await apt.update({ force: options.fetchIndex === true, ...stepOf(options) });
  const result = await apt.get(["install", "--print-uris", "-qq", "-y", ...names]);
  if (result.code !== 0) throw unresolvable(names, lastLines(result));
  const without = new Set(options.without);
  const packages = parseUris(result.stdout).filter((one) => !without.has(one.name));
  if (packages.length === 0) throw unresolvable(names, "apt named no package");
  await writeFileAtomic(kept, `${JSON.stringify(packages, null, 1)}\n`);
  return packages;
}

/** Lines of `apt-get --print-uris`: 'URI' file bytes SHA256:sum. */
export function parseUris(text: string): ResolvedPackage[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("'"))
    .map((line) => {
      const match = /^'([^']+)' ([^_ ]+)_([^_ ]+)_([^_ ]+)\.deb (\d+) SHA256:([0-9a-f]{64})$/.exec(
        line.trim(),
      );
      if (match === null) throw new Error(`apt printed a line of unknown form: ${line}`);
      const [, uri = "", name = "", version = "", architecture = "", bytes, sha256 = ""] = match;
      return {
        name,
        version: decodeURIComponent(version),
        architecture,
        sha256,
        bytes: Number(bytes),
        uri,
      };
    });
}

function keyOf(apt: Apt, names: readonly string[], options: ResolveOptions): string {
  const question = {
    names: [...names].sort(),
    without: [...(options.without ?? [])].sort(),
    architecture: apt.architecture,
    release: apt.release,
  };
  return createHash("sha256").update(JSON.stringify(question)).digest("hex").slice(0, 32);
}

async function readKept(file: string): Promise<readonly ResolvedPackage[] | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as ResolvedPackage[];
  } catch {
    // Absent or damaged: either way the question is asked again.
    return undefined;
  }
}

function unresolvable(names: readonly string[], reason: string): UserError {
  return new UserError(`Debian's packages cannot be resolved: ${names.join(", ")}`, {
    where: reason,
    fix: "These names are Debian 12's; check that /etc/apt/sources.list.d names Debian 12 (bookworm).",
  });
}

function stepOf(options: ResolveOptions): { step?: Step } {
  return options.step === undefined ? {} : { step: options.step };
}
