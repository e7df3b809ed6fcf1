/**
 * A folder of unpacked packages that programs run from in place: merged folders as links, the
 * links that Debian's maintainer scripts would have made, and a library path without the C library
 * (the host's loader only fits the host's own).
 */
import { chmod, lstat, mkdir, readdir, rm, symlink } from "node:fs/promises";
import path from "node:path";

export const MERGED_FOLDERS = ["bin", "sbin", "lib", "lib64"];

/** name → what update-alternatives would point it at. The kernel side is nf_tables. */
const ALTERNATIVES: Readonly<Record<string, string>> = {
  iptables: "iptables-nft",
  "iptables-save": "iptables-nft-save",
  "iptables-restore": "iptables-nft-restore",
  ip6tables: "ip6tables-nft",
  "ip6tables-save": "ip6tables-nft-save",
  "ip6tables-restore": "ip6tables-nft-restore",
};

/** Files of libc6: with another loader than their own they end a program at once. */
const C_LIBRARY =
  /^(ld-linux|lib(c|m|dl|rt|pthread|util|resolv|anl|mvec|thread_db|nss_(files|dns|compat|hesiod)|BrokenLocale|c_malloc_debug|memusage|pcprofile|SegFault)\.so|libnsl\.so\.1)/;

const LIBRARY_FOLDER = ".libraries";

export async function prepareRoot(root: string): Promise<void> {
  await chmod(root, 0o755);
  for (const name of MERGED_FOLDERS) {
    await mkdir(path.join(root, "usr", name), { recursive: true });
    await symlink(`usr/${name}`, path.join(root, name));
  }
}

export async function finishRoot(root: string): Promise<void> {
  for (const [name, target] of Object.entries(ALTERNATIVES)) {
    const sbin = path.join(root, "usr/sbin");
    if (!(await present(path.join(sbin, target)))) continue;
    await rm(path.join(sbin, name), { force: true });
    await symlink(target, path.join(sbin, name));
  }
  const libraries = path.join(root, LIBRARY_FOLDER);
  await mkdir(libraries, { recursive: true });
  for (const folder of await libraryFolders(root)) {
    for (const name of await readdir(path.join(root, folder))) {
      if (!/\.so(\.|$)/.test(name) || C_LIBRARY.test(name)) continue;
      await symlink(path.join("..", folder, name), path.join(libraries, name)).catch(ignoreSecond);
    }
  }
}

/** Added to a program's environment so that it runs from `root`. */
export interface RootEnvironment {
  readonly PATH: string;
  readonly LD_LIBRARY_PATH: string;
  readonly XTABLES_LIBDIR: string;
}

/** `inheritedPath` follows the root's own folders, for the host's coreutils and shell. */
export function environmentFor(
  root: string,
  inheritedPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
): RootEnvironment {
  const own = ["usr/sbin", "usr/bin", "usr/lib/cni"].map((folder) => path.join(root, folder));
  return {
    PATH: [...own, inheritedPath].join(":"),
    LD_LIBRARY_PATH: path.join(root, LIBRARY_FOLDER),
    XTABLES_LIBDIR: path.join(root, "usr/lib", tripletOf(process.arch), "xtables"),
  };
}

export function tripletOf(architecture: string): string {
  return architecture === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
}

async function libraryFolders(root: string): Promise<string[]> {
  const triplet = `usr/lib/${tripletOf(process.arch)}`;
  const folders = [triplet, "usr/lib"];
  const found = await Promise.all(folders.map((folder) => present(path.join(root, folder))));
  return folders.filter((_folder, index) => found[index] === true);
}

function ignoreSecond(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

async function present(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}
