/** What every image holds besides its programs: users, name resolution, folders to mount on. */

import { readPackage } from "../debian/package-archive.ts";
import type { DebianPackage } from "../debian/packages.ts";
import { MERGED_FOLDERS } from "../debian/root-folder.ts";
import { addFile, addFolder, addLink, type ImageTree } from "./image-tree.ts";
import type { Recipe } from "./recipe.ts";

const MOUNTED_FOLDERS = ["dev", "proc", "sys"];

export function addBaseFiles(tree: ImageTree, recipe: Recipe): void {
  const { name, uid } = recipe.user;
  const nologin = "/usr/sbin/nologin";
  addFile(
    tree,
    "etc/passwd",
    `root:x:0:0:root:/root:${nologin}\n${name}:x:${uid}:${uid}::/nonexistent:${nologin}\n`,
  );
  addFile(tree, "etc/group", `root:x:0:\n${name}:x:${uid}:\n`);
  // Without this file the C library asks DNS for "localhost" before it looks into /etc/hosts.
  addFile(tree, "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
  for (const folder of MERGED_FOLDERS) {
    addFolder(tree, `usr/${folder}`);
    addLink(tree, folder, `usr/${folder}`);
  }
  for (const folder of MOUNTED_FOLDERS) addFolder(tree, folder);
  addFolder(tree, "run");
  addFolder(tree, "var");
  addLink(tree, "var/run", "/run");
  addFolder(tree, "tmp", 0o1777);
  for (const folder of recipe.writable) {
    if (folder !== "/tmp") addFolder(tree, folder.slice(1), 0o700, uid);
  }
  for (const file of recipe.files ?? []) addFile(tree, file.path, file.content, file.mode);
  for (const [link, target] of Object.entries(recipe.links ?? {})) addLink(tree, link, target);
}

/** The bundle that Debian's update-ca-certificates would have made. */
export async function addAuthorities(
  tree: ImageTree,
  packages: readonly DebianPackage[],
): Promise<void> {
  const owner = packages.find((one) => one.name === "ca-certificates");
  if (owner === undefined) throw new Error("a recipe with authorities lists ca-certificates");
  const entries = await readPackage(owner.file, (file) =>
    /^usr\/share\/ca-certificates\/.*\.crt$/.test(file),
  );
  const certificates = entries
    .filter((entry) => entry.kind === "file")
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((entry) => entry.content.toString("latin1").trim());
  addFile(tree, "etc/ssl/certs/ca-certificates.crt", `${certificates.join("\n")}\n`);
}
