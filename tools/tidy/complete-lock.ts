/**
 * Completes package-lock.json: `node tools/tidy/complete-lock.ts` after a dependency was added.
 * npm leaves the optional packages of other platforms out where its registry does not serve them,
 * and `npm ci` then refuses the whole file. An entry without an integrity hash is enough: it is
 * skipped on every platform that it does not name.
 */
import { readFileSync, writeFileSync } from "node:fs";

export interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

export type LockPackages = Record<string, LockEntry>;

/** The entries that `packages` lacks, by the path npm would give them. */
export function missingEntries(packages: LockPackages): LockPackages {
  const missing: LockPackages = {};
  for (const [where, owner] of Object.entries(packages)) {
    for (const [name, range] of Object.entries(owner.optionalDependencies ?? {})) {
      const places = [`node_modules/${name}`, `${where}/node_modules/${name}`];
      if (places.some((place) => packages[place] !== undefined)) continue;
      missing[`node_modules/${name}`] = platformEntry(name, range, owner.dev === true);
    }
  }
  return missing;
}

function platformEntry(name: string, range: string, dev: boolean): LockEntry {
  const os = /android|darwin|linux|win32|freebsd|openbsd|netbsd|openharmony|sunos|aix/.exec(name);
  const cpu = /arm64|x64|ia32|arm|ppc64|s390x|riscv64|loong64|mips64el|wasm32/.exec(name);
  return {
    version: range.replace(/^[~^]/, ""),
    ...(cpu === null ? {} : { cpu: [cpu[0]] }),
    ...(dev ? { dev } : {}),
    optional: true,
    ...(os === null ? {} : { os: [os[0]] }),
  };
}

if (import.meta.main) {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
  const packages: LockPackages = { ...lock.packages, ...missingEntries(lock.packages) };
  lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
}
