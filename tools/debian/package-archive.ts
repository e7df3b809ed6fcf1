/** Reads a .deb: unpacks it below a folder, or hands its entries over one by one. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { extract, type Header } from "tar-stream";

export interface PackageEntry {
  /** Relative, without a leading "./" or a trailing "/". */
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink";
  readonly mode: number;
  /** Of a symbolic link; hard links are given as files with their content. */
  readonly target: string;
  readonly content: Buffer;
}

/** Debian 12 keeps these folders below /usr; packages still name the old places. */
const MERGED = /^(bin|sbin|lib|lib32|lib64|libx32)(?=\/|$)/;

export function mergedPath(entryPath: string): string {
  const clean = entryPath.replace(/^(\.?\/)+/, "").replace(/\/+$/, "");
  return MERGED.test(clean) ? `usr/${clean}` : clean;
}

/** Unpacks below `root`, whose merged folders (bin → usr/bin ...) are already links. */
export async function unpackPackage(file: string, root: string): Promise<void> {
  const reader = spawn("dpkg-deb", ["--fsys-tarfile", file], { stdio: ["ignore", "pipe", "pipe"] });
  const writer = spawn(
    "tar",
    ["-x", "-C", root, "--no-same-owner", "--keep-directory-symlink", "--warning=no-timestamp"],
    { stdio: ["pipe", "ignore", "pipe"] },
  );
  // A writer that dies early closes the pipe; its exit code tells the story.
  writer.stdin.on("error", () => {});
  reader.stdout.pipe(writer.stdin);
  await Promise.all([ended(reader, file), ended(writer, file)]);
}

/** Every entry that `wanted` accepts, with content; the others are skipped unread. */
export async function readPackage(
  file: string,
  wanted: (path: string) => boolean,
): Promise<PackageEntry[]> {
  const reader = spawn("dpkg-deb", ["--fsys-tarfile", file], { stdio: ["ignore", "pipe", "pipe"] });
  const entries: PackageEntry[] = [];
  const parser = extract();
  reader.stdout.pipe(parser);
  const done = ended(reader, file);
  done.catch((error: Error) => parser.destroy(error));
  for await (const entry of parser) {
    const header = entry.header;
    const entryPath = mergedPath(header.name);
    if (entryPath === "" || entryPath === "." || !wanted(entryPath)) {
      entry.resume();
    } else {
      // streamx streams can be iterated; the type declarations do not say so.
      const body = entry as unknown as AsyncIterable<Uint8Array>;
      entries.push(await readEntry(header, entryPath, body, entries));
    }
  }
  await done;
  return entries;
}

async function readEntry(
  header: Header,
  entryPath: string,
  body: AsyncIterable<Uint8Array>,
  before: readonly PackageEntry[],
): Promise<PackageEntry> {
  const content = await buffer(body);
  const base = { path: entryPath, mode: (header.mode ?? 0o644) & 0o7777, target: "", content };
  if (header.type === "directory") return { ...base, kind: "directory" };
  if (header.type === "symlink") {
    return { ...base, kind: "symlink", target: header.linkname ?? "" };
  }
  if (header.type === "link") {
    const first = before.find((one) => one.path === mergedPath(header.linkname ?? ""));
    if (first === undefined) throw new Error(`${entryPath}: the file it links to was not wanted`);
    return { ...first, path: entryPath };
  }
  if (header.type !== "file" && header.type !== "contiguous-file") {
    throw new Error(`${entryPath}: a package entry of type ${header.type} is not expected`);
  }
  return { ...base, kind: "file" };
}

async function ended(child: ChildProcess, file: string): Promise<void> {
  const complaint = child.stderr === null ? Promise.resolve(Buffer.alloc(0)) : buffer(child.stderr);
  const [code] = (await once(child, "close")) as [number | null];
  if (code === 0) return;
  const text = (await complaint).toString("utf8").trim();
  throw new Error(`${child.spawnfile} could not read ${file}: ${text}`);
}
