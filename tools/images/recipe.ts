/**
 * What an image is made of, as data: Debian packages and the files wanted of them, a program of
 * ours, own small files, and how it runs. Everything here enters the input hash.
 */

export interface Recipe {
  readonly name: string;
  readonly title: string;
  readonly user: { readonly name: string; readonly uid: number };
  readonly entrypoint: readonly string[];
  /** Default arguments; a pod's `args` replace them. */
  readonly command?: readonly string[];
  readonly ports: readonly number[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Folders the program writes to: volumes, since the root file system is read-only. */
  readonly writable: readonly string[];
  /** Why a shell is inside; absent where there is none. */
  readonly shell?: string;
  readonly stopSignal?: string;
  readonly debian: DebianSelection;
  readonly program?: Program;
  /** A program of others, built from Go modules. Such an image is built where it is asked for by name only: the first time takes minutes. */
  readonly built?: BuiltProgram;
  readonly files?: readonly OwnFile[];
  readonly links?: Readonly<Record<string, string>>;
  /** The public certificate authorities, for calls that leave the cluster. */
  readonly authorities?: boolean;
}

export interface DebianSelection {
  readonly packages: readonly string[];
  /** Exact paths, or folders with a trailing slash. Shared libraries follow by themselves. */
  readonly include: readonly string[];
  /** Regular expressions over paths: what of the included folders is left out. */
  readonly exclude?: readonly string[];
  /** Packages of the closure that are not even downloaded. */
  readonly without?: readonly string[];
}

/** A program of this repository: bundled to one file, run by the Node.js of package-lock.json. */
export interface Program {
  readonly entry: string;
  /** Folders (with a trailing slash) and files that hold every module outside node_modules. */
  readonly sources: readonly string[];
  /** The workspace whose dependencies it uses, as package-lock.json names it ("" is the root). */
  readonly workspace: string;
  /** Single files of packages, put beside the bundle as they are. */
  readonly packageFiles?: readonly PackageFile[];
  /** Files of ours that the program reads: a folder of `sources`, put beside the bundle as it is. */
  readonly ownFolders?: readonly OwnFolder[];
}

export interface BuiltProgram {
  readonly name: "collector";
  /** Files that decide what is built. */
  readonly sources: readonly string[];
  /** In the image. */
  readonly target: string;
  /** The texts of everything that went into it, in the image. */
  readonly licences: string;
}

export interface PackageFile {
  readonly package: string;
  /** In the package. */
  readonly path: string;
  /** Below the program's folder. */
  readonly target: string;
}

export interface OwnFolder {
  /** In the repository. */
  readonly path: string;
  readonly files: readonly string[];
  /** Below the program's folder. */
  readonly target: string;
}

export interface OwnFile {
  readonly path: string;
  readonly mode: number;
  readonly content: string;
}

/**
 * Used by maintainer scripts only, which never run here. Left out of every closure: they are half
 * of the download.
 */
export const INSTALL_TIME_PACKAGES: readonly string[] = [
  "adduser",
  "debconf",
  "debianutils",
  "dpkg",
  "init-system-helpers",
  "iproute2",
  "libbpf1",
  "libcap2-bin",
  "libdb5.3",
  "libfile-find-rule-perl",
  "libgdbm-compat4",
  "libgdbm6",
  "libjson-perl",
  "libnumber-compare-perl",
  "libpam-modules",
  "libpam-modules-bin",
  "libperl5.36",
  "libtext-glob-perl",
  "lsb-base",
  "mawk",
  "passwd",
  "perl",
  "perl-base",
  "perl-modules-5.36",
  "sensible-utils",
  "sysvinit-utils",
  "tar",
  "ucf",
  "usrmerge",
];
