/**
 * The one file that holds a stack's state: read with all its faults told, written whole, the
 * previous one kept as .bak, copied into history and backups when an update ends.
 */
import { constants, copyFile, link, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import { UserError } from "../../base/user-error.ts";
import type { Snapshot } from "../resource.ts";
import { isObject, type PropertyMap, type PropertyValue } from "../values.ts";
import { type BackendFolder, backupFolder, historyFolder, stackFile } from "./backend-folder.ts";
import {
  parseDeployment,
  parseVersion,
  type RawDeployment,
  SIMULATED_FEATURE,
  snapshotFaults,
} from "./integrity.ts";
import { errorCode, StateError, writeFailure } from "./state-error.ts";

/** undefined: no such file, or a stack that was created and never deployed. */
export async function readStackFile(
  folder: BackendFolder,
  stack: string,
): Promise<RawDeployment | undefined> {
  const file = stackFile(folder, stack);
  const text = await readText(file);
  if (text === undefined) {
    await refuseCompressed(file);
    return undefined;
  }
  try {
    const raw = parseObject(text);
    checkSimulated(parseVersion(raw).simulated, folder.simulated);
    const checkpoint = raw["checkpoint"];
    if (!isObject(checkpoint)) throw new Error("it has no checkpoint");
    const latest = checkpoint["latest"];
    return latest === undefined || latest === null ? undefined : parseDeployment(latest);
  } catch (error) {
    throw await damaged(folder, stack, error);
  }
}

/** As a snapshot; whatever is wrong becomes a StateError that says how to mend it. */
export async function loadStackFile(
  folder: BackendFolder,
  stack: string,
  decode: (raw: RawDeployment, simulated: boolean) => Promise<Snapshot>,
): Promise<Snapshot | undefined> {
  const raw = await readStackFile(folder, stack);
  if (raw === undefined) return undefined;
  try {
    const snapshot = await decode(raw, folder.simulated);
    const faults = snapshotFaults(snapshot, { order: false });
    if (faults.length > 0) throw new Error(firstFew(faults));
    return snapshot;
  } catch (error) {
    throw await damaged(folder, stack, error);
  }
}

export async function writeStackFile(
  folder: BackendFolder,
  stack: string,
  deployment: Buffer,
  exitCode: 1 | 2,
): Promise<void> {
  const file = stackFile(folder, stack);
  const name = JSON.stringify(`organization/${folder.project}/${stack}`);
  const version = folder.simulated ? `4,"features":["${SIMULATED_FEATURE}"]` : "3";
  try {
    await keepPrevious(file);
    await writeFileAtomic(
      file,
      Buffer.concat([
        Buffer.from(`{"version":${version},"checkpoint":{"stack":${name},"latest":`),
        deployment,
        Buffer.from("}}"),
      ]),
      0o600,
    );
  } catch (error) {
    throw writeFailure(file, error, exitCode);
  }
}

/** Leftovers of a process that was killed while it wrote. Called by the holder of the lock. */
export async function removeLeftovers(folder: BackendFolder, stack: string): Promise<void> {
  const file = stackFile(folder, stack);
  const names = await readdir(path.dirname(file)).catch(() => []);
  const leftovers = names.filter(
    (name) => name.startsWith(`${path.basename(file)}.`) && name.endsWith(".tmp"),
  );
  await Promise.all(leftovers.map((name) => rm(path.join(path.dirname(file), name))));
}

/** Copies of their own, not links: a state file that is damaged in place must not take them along. */
export async function copyStackFile(
  folder: BackendFolder,
  stack: string,
  target: string,
): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  try {
    await copyFile(stackFile(folder, stack), target, constants.COPYFILE_FICLONE);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

/** JSON text that must be an object; messages say where the text breaks off or goes wrong. */
export function parseObject(text: string): PropertyMap {
  if (text.trim() === "") throw new Error("it is empty");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    const whole = /[}\]]\s*$/.test(text);
    throw new Error(
      whole ? "it is not valid JSON" : `it breaks off after ${Buffer.byteLength(text)} bytes`,
    );
  }
  if (!isObject(parsed)) throw new Error("it is not a JSON object");
  return parsed;
}

export function checkSimulated(found: boolean, wanted: boolean): void {
  if (found === wanted) return;
  throw new Error(
    found
      ? "it is state of the simulated cloud, which is no state of a real one"
      : "it is state of a real cloud, which the simulated one does not take",
  );
}

export function firstFew(faults: readonly string[]): string {
  const shown = faults.slice(0, 5).join("; ");
  return faults.length > 5 ? `${shown}; and ${faults.length - 5} more faults` : shown;
}

async function damaged(folder: BackendFolder, stack: string, error: unknown): Promise<UserError> {
  // A wrong passphrase, for one, is no damage and has its own way out.
  if (error instanceof UserError) return error;
  const file = stackFile(folder, stack);
  const copy = await newestWholeCopy(folder, stack);
  const what = error instanceof Error ? error.message : String(error);
  return new StateError(`The state of stack ${stack} cannot be used: ${what}.`, {
    where: file,
    fix:
      copy === undefined
        ? "There is no whole copy of it in .bak, history or backups: restore the file from a backup of your own."
        : `Put back the newest whole copy, then look at what changes: cp '${copy}' '${file}' && npm run preview -- ${stack} --refresh`,
  });
}

async function newestWholeCopy(folder: BackendFolder, stack: string): Promise<string | undefined> {
  const history = historyFolder(folder, stack);
  const backups = backupFolder(folder, stack);
  const candidates = [
    `${stackFile(folder, stack)}.bak`,
    // The names hold nanoseconds of equal length: the last is the newest.
    ...(await filesOf(history, ".checkpoint.json")).reverse(),
    ...(await filesOf(backups, ".json")).reverse(),
  ];
  for (const candidate of candidates) {
    if (await isWhole(candidate, folder.simulated)) return candidate;
  }
  return undefined;
}

async function isWhole(file: string, simulated: boolean): Promise<boolean> {
  try {
    const raw = parseObject((await readText(file)) ?? "");
    const checkpoint = raw["checkpoint"];
    if (!isObject(checkpoint) || parseVersion(raw).simulated !== simulated) return false;
    parseDeployment(checkpoint["latest"] as PropertyValue | undefined);
    return true;
  } catch {
    return false;
  }
}

async function filesOf(dir: string, ending: string): Promise<string[]> {
  const names = await readdir(dir).catch(() => []);
  return names
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => path.join(dir, name));
}

/**
 * The state as it is becomes .bak without ever being away: a second name for the same file, moved
 * into place. Where the file system has no links, a copy does.
 */
async function keepPrevious(file: string): Promise<void> {
  const temporary = `${file}.bak.${process.pid}.tmp`;
  await rm(temporary, { force: true });
  try {
    await link(file, temporary);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    await copyFile(file, temporary);
  }
  await rename(temporary, `${file}.bak`);
  // rename() does nothing where both names are the same file already.
  await rm(temporary, { force: true });
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new StateError(`The state cannot be read (${errorCode(error) ?? String(error)}).`, {
      where: file,
      fix: "Make the file readable for this user.",
    });
  }
}

async function refuseCompressed(file: string): Promise<void> {
  for (const ending of [".gz", ".zst"]) {
    if ((await readText(`${file}${ending}`)) === undefined) continue;
    throw new StateError("The state is compressed, which the embedded engine does not read.", {
      where: `${file}${ending}`,
      fix: "Write it once more with the Pulumi CLI and PULUMI_DIY_BACKEND_GZIP unset, or use --engine pulumi.",
    });
  }
}
