/** The form of keys, as the deploying side makes them too. */
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { checksumOf, createApiKey, hashApiKey, isWellFormed } from "./api-key.ts";

describe("API keys", () => {
  test("a new key is well-formed, and no two are the same", () => {
    const keys = Array.from({ length: 200 }, createApiKey);
    expect(keys.every(isWellFormed)).toBe(true);
    expect(new Set(keys).size).toBe(200);
  });

  test("a known key, so that another maker of keys can compare", () => {
    const body = `sk-ds-${"0".repeat(32)}`;
    // Both computed with Python's zlib.
    expect(crc32(body)).toBe(KNOWN.crc);
    expect(checksumOf(body)).toBe(KNOWN.checksum);
    expect(isWellFormed(body + KNOWN.checksum)).toBe(true);
  });

  test("one changed character is noticed", () => {
    const key = createApiKey();
    for (let at = 6; at < key.length; at += 1) {
      const other = key[at] === "a" ? "b" : "a";
      expect(isWellFormed(key.slice(0, at) + other + key.slice(at + 1))).toBe(false);
    }
  });

  test.each([["sk-abc"], [""], [`${createApiKey()}x`], [createApiKey().toUpperCase()]])(
    "%j is no key",
    (text) => {
      expect(isWellFormed(text)).toBe(false);
    },
  );

  test("the hash is SHA-256 in hex", () => {
    expect(hashApiKey("abc")).toMatch(
      /^ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad$/,
    );
  });
});

const KNOWN = { crc: 2282948741, checksum: "2UV1Ft" };
