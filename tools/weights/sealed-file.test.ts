/** What is sealed comes back, and nothing that was changed does. */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { opened, SealFault, sealed } from "./sealed-file.ts";

const KEY = randomBytes(32);
const CHUNK = 64;
const HEAD = 40;
const PIECE = CHUNK + 16;

async function* inPieces(bytes: Buffer, sizes: readonly number[] = [bytes.length]) {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function all(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}

const seal = (bytes: Buffer, sizes?: readonly number[]) =>
  all(sealed(inPieces(bytes, sizes), KEY, "a/b", CHUNK));
const open = (bytes: Buffer, name = "a/b", key = KEY, sizes?: readonly number[]) =>
  all(opened(inPieces(bytes, sizes), key, name));

const content = fc.integer({ min: 0, max: 5 * CHUNK }).map((length) => randomBytes(length));
const sizes = fc.array(fc.integer({ min: 1, max: 3 * PIECE }), { minLength: 1, maxLength: 5 });

describe("a sealed file", () => {
  test("opens to what it was, however it is cut on the way", async () => {
    await fc.assert(
      fc.asyncProperty(content, sizes, sizes, async (bytes, first, second) => {
        const one = await seal(bytes, first);
        expect((await open(one, "a/b", KEY, second)).equals(bytes)).toBe(true);
      }),
    );
  });

  test("tells nothing, not even that two are the same", async () => {
    const bytes = Buffer.alloc(3 * CHUNK, "secret");
    const [one, two] = [await seal(bytes), await seal(bytes)];
    expect(one.includes("secret")).toBe(false);
    expect(one.subarray(HEAD).equals(two.subarray(HEAD))).toBe(false);
  });

  test("does not open with any bit changed, at any length cut, or with anything added", async () => {
    await fc.assert(
      fc.asyncProperty(content, fc.nat(), fc.nat(7), async (bytes, where, bit) => {
        const good = await seal(bytes);
        const changed = Buffer.from(good);
        const at = where % good.length;
        changed.writeUInt8((changed[at] ?? 0) ^ (1 << bit), at);
        await expect(open(changed)).rejects.toThrow(SealFault);
        await expect(open(good.subarray(0, at))).rejects.toThrow(SealFault);
        await expect(open(Buffer.concat([good, Buffer.from("x")]))).rejects.toThrow(SealFault);
      }),
      { numRuns: 200 },
    );
  });

  test("does not open with chunks in another order, one left out, or one twice", async () => {
    const good = await seal(randomBytes(4 * CHUNK));
    const piece = (index: number) =>
      good.subarray(HEAD + index * PIECE, HEAD + (index + 1) * PIECE);
    const head = good.subarray(0, HEAD);
    for (const order of [[1, 0, 2, 3], [0, 2, 3], [0, 0, 1, 2, 3], [0, 1, 2], [3], []]) {
      await expect(open(Buffer.concat([head, ...order.map(piece)]))).rejects.toThrow(SealFault);
    }
  });

  test("does not open under another name or key, nor with another's chunks", async () => {
    const [one, two] = [await seal(randomBytes(2 * CHUNK)), await seal(randomBytes(2 * CHUNK))];
    await expect(open(one, "a/c")).rejects.toThrow(SealFault);
    await expect(open(one, "a/b", randomBytes(32))).rejects.toThrow(SealFault);
    const mixed = Buffer.concat([one.subarray(0, HEAD + PIECE), two.subarray(HEAD + PIECE)]);
    await expect(open(mixed)).rejects.toThrow(SealFault);
    await expect(
      open(Buffer.from("no sealed file at all, but long enough to be one")),
    ).rejects.toThrow("is no sealed file");
  });
});
