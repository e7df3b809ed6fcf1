/**
 * The folders of Pulumi's file backend below `<dir>/.pulumi`, and the file that says who they are
 * for. The simulated cloud has a backend folder of its own, whose meta.yaml carries a version that
 * the real CLI refuses: a made-up ARN must never meet a real cloud.
 */
import { mkdir, readdir, readFile, statfs } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import { errorCode, StateError, writeFailure } from "./state-error.ts";

export interface BackendFolder {
  /** `<dir>/.pulumi` */
  readonly root: string;
  readonly project: string;
  readonly simulated: boolean;
}

/** Version 1 keeps stacks by project; it is what every Pulumi CLI since 3.61 writes. */
const META_VERSION = 1;
/** Known to no Pulumi CLI, which therefore says "state store unsupported" and stops. */
const META_VERSION_SIMULATED = 1001;
/** Less free space than this and an update is not begun: it could not record what it did. */
const FREE_BYTES_MIN = 4 * 1024 * 1024;

export function openBackendFolder(options: {
  readonly backendUrl: string;
  readonly project: string;
  readonly simulated: boolean;
}): BackendFolder {
  const dir = backendDir(options.backendUrl);
  const { project, simulated } = options;
  return { root: path.join(dir, simulated ? "simulated" : "", ".pulumi"), project, simulated };
}

/** `file:///dir`, `file://./dir` and `file://~/dir`, as the real CLI takes them. */
function backendDir(backendUrl: string): string {
  const wrong = (what: string) =>
    new StateError(what, {
      where: `PULUMI_BACKEND_URL=${backendUrl}`,
      fix: "Use a folder, as in PULUMI_BACKEND_URL=file:///var/lib/deepseek/state; other backends need the Pulumi CLI (--engine pulumi).",
    });
  if (!backendUrl.startsWith("file://")) {
    throw wrong("The embedded engine keeps its state in a folder only.");
  }
  const location = backendUrl.slice("file://".length).replace(/\?.*$/, "");
  if (location === "~" || location.startsWith("~/")) {
    return path.join(os.homedir(), location.slice(1));
  }
  if (location === "" || location.startsWith(".")) return path.resolve(location);
  try {
    return fileURLToPath(`file://${location}`);
  } catch {
    throw wrong("The backend URL does not name a folder of this machine.");
  }
}

export function stackFile(folder: BackendFolder, stack: string): string {
  return path.join(folder.root, "stacks", folder.project, `${stack}.json`);
}

export function historyFolder(folder: BackendFolder, stack: string): string {
  return path.join(folder.root, "history", folder.project, stack);
}

export function backupFolder(folder: BackendFolder, stack: string): string {
  return path.join(folder.root, "backups", folder.project, stack);
}

export function lockFolder(folder: BackendFolder, stack: string): string {
  return path.join(folder.root, "locks", "organization", folder.project, stack);
}

/** Pulumi's rule for the names of stacks; it also keeps a name from leaving its folder. */
export function checkStackName(stack: string): void {
  if (/^[A-Za-z0-9_.-]{1,100}$/.test(stack) && stack !== "." && stack !== "..") return;
  throw new StateError(`${JSON.stringify(stack)} is not a name for a stack.`, {
    fix: "Use up to 100 letters, digits, hyphens, underscores and periods, as in onprem-bank.",
  });
}

/** The stacks of one project that have a state file. */
export async function stackNames(folder: BackendFolder): Promise<string[]> {
  const names = await entries(path.join(folder.root, "stacks", folder.project));
  return names
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length))
    .sort();
}

/** Refuses a folder of the other kind and one in a layout that we would damage. */
export async function checkMeta(folder: BackendFolder): Promise<boolean> {
  const file = path.join(folder.root, "meta.yaml");
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) {
    await refuseLegacyLayout(folder);
    return false;
  }
  const version = metaVersion(text);
  const wanted = folder.simulated ? META_VERSION_SIMULATED : META_VERSION;
  if (version === wanted) return true;
  const simulated = version === META_VERSION_SIMULATED;
  if (simulated || folder.simulated) {
    throw new StateError(
      simulated
        ? "This folder holds state of the simulated cloud, which is no state of a real one."
        : "This folder holds the state of a real cloud; the simulated one keeps its own.",
      { where: file, fix: "Point PULUMI_BACKEND_URL at another folder." },
    );
  }
  throw new StateError(`The backend's version is ${version ?? "missing"}; it should be 1.`, {
    where: file,
    fix: "Upgrade an old backend with `pulumi state upgrade`, or restore meta.yaml: `version: 1`.",
  });
}

/** Makes the folder what it should be, and sees that there is room to work. */
export async function prepareFolder(folder: BackendFolder): Promise<void> {
  const known = await checkMeta(folder);
  const file = path.join(folder.root, "meta.yaml");
  try {
    await mkdir(folder.root, { recursive: true });
    const { bavail, bsize } = await statfs(folder.root);
    // Some file systems report no sizes at all (0 blocks); they are let through.
    if (bavail * bsize < FREE_BYTES_MIN && bsize > 0) {
      throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    }
    if (known) return;
    const note = folder.simulated
      ? "# State of the simulated cloud. The version keeps the Pulumi CLI away from it.\n"
      : "";
    const version = folder.simulated ? META_VERSION_SIMULATED : META_VERSION;
    await writeFileAtomic(file, `${note}version: ${version}\n`);
  } catch (error) {
    throw writeFailure(file, error, 2);
  }
}

async function refuseLegacyLayout(folder: BackendFolder): Promise<void> {
  const names = await entries(path.join(folder.root, "stacks"));
  if (!names.some((name) => /\.json(\.gz|\.zst)?$/.test(name))) return;
  throw new StateError("This backend folder has the layout of an old Pulumi CLI.", {
    where: folder.root,
    fix: "Upgrade it with `pulumi state upgrade`, or point PULUMI_BACKEND_URL at another folder.",
  });
}

function metaVersion(text: string): number | undefined {
  try {
    const parsed: unknown = parse(text);
    if (typeof parsed !== "object" || parsed === null || !("version" in parsed)) return undefined;
    return typeof parsed.version === "number" ? parsed.version : undefined;
  } catch {
    return undefined;
  }
}

async function entries(dir: string): Promise<string[]> {
  return readdir(dir).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  });
}
