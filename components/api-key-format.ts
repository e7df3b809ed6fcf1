/**
 * The form of an API key: `sk-ds-`, 32 random base62 characters, and a checksum of 6, by which a
 * leaked key can be told from other text. The gateway checks the same form on its own.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

const PREFIX = "sk-ds-";
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
export const KEY_RANDOM_CHARACTERS = 32;
const CHECKSUM_CHARACTERS = 6;

export function apiKey(random: string): string {
  const body = `${PREFIX}${random}`;
  return `${body}${base62(crc32(body)).padStart(CHECKSUM_CHARACTERS, "0")}`;
}

/** All that the cluster ever learns of a key. */
export function apiKeyHash(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

function base62(value: number): string {
  return value < DIGITS.length
    ? (DIGITS[value] ?? "")
    : base62(Math.floor(value / DIGITS.length)) + DIGITS[value % DIGITS.length];
}
