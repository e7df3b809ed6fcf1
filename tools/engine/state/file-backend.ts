/**
 * Pulumi's file backend: `<dir>/.pulumi` with stacks, locks, history and backups, laid out so that
 * the real CLI pointed at the same folder simply goes on. State of the simulated cloud lives in
 * `<dir>/simulated` and never leaves it.
 */
import { rm } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import type { PropertyMap } from "../values.ts";
import {
  type BackendFolder,
  backupFolder,
  checkMeta,
  checkStackName,
  historyFolder,
  lockFolder,
  openBackendFolder,
  prepareFolder,
  stackFile,
  stackNames,
} from "./backend-folder.ts";
import { createDeploymentCodec, decodeStackOutputs } from "./checkpoint.ts";
import type { Keyring } from "./crypto.ts";
import { decodeExport } from "./exported.ts";
import { acquireLock, type LockHolder, readLocks } from "./file-lock.ts";
import {
  checkSimulated,
  copyStackFile,
  loadStackFile,
  readStackFile,
  removeLeftovers,
  writeStackFile,
} from "./stack-file.ts";
import { StateError, writeFailure } from "./state-error.ts";
import type { HistoryEntry, StackLock, StackStore } from "./store.ts";

export interface FileBackendOptions {
  /** PULUMI_BACKEND_URL: `file:///dir` */
  readonly backendUrl: string;
  readonly project: string;
  readonly simulated: boolean;
  /** Opens and makes the secrets; asks for the passphrase only if there are any. */
  readonly keyring: Keyring;
  /** Told to the user as it happens: a dead lock was taken over. */
  readonly onNotice: (text: string) => void;
}

/** apitype.UntypedDeployment: what `pulumi stack export` prints and `pulumi stack import` reads. */
export interface UntypedDeployment {
  readonly version: number;
  readonly deployment: PropertyMap;
}

export interface FileBackend {
  /** The stacks of the project, by name. */
  listStacks(): Promise<string[]>;
  open(stack: string): StackStore;
  /** Removes state, history and backups. Refused while resources remain, unless `force`. */
  remove(stack: string, options: { readonly force: boolean }): Promise<void>;
  /** Secrets stay encrypted, so no passphrase is needed. */
  exportStack(stack: string): Promise<UntypedDeployment>;
  importStack(stack: string, deployment: unknown): Promise<void>;
  /** `organization/<project>/<stack>`, `organization/<stack>` or `<stack>`; undefined: no such stack. */
  readOutputs(name: string): Promise<PropertyMap | undefined>;
  locks(stack: string): Promise<LockHolder[]>;
  /** Removes every lock of the stack, whoever holds it; the answer is what was removed. */
  unlock(stack: string): Promise<LockHolder[]>;
}

export function createFileBackend(options: FileBackendOptions): FileBackend {
  const folder = openBackendFolder(options);
  const locks = async (stack: string) => {
    checkStackName(stack);
    return readLocks(lockFolder(folder, stack));
  };
  return {
    listStacks: async () => {
      await checkMeta(folder);
      return stackNames(folder);
    },
    open: (stack) => openStore(folder, options, stack),
    remove: (stack, { force }) => removeStack(folder, options, stack, force),
    exportStack: (stack) => exportStack(folder, stack),
    importStack: (stack, deployment) => importStack(folder, options, stack, deployment),
    readOutputs: (name) => readOutputs(folder, options, name),
    locks,
    unlock: async (stack) => {
      const held = await locks(stack);
      await Promise.all(held.map((lock) => rm(lock.file, { force: true })));
      return held;
    },
  };
}

function openStore(folder: BackendFolder, options: FileBackendOptions, stack: string): StackStore {
  checkStackName(stack);
  const codec = createDeploymentCodec(options.keyring, stackFile(folder, stack));
  let prepared = false;
  const prepare = async () => {
    await prepareFolder(folder);
    prepared = true;
  };
  // One save at a time, in the order of the calls.
  let last: Promise<void> = Promise.resolve();
  return {
    load: async () => {
      await checkMeta(folder);
      return loadStackFile(folder, stack, codec.decode);
    },
    save: (snapshot) => {
      const save = async () => {
        checkSimulated(snapshot.simulated, folder.simulated);
        if (!prepared) await prepare();
        await writeStackFile(folder, stack, await codec.encode(snapshot), 1);
      };
      const saved = last.then(save);
      last = saved.catch(() => {});
      return saved;
    },
    lock: async (operation) => {
      await prepare();
      const lock = await lockStack(folder, options, stack, operation);
      await removeLeftovers(folder, stack);
      return lock;
    },
    appendHistory: (entry) => appendHistory(folder, options, stack, entry),
  };
}

function lockStack(
  folder: BackendFolder,
  options: FileBackendOptions,
  stack: string,
  operation: string,
): Promise<StackLock> {
  const { onNotice } = options;
  const place = { folder: lockFolder(folder, stack), stagingFolder: folder.root };
  return acquireLock({ ...place, stack, onNotice }, operation);
}

async function appendHistory(
  folder: BackendFolder,
  options: FileBackendOptions,
  stack: string,
  entry: HistoryEntry,
): Promise<void> {
  const { config, ...rest } = entry;
  const secret = Object.values(config).some((value) => value.secret);
  const crypter = secret ? await options.keyring.current() : undefined;
  const encoded = Object.entries(config).map(([key, { value, secret: hidden }]) => [
    key,
    hidden ? { secure: crypter?.encrypt(value) ?? "" } : value,
  ]);
  const now = `${BigInt(Date.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n)}`;
  const prefix = path.join(historyFolder(folder, stack), `${stack}-${now}`);
  const record = {
    ...rest,
    // Pulumi's history counts in whole seconds.
    startTime: Math.floor(entry.startTime / 1000),
    endTime: Math.floor(entry.endTime / 1000),
    version: 0,
    config: Object.fromEntries(encoded),
  };
  try {
    await writeFileAtomic(`${prefix}.history.json`, JSON.stringify(record), 0o600);
    await copyStackFile(folder, stack, `${prefix}.checkpoint.json`);
    const backup = path.join(backupFolder(folder, stack), `${stack}.${now}.json`);
    await copyStackFile(folder, stack, backup);
  } catch (error) {
    throw writeFailure(`${prefix}.history.json`, error, 1);
  }
}

async function removeStack(
  folder: BackendFolder,
  options: FileBackendOptions,
  stack: string,
  force: boolean,
): Promise<void> {
  checkStackName(stack);
  const file = stackFile(folder, stack);
  const lock = await lockStack(folder, options, stack, "remove");
  try {
    // A damaged file may be removed by force, so it is not even read then.
    const count = force ? 0 : ((await readStackFile(folder, stack))?.resources.length ?? 0);
    if (count > 0) {
      throw new StateError(`Stack ${stack} still has ${count} resources.`, {
        where: file,
        fix: `Destroy them, or forget them with --force. To destroy them: npm run destroy -- ${stack}`,
      });
    }
    const remains = [
      file,
      `${file}.bak`,
      historyFolder(folder, stack),
      backupFolder(folder, stack),
    ];
    await Promise.all(remains.map((place) => rm(place, { recursive: true, force: true })));
  } finally {
    await lock.release();
  }
}

async function exportStack(folder: BackendFolder, stack: string): Promise<UntypedDeployment> {
  checkStackName(stack);
  refuseSimulated(folder, "exported");
  await checkMeta(folder);
  const raw = await readStackFile(folder, stack);
  if (raw === undefined) {
    throw new StateError(`There is no state of stack ${stack}.`, {
      where: stackFile(folder, stack),
      fix: "List the stacks with: npm run state -- list",
    });
  }
  const { manifest, salt, resources, operations } = raw;
  const deployment = {
    manifest,
    ...(salt === undefined ? {} : { secrets_providers: { type: "passphrase", state: { salt } } }),
    resources,
    ...(operations.length === 0 ? {} : { pending_operations: operations }),
    metadata: {},
  };
  return { version: 3, deployment };
}

async function importStack(
  folder: BackendFolder,
  options: FileBackendOptions,
  stack: string,
  deployment: unknown,
): Promise<void> {
  checkStackName(stack);
  refuseSimulated(folder, "imported");
  const store = openStore(folder, options, stack);
  const codec = createDeploymentCodec(options.keyring, "the imported deployment");
  const snapshot = await decodeExport(codec, folder.project, stack, deployment);
  const lock = await store.lock("import");
  try {
    await writeStackFile(folder, stack, await codec.encode(snapshot), 2);
  } finally {
    await lock.release();
  }
}

function refuseSimulated(folder: BackendFolder, verb: string): void {
  if (!folder.simulated) return;
  throw new StateError(`State of the simulated cloud is not ${verb}.`, {
    where: folder.root,
    fix: "Its ids and ARNs are made up. Deploy to the real cloud without --simulate-cloud instead.",
  });
}

async function readOutputs(
  folder: BackendFolder,
  options: FileBackendOptions,
  name: string,
): Promise<PropertyMap | undefined> {
  const parts = name.split("/");
  const stack = parts.at(-1) ?? "";
  const project = parts.length === 3 ? (parts[1] ?? "") : folder.project;
  if (parts.length > 3 || (parts.length > 1 && parts[0] !== "organization")) {
    throw new StateError(`${JSON.stringify(name)} does not name a stack of this backend.`, {
      fix: "Write organization/<project>/<stack>; a file backend has no other organization.",
    });
  }
  checkStackName(stack);
  checkStackName(project);
  await checkMeta(folder);
  const other = { ...folder, project };
  const raw = await readStackFile(other, stack);
  if (raw === undefined) return undefined;
  return decodeStackOutputs(raw, options.keyring, stackFile(other, stack));
}
