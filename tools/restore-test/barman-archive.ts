/**
 * How Barman Cloud lays a cluster's archive out: whole copies under base/, each with a backup.info and
 * tar files, and the log's segments under wals/. Names as in barman/cloud.py and barman/infofile.py of
 * github.com/EnterpriseDB/barman. Pure.
 */
import { UserError } from "../base/user-error.ts";

export interface BackupInfo {
  readonly id: string;
  /** The first segment of the log without which the copy is none. */
  readonly beginWal: string;
  readonly endWal: string;
  readonly endTime: Date;
  /** Names below the archive, in their order. */
  readonly tars: readonly string[];
}

/** A segment of the log, or the history of a time line. */
export interface WalFile {
  readonly object: string;
  /** As PostgreSQL asks for it. */
  readonly name: string;
}

const ID = /^base\/([^/]+)\/backup\.info$/;
const SEGMENT = /^[0-9A-F]{24}$/;
const HISTORY = /^[0-9A-F]{8}\.history$/;
/** Of 16 MiB, which is what initdb makes; a log of 4 GiB has so many. */
const SEGMENTS_IN_LOG = 256;

/** Newest first: ids are moments (20261120T013000). */
export function backupIds(objects: readonly string[]): string[] {
  const ids = objects.flatMap((name) => ID.exec(name)?.[1] ?? []);
  return ids.sort().reverse();
}

/** null: it is not finished, or has failed. */
export function readBackupInfo(
  id: string,
  text: string,
  objects: readonly string[],
): BackupInfo | null {
  const values = new Map(
    text.split("\n").flatMap((line) => {
      const at = line.indexOf("=");
      return at < 0 ? [] : [[line.slice(0, at).trim(), line.slice(at + 1).trim()] as const];
    }),
  );
  if (values.get("status") !== "DONE") return null;
  const where = `base/${id}/backup.info`;
  const spaces = values.get("tablespaces") ?? "None";
  if (spaces !== "None" && spaces !== "[]") {
    throw refused("has tablespaces, which this test does not restore", where);
  }
  const beginWal = values.get("begin_wal") ?? "";
  const endWal = values.get("end_wal") ?? "";
  const endTime = new Date(values.get("end_time") ?? "");
  if (!SEGMENT.test(beginWal) || !SEGMENT.test(endWal) || Number.isNaN(endTime.getTime())) {
    throw refused("does not say which part of the log belongs to it", where);
  }
  return { id, beginWal, endWal, endTime, tars: tarsOf(id, objects) };
}

/** data.tar.gz, then data_0001.tar.gz and so on, each a whole tar file. */
function tarsOf(id: string, objects: readonly string[]): string[] {
  const folder = `base/${id}/`;
  const tars = objects
    .filter((name) => name.startsWith(`${folder}data`) && name.includes(".tar"))
    .sort((a, b) => part(a) - part(b));
  const [first] = tars;
  if (first === undefined) throw refused("has no data.tar.gz", folder);
  const odd = tars.find((name) => !/\.tar(\.gz)?$/.test(name));
  if (odd !== undefined) throw refused("is compressed or sealed in another way than gzip", odd);
  const missing = tars.findIndex((name, index) => part(name) !== index);
  if (missing >= 0) throw refused(`part ${missing} of its data is missing`, folder);
  return tars;
}

function part(name: string): number {
  return Number(/data_(\d{4})\.tar/.exec(name)?.[1] ?? 0);
}

/** What PostgreSQL needs after the copy began: all segments from there, and every history. */
export function walsFrom(beginWal: string, objects: readonly string[]): WalFile[] {
  return objects
    .filter((object) => object.startsWith("wals/"))
    .map((object) => ({ object, name: (object.split("/").at(-1) ?? "").replace(/\.gz$/, "") }))
    .filter(
      ({ name }) =>
        HISTORY.test(name) || (SEGMENT.test(name) && numberOf(name) >= numberOf(beginWal)),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Segments that are not there although later ones are; empty: the log is whole. */
export function missingWals(beginWal: string, endWal: string, wals: readonly WalFile[]): string[] {
  const there = new Set(
    wals.filter(({ name }) => SEGMENT.test(name)).map(({ name }) => numberOf(name)),
  );
  const last = Math.max(numberOf(endWal), ...there);
  const missing: string[] = [];
  for (let number = numberOf(beginWal); number <= last; number += 1) {
    if (!there.has(number)) missing.push(nameOf(number));
    // A hole is a hole: the rest of the list would only be long.
    if (missing.length > 3) break;
  }
  return missing;
}

/** Without the time line: a promotion goes on with the next number on another one. */
function numberOf(segment: string): number {
  return (
    Number.parseInt(segment.slice(8, 16), 16) * SEGMENTS_IN_LOG +
    Number.parseInt(segment.slice(16), 16)
  );
}

function nameOf(number: number): string {
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, "0");
  return `${hex(Math.floor(number / SEGMENTS_IN_LOG))}${hex(number % SEGMENTS_IN_LOG)}`;
}

function refused(what: string, where: string): UserError {
  return new UserError(what, { where, fix: "look at the backup with `kubectl get backups`" });
}
