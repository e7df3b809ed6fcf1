/**
 * Brings the newest finished copy and its part of the log into a folder, and sets PostgreSQL up there so
 * that it reaches nobody: no network, no archive, no primary, no setting of the cluster it came from.
 */
import { createWriteStream } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { UserError } from "../base/user-error.ts";
import type { ArchiveSource } from "./archive-source.ts";
import {
  type BackupInfo,
  backupIds,
  missingWals,
  readBackupInfo,
  type WalFile,
  walsFrom,
} from "./barman-archive.ts";

export interface Fetched {
  readonly backup: BackupInfo;
  readonly bytes: number;
  readonly wals: number;
}

/** Folders of a data folder whose content a copy leaves out; a server without them does not start. */
const NEEDED = [
  ...["pg_wal/archive_status", "pg_dynshmem", "pg_notify", "pg_replslot", "pg_serial"],
  ...["pg_snapshots", "pg_stat", "pg_stat_tmp", "pg_subtrans", "pg_tblspc", "pg_twophase"],
] as const;
/** What the cluster it came from has told its server. */
const LEFT_OUT = ["postgresql.auto.conf", "standby.signal", "recovery.signal", "postmaster.pid"];
/** A backup.info is some kilobytes of text. */
const INFO_BYTES_MAX = 1024 * 1024;

/** The names that the container of the database knows (components/restore-test.ts). */
const SCRATCH = { data: "data", wal: "wal", settings: "postgresql.conf" } as const;

/** Whatever a former test has left is taken away first. */
export async function fetchNewest(
  source: ArchiveSource,
  folder: string,
  signal: AbortSignal,
): Promise<Fetched> {
  await emptyScratch(folder);
  const objects = await source.list();
  const backup = await newestBackup(source, objects);
  const wals = walsFrom(backup.beginWal, objects);
  const [missing] = missingWals(backup.beginWal, backup.endWal, wals);
  if (missing !== undefined) {
    throw new UserError(`its log has a hole: segment ${missing} is missing`, {
      where: `${source.where}/wals`,
      fix: "what is behind the hole cannot be restored: make a backup now, and find who deleted it",
    });
  }
  const data = path.join(folder, SCRATCH.data);
  await mkdir(data, { mode: 0o700 });
  let bytes = 0;
  for (const tar of backup.tars) bytes += await unpack(source, tar, data, signal);
  for (const name of NEEDED) await mkdir(path.join(data, name), { recursive: true, mode: 0o700 });
  await Promise.all(LEFT_OUT.map((name) => rm(path.join(data, name), { force: true })));
  const wal = path.join(folder, SCRATCH.wal);
  await mkdir(wal, { mode: 0o700 });
  for (const one of wals) bytes += await fetchWal(source, one, wal, signal);
  await writeFile(path.join(data, "recovery.signal"), "");
  await writeFile(path.join(folder, SCRATCH.settings), settingsIn(folder), { mode: 0o600 });
  await writeFile(path.join(folder, "pg_hba.conf"), "local all postgres trust\n", { mode: 0o600 });
  return { backup, bytes, wals: wals.length };
}

export async function emptyScratch(folder: string): Promise<void> {
  const names = [SCRATCH.data, SCRATCH.wal, SCRATCH.settings, "pg_hba.conf"];
  for (const name of names) await rm(path.join(folder, name), { recursive: true, force: true });
}

async function newestBackup(
  source: ArchiveSource,
  objects: readonly string[],
): Promise<BackupInfo> {
  for (const id of backupIds(objects)) {
    const name = `base/${id}/backup.info`;
    const info = readBackupInfo(id, await smallText(source, name), objects);
    if (info !== null) return info;
  }
  throw new UserError("no finished backup is in the archive", {
    where: source.where,
    fix: "`kubectl get backups` says why none was made",
  });
}

async function smallText(source: ArchiveSource, name: string): Promise<string> {
  let text = "";
  for await (const piece of source.read(name)) {
    text += piece.toString("utf8");
    if (text.length > INFO_BYTES_MAX) {
      throw new UserError("it is no backup.info: it is too large", {
        where: `${source.where}/${name}`,
        fix: "look at what writes into the archive",
      });
    }
  }
  return text;
}

/** Bytes that were read. Nothing is written outside of `folder`, and no link is followed. */
async function unpack(
  source: ArchiveSource,
  name: string,
  folder: string,
  signal: AbortSignal,
): Promise<number> {
  let bytes = 0;
  const counted = new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.length;
      done(null, piece);
    },
  });
  const parser = extract();
  const zipped = name.endsWith(".gz") ? [createGunzip()] : [];
  const feeding = pipeline([Readable.from(source.read(name)), counted, ...zipped, parser], {
    signal,
  });
  feeding.catch((cause: Error) => parser.destroy(cause));
  try {
    for await (const entry of parser) {
      const body = entry as unknown as AsyncIterable<Uint8Array>;
      await keep(entry.header, body, folder);
      entry.resume();
    }
    await feeding;
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw damaged(source, name, cause);
  }
  return bytes;
}

async function keep(
  { name, type, mode }: Header,
  body: AsyncIterable<Uint8Array>,
  folder: string,
): Promise<void> {
  const place = path.resolve(folder, name);
  if (place !== folder && !place.startsWith(`${folder}${path.sep}`)) {
    throw new Error(`it names ${name}, which leads out of the folder`);
  }
  if (type === "directory") {
    await mkdir(place, { recursive: true, mode: 0o700 });
  } else if (type === "file" || type === "contiguous-file") {
    await mkdir(path.dirname(place), { recursive: true, mode: 0o700 });
    await pipeline(Readable.from(body), createWriteStream(place, { mode: (mode ?? 0) & 0o700 }));
  }
}

async function fetchWal(
  source: ArchiveSource,
  { object, name }: WalFile,
  folder: string,
  signal: AbortSignal,
): Promise<number> {
  let bytes = 0;
  async function* counted() {
    for await (const piece of source.read(object)) {
      bytes += piece.length;
      yield piece;
    }
  }
  const zipped = object.endsWith(".gz") ? [createGunzip()] : [];
  const into = createWriteStream(path.join(folder, name), { mode: 0o600 });
  try {
    await pipeline([Readable.from(counted()), ...zipped, into], { signal });
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw damaged(source, object, cause);
  }
  return bytes;
}

function damaged(source: ArchiveSource, name: string, cause: unknown): UserError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new UserError(`it cannot be unpacked: ${said}`, {
    where: `${source.where}/${name}`,
    fix: "the file is damaged, or the scratch volume is full; make a backup now and test again",
  });
}

/** hot_standby off: nothing is asked before the log was read, and no setting must be the primary's. */
function settingsIn(folder: string): string {
  const lines = {
    listen_addresses: "",
    unix_socket_directories: folder,
    hba_file: path.join(folder, "pg_hba.conf"),
    restore_command: `cp ${path.join(folder, SCRATCH.wal)}/%f %p`,
    recovery_target_timeline: "latest",
    hot_standby: "off",
    archive_mode: "off",
    ssl: "off",
    shared_buffers: "64MB",
    max_connections: "10",
    // Shared memory of a pod is 64 MiB, which parallel workers would want.
    max_parallel_workers_per_gather: "0",
    // What is lost with the power is made again by the next test.
    fsync: "off",
    full_page_writes: "off",
    autovacuum: "off",
    logging_collector: "off",
    log_destination: "stderr",
    log_min_error_statement: "panic",
    timezone: "UTC",
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name} = '${value}'\n`)
    .join("");
}
