/** Keys made here are keys there: the gateway's own check is the judge. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { hashApiKey, isWellFormed } from "../gateway-image/src/base/api-key.ts";
import { apiKey, apiKeyHash, KEY_RANDOM_CHARACTERS } from "./api-key-format.ts";

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const random = fc.string({
  unit: fc.constantFrom(...base62),
  minLength: KEY_RANDOM_CHARACTERS,
  maxLength: KEY_RANDOM_CHARACTERS,
});

test("every key is well formed for the gateway, and hashes to what it looks up", () => {
  fc.assert(
    fc.property(random, (text) => {
      const key = apiKey(text);
      expect(isWellFormed(key)).toBe(true);
      expect(apiKeyHash(key)).toBe(hashApiKey(key));
    }),
  );
});
