/**
 * Finds our credentials in a tree of files, as they leak into code: API keys by their prefix and
 * checksum, secrets of access keys by their form. Shows the last four characters only.
 */
import {
  closeSync,
  type Dirent,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
} from "node:fs";
import path from "node:path";
import { isWellFormed } from "../base/api-key.ts";

export interface Leak {
  readonly file: string;
  readonly line: number;
  readonly kind: "API key" | "access key secret";
  /** The credential's end, enough for its owner to know it. */
  readonly ending: string;
}

export interface ScanResult {
  readonly leaks: readonly Leak[];
  readonly filesRead: number;
  /** Larger than is read, or not readable. */
  readonly filesSkipped: readonly string[];
}

/** History and installed packages are other people's; everything else is looked at. */
const FOLDERS_SKIPPED = new Set([".git", "node_modules"]);
const FILE_BYTES_MAX = 16 * 1024 * 1024;
const SNIFF_BYTES = 8_000;
const API_KEY = /sk-ds-[0-9A-Za-z]{38}(?![0-9A-Za-z])/g;
const SECRET = /(?<![0-9A-Za-z])SK[0-9A-Za-z]{40}(?![0-9A-Za-z])/g;

export function scanTree(root: string): ScanResult {
  const leaks: Leak[] = [];
  const filesSkipped: string[] = [];
  let filesRead = 0;
  for (const file of filesBelow(root)) {
    try {
      if (statSync(file).size > FILE_BYTES_MAX) {
        filesSkipped.push(file);
        continue;
      }
      if (isBinary(file)) continue;
      filesRead += 1;
      leaks.push(...scanText(file, readFileSync(file, "utf8")));
    } catch {
      filesSkipped.push(file);
    }
  }
  return { leaks, filesRead, filesSkipped };
}

function scanText(file: string, text: string): Leak[] {
  // Most files hold neither; the lines are looked at only where one does.
  if (!text.includes("sk-ds-") && !text.includes("SK")) return [];
  return text.split("\n").flatMap((content, index) => {
    const found = (kind: Leak["kind"], credential: string): Leak => ({
      file,
      line: index + 1,
      kind,
      ending: credential.slice(-4),
    });
    const keys = [...content.matchAll(API_KEY)].filter(([key]) => isWellFormed(key));
    const secrets = [...content.matchAll(SECRET)];
    return [
      ...keys.map(([key]) => found("API key", key)),
      ...secrets.map(([secret]) => found("access key secret", secret)),
    ];
  });
}

/** Links are not followed: they may lead out of the tree, or in circles. */
function* filesBelow(root: string): Generator<string> {
  if (statSync(root).isFile()) {
    yield root;
    return;
  }
  const entries: Dirent[] = readdirSync(root, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const full = path.join(root, entry.name);
    if (entry.isDirectory() && !FOLDERS_SKIPPED.has(entry.name)) yield* filesBelow(full);
    else if (entry.isFile()) yield full;
  }
}

function isBinary(file: string): boolean {
  const handle = openSync(file, "r");
  try {
    const start = Buffer.alloc(SNIFF_BYTES);
    return start.subarray(0, readSync(handle, start)).includes(0);
  } finally {
    closeSync(handle);
  }
}
