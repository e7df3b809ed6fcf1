/** The files of an image before they are a layer: one entry per path, parents included. */

export interface TreeEntry {
  /** Relative, without leading or trailing slash. */
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly content: FileContent;
  /** Of a symbolic link. */
  readonly target: string;
}

/** Small files are held; large ones (the Node.js binary) stay where they are until they are written. */
export type FileContent = Uint8Array | { readonly file: string; readonly bytes: number };

export type ImageTree = Map<string, TreeEntry>;

const EMPTY = new Uint8Array();

export function addFile(
  tree: ImageTree,
  path: string,
  content: FileContent | string,
  mode = 0o644,
): void {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  add(tree, { path, kind: "file", mode, uid: 0, gid: 0, content: bytes, target: "" });
}

export function addFolder(tree: ImageTree, path: string, mode = 0o755, owner = 0): void {
  tree.delete(path);
  add(tree, { path, kind: "directory", mode, uid: owner, gid: owner, content: EMPTY, target: "" });
}

export function addLink(tree: ImageTree, path: string, target: string): void {
  add(tree, { path, kind: "symlink", mode: 0o777, uid: 0, gid: 0, content: EMPTY, target });
}

/** An existing entry of another content is our mistake: two parts of a recipe disagree. */
function add(tree: ImageTree, entry: TreeEntry): void {
  if (entry.path === "" || entry.path.startsWith("/") || entry.path.split("/").includes("..")) {
    throw new Error(`an image cannot hold the path "${entry.path}"`);
  }
  const before = tree.get(entry.path);
  if (before !== undefined && (before.kind !== entry.kind || before.target !== entry.target)) {
    throw new Error(`${entry.path} is both a ${before.kind} and a ${entry.kind}`);
  }
  addParents(tree, entry.path);
  tree.set(entry.path, entry);
}

function addParents(tree: ImageTree, path: string): void {
  const cut = path.lastIndexOf("/");
  if (cut === -1) return;
  const parent = path.slice(0, cut);
  const before = tree.get(parent);
  if (before !== undefined) {
    if (before.kind !== "directory") throw new Error(`${parent} is no folder, but holds ${path}`);
    return;
  }
  addFolder(tree, parent);
}

/** Parents before children, and the same order on every machine. */
export function sortedEntries(tree: ImageTree): TreeEntry[] {
  return [...tree.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
