/**
 * Which shared libraries a program asks the loader for: DT_NEEDED and the interpreter of an ELF
 * file (System V ABI, chapter 5). Read from the file, so nothing has to be run to know it.
 */

export interface ElfNeeds {
  readonly libraries: readonly string[];
  /** The loader's path; absent in static programs and in libraries. */
  readonly interpreter: string | undefined;
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const ELF_CLASS_64 = 2;
const LITTLE_ENDIAN = 1;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

/** Undefined where the content is no 64-bit little-endian ELF file. */
export function readElfNeeds(content: Uint8Array): ElfNeeds | undefined {
  const file = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46) return undefined;
  if (file[4] !== ELF_CLASS_64 || file[5] !== LITTLE_ENDIAN) return undefined;
  const segments = readSegments(file);
  const interp = segments.find((segment) => segment.type === PT_INTERP);
  return {
    libraries: readNeeded(file, segments),
    interpreter: interp === undefined ? undefined : readText(file, interp.offset),
  };
}

function readSegments(file: Buffer): Segment[] {
  const start = Number(file.readBigUInt64LE(32));
  const size = file.readUInt16LE(54);
  const count = file.readUInt16LE(56);
  return Array.from({ length: count }, (_none, index) => {
    const at = start + index * size;
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      bytes: Number(file.readBigUInt64LE(at + 32)),
    };
  });
}

function readNeeded(file: Buffer, segments: readonly Segment[]): string[] {
  const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
  if (dynamic === undefined) return [];
  const names: number[] = [];
  let strings = 0;
  for (let at = dynamic.offset; at + 16 <= dynamic.offset + dynamic.bytes; at += 16) {
    const tag = Number(file.readBigInt64LE(at));
    const value = Number(file.readBigUInt64LE(at + 8));
    if (tag === DT_NULL) break;
    if (tag === DT_NEEDED) names.push(value);
    if (tag === DT_STRTAB) strings = fileOffset(segments, value);
  }
  return names.map((name) => readText(file, strings + name));
}

function fileOffset(segments: readonly Segment[], address: number): number {
  const holder = segments.find(
    (one) => one.type === PT_LOAD && address >= one.address && address < one.address + one.bytes,
  );
  if (holder === undefined) throw new Error("an ELF file's string table lies in no segment");
  return address - holder.address + holder.offset;
}

function readText(file: Buffer, offset: number): string {
  const end = file.indexOf(0, offset);
  return file.toString("latin1", offset, end === -1 ? file.length : end);
}
