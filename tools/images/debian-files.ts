/**
 * The files an image takes from Debian packages: those a recipe names, the shared libraries they
 * need, what their links point at, and the licence texts and package records of every package
 * that gave something (so that scanners and auditors see what is inside).
 */
import path from "node:path";
import { runOrThrow } from "../base/process.ts";
import { mergedPath, type PackageEntry, readPackage } from "../debian/package-archive.ts";
import type { DebianPackage } from "../debian/packages.ts";
import { tripletOf } from "../debian/root-folder.ts";
import { readElfNeeds } from "./elf.ts";
import { addFile, addFolder, addLink, type ImageTree } from "./image-tree.ts";
import type { DebianSelection } from "./recipe.ts";

/** What may be needed without being named: libraries, licence texts, the system's name. */
const LIBRARY = /^usr\/lib(64)?\/([^/]+-linux-gnu\/)?[^/]+\.so(\.[^/]*)?$/;
const LICENCE = /^usr\/share\/doc\/[^/]+(\/copyright)?$/;
/** In every image: Debian's name and version for scanners, and the licences the texts refer to. */
const ALWAYS = ["usr/lib/os-release", "etc/os-release", "usr/share/common-licenses/"];

interface Candidate extends PackageEntry {
  readonly owner: DebianPackage;
}

interface Choice {
  readonly candidates: ReadonlyMap<string, Candidate>;
  readonly chosen: Map<string, Candidate>;
}

export async function addDebianFiles(
  tree: ImageTree,
  packages: readonly DebianPackage[],
  selection: DebianSelection,
  programs: readonly Uint8Array[],
): Promise<void> {
  const include = [...selection.include, ...ALWAYS];
  const candidates = await readCandidates(packages, include, selection.exclude ?? []);
  const choice: Choice = { candidates, chosen: new Map() };
  for (const wanted of include) chooseNamed(choice, wanted);
  for (const program of programs) chooseLibraries(choice, program, "the program");
  const owners = new Set([...choice.chosen.values()].map((one) => one.owner));
  for (const owner of owners) chooseLicence(choice, owner.name);
  for (const one of choice.chosen.values()) addCandidate(tree, one);
  await addRecords(tree, owners);
}

async function readCandidates(
  packages: readonly DebianPackage[],
  include: readonly string[],
  exclude: readonly string[],
): Promise<Map<string, Candidate>> {
  const excluded = exclude.map((pattern) => new RegExp(pattern));
  const wanted = (file: string) =>
    LIBRARY.test(file) ||
    LICENCE.test(file) ||
    (include.some((one) => matches(file, one)) && !excluded.some((one) => one.test(file)));
  const candidates = new Map<string, Candidate>();
  for (const owner of packages) {
    for (const entry of await readPackage(owner.file, wanted)) {
      if (entry.kind !== "directory") candidates.set(entry.path, { ...entry, owner });
    }
  }
  return candidates;
}

function matches(file: string, wanted: string): boolean {
  return wanted.endsWith("/") ? file.startsWith(wanted) : file === wanted;
}

function chooseNamed(choice: Choice, wanted: string): void {
  const found = wanted.endsWith("/")
    ? [...choice.candidates.keys()].filter((file) => file.startsWith(wanted))
    : [wanted].filter((file) => choice.candidates.has(file));
  if (found.length === 0) throw new Error(`no package of the recipe holds ${wanted}`);
  for (const file of found) choose(choice, file);
}

/** With what it points at, and with the libraries it needs. */
function choose(choice: Choice, file: string): void {
  const candidate = choice.candidates.get(file);
  if (candidate === undefined || choice.chosen.has(file)) return;
  choice.chosen.set(file, candidate);
  if (candidate.kind === "symlink") {
    const target = targetOf(candidate);
    if (!choice.candidates.has(target)) {
      throw new Error(`${file} points at ${target}, which the recipe leaves out`);
    }
    choose(choice, target);
  } else chooseLibraries(choice, candidate.content, file);
}

function chooseLibraries(choice: Choice, content: Uint8Array, file: string): void {
  const needs = readElfNeeds(content);
  if (needs === undefined) return;
  if (needs.interpreter !== undefined) choose(choice, mergedPath(needs.interpreter));
  for (const library of needs.libraries) {
    const places = [`usr/lib/${tripletOf(process.arch)}/${library}`, `usr/lib/${library}`];
    const place = places.find((one) => choice.candidates.has(one));
    if (place !== undefined) choose(choice, place);
    else if (!library.startsWith("ld-linux")) {
      throw new Error(`${file} needs ${library}, which no package of the recipe holds`);
    }
  }
}

function chooseLicence(choice: Choice, name: string): void {
  const folder = choice.candidates.get(`usr/share/doc/${name}`);
  if (folder?.kind === "symlink") {
    choice.chosen.set(folder.path, folder);
    choose(choice, `${targetOf(folder)}/copyright`);
  }
  choose(choice, `usr/share/doc/${name}/copyright`);
}

function targetOf(link: Candidate): string {
  if (link.target.startsWith("/")) return mergedPath(link.target);
  return mergedPath(path.posix.join(path.posix.dirname(link.path), link.target));
}

/** Modes are reduced to readable and executable: no set-user-id bit enters an image. */
function addCandidate(tree: ImageTree, one: Candidate): void {
  if (one.kind === "symlink") addLink(tree, one.path, one.target);
  else addFile(tree, one.path, one.content, (one.mode & 0o111) === 0 ? 0o644 : 0o755);
}

/** One record a package, where scanners of images without dpkg look for them. */
async function addRecords(tree: ImageTree, owners: ReadonlySet<DebianPackage>): Promise<void> {
  addFolder(tree, "var/lib/dpkg/status.d");
  for (const owner of [...owners].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { stdout } = await runOrThrow("dpkg-deb", ["--field", owner.file]);
    addFile(tree, `var/lib/dpkg/status.d/${owner.name}`, stdout);
  }
}
