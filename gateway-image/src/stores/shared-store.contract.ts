/** What every store of short-lived things must do; run for each implementation. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { SharedStore } from "./shared-store.ts";

export function sharedStoreContract(
  name: string,
  { create }: { readonly create: () => Promise<SharedStore> },
): void {
  const LONG_MS = 60_000;

  describe(`the shared store in ${name}`, () => {
    test("of many who claim a name one has it", async () => {
      const store = await create();
      const key = randomUUID();
      const claims = await Promise.all(Array.from({ length: 50 }, () => store.claim(key, LONG_MS)));
      expect(claims.filter(Boolean)).toHaveLength(1);
    });

    test("counts are exact, also where many count at once", async () => {
      const store = await create();
      const key = randomUUID();
      const counts = await Promise.all(Array.from({ length: 50 }, () => store.count(key, LONG_MS)));
      expect(Math.max(...counts)).toBe(50);
      expect(new Set(counts).size).toBe(50);
    });

    test("bytes come back as they were, until they are deleted", async () => {
      const store = await create();
      const key = randomUUID();
      const value = Buffer.from([0, 255, 10, 13, 128]);
      expect(await store.get(key)).toBeNull();
      await store.set(key, value, LONG_MS);
      expect(await store.get(key)).toEqual(value);
      await store.delete(key);
      expect(await store.get(key)).toBeNull();
    });

    test("all that begins so is deleted, and nothing else", async () => {
      const store = await create();
      const prefix = `${randomUUID()}*:`;
      const keys = Array.from({ length: 1_500 }, (_, index) => `${prefix}${index}`);
      const others = [prefix.replace("*", "x"), prefix.slice(1)].map((name) => `${name}0`);
      const value = Buffer.from("x");
      await Promise.all([...keys, ...others].map((key) => store.set(key, value, LONG_MS)));
      expect(await store.deleteAll(prefix)).toBe(1_500);
      expect(await store.deleteAll(prefix)).toBe(0);
      const left = await Promise.all([...keys, ...others].map((key) => store.get(key)));
      expect(left.filter((found) => found !== null)).toHaveLength(2);
    });
  });
}
