/**
 * Where the randomness comes from. Without a seed every draw is crypto-strong (node:crypto); with a
 * seed it is a SHA-256 counter stream, so the same seed gives the same value on every machine.
 * Every choice is unbiased: a draw outside the largest whole multiple of the range is thrown away.
 */
import { createHash, randomBytes } from "node:crypto";

export interface Source {
  bytes(count: number): Uint8Array;
}

export const cryptoSource: Source = { bytes: (count) => randomBytes(count) };

/** The same bytes for the same seed, in the same order. Not a secret: the seed is in the program. */
export function seededSource(seed: string): Source {
  let counter = 0;
  let rest = Buffer.alloc(0);
  return {
    bytes(count) {
      while (rest.length < count) {
        const block = createHash("sha256").update(`${counter}\0${seed}`).digest();
        counter += 1;
        rest = Buffer.concat([rest, block]);
      }
      const taken = rest.subarray(0, count);
      rest = rest.subarray(count);
      return taken;
    },
  };
}

/** A whole number from 0 up to, not including, `limit`. */
export function below(limit: bigint, source: Source): bigint {
  if (limit <= 1n) return 0n;
  const bits = (limit - 1n).toString(2).length;
  const mask = (1n << BigInt(bits)) - 1n;
  const count = Math.ceil(bits / 8);
  // Masking to the bits of the limit keeps at least half of all draws.
  for (;;) {
    const drawn = BigInt(`0x${Buffer.from(source.bytes(count)).toString("hex")}`) & mask;
    if (drawn < limit) return drawn;
  }
}

export function pick<T>(items: readonly T[], source: Source): T {
  const item = items[Number(below(BigInt(items.length), source))];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
}

/** Fisher-Yates: every permutation is equally likely. */
export function shuffle<T>(items: readonly T[], source: Source): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Number(below(BigInt(last + 1), source));
    const kept = result[last] as T;
    result[last] = result[other] as T;
    result[other] = kept;
  }
  return result;
}
