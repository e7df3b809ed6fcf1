/** Builds a small .deb, so that unit tests need no network. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import type { DebianPackage } from "../debian/packages.ts";

export interface SampleFile {
  readonly content?: string | Uint8Array;
  readonly mode?: number;
  readonly link?: string;
}

export async function buildSample(
  folder: string,
  name: string,
  files: Readonly<Record<string, SampleFile>>,
): Promise<DebianPackage> {
  const source = path.join(folder, `${name}-source`);
  await mkdir(path.join(source, "DEBIAN"), { recursive: true, mode: 0o755 });
  await writeFile(
    path.join(source, "DEBIAN/control"),
    `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n`,
  );
  for (const [file, { content = "", mode = 0o644, link }] of Object.entries(files)) {
    const target = path.join(source, file);
    await mkdir(path.dirname(target), { recursive: true, mode: 0o755 });
    if (link !== undefined) await symlink(link, target);
    else {
      await writeFile(target, content);
      await chmod(target, mode);
    }
  }
  // dpkg-deb refuses control files that others cannot read, whatever the umask of the test is.
  for (const one of [".", "DEBIAN", "DEBIAN/control"]) await chmod(path.join(source, one), 0o755);
  const file = path.join(folder, `${name}.deb`);
  execFileSync("dpkg-deb", ["--root-owner-group", "--build", source, file], {
    stdio: "ignore",
    env: { ...process.env, SOURCE_DATE_EPOCH: "0" },
  });
  const sha256 = createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
  return { name, version: "1", architecture: "all", sha256, file };
}

/** The smallest ELF file whose dynamic section asks for `libraries` (and a loader, if given). */
export function sampleElf(libraries: readonly string[], interpreter?: string): Buffer {
  const strings = Buffer.from(`\0${libraries.map((library) => `${library}\0`).join("")}`);
  const loader = Buffer.from(interpreter === undefined ? "" : `${interpreter}\0`);
  const headers = 64 + 3 * 56;
  const dynamicBytes = (libraries.length + 2) * 16;
  const stringsAt = headers + dynamicBytes;
  const file = Buffer.alloc(stringsAt + strings.length + loader.length);
  file.writeUInt32BE(0x7f454c46, 0);
  file.set([2, 1, 1], 4);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(interpreter === undefined ? 2 : 3, 56);
  const segment = (index: number, type: number, at: number, bytes: number) => {
    const start = 64 + index * 56;
    file.writeUInt32LE(type, start);
    file.writeBigUInt64LE(BigInt(at), start + 8);
    file.writeBigUInt64LE(BigInt(at), start + 16);
    file.writeBigUInt64LE(BigInt(bytes), start + 32);
  };
  segment(0, 1, 0, file.length);
  segment(1, 2, headers, dynamicBytes);
  segment(2, 3, stringsAt + strings.length, loader.length);
  let offset = 1;
  for (const [index, library] of libraries.entries()) {
    file.writeBigUInt64LE(1n, headers + index * 16);
    file.writeBigUInt64LE(BigInt(offset), headers + index * 16 + 8);
    offset += library.length + 1;
  }
  const strtab = headers + libraries.length * 16;
  file.writeBigUInt64LE(5n, strtab);
  file.writeBigUInt64LE(BigInt(stringsAt), strtab + 8);
  strings.copy(file, stringsAt);
  loader.copy(file, stringsAt + strings.length);
  return file;
}
