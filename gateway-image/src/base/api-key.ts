/**
 * The form of an API key: `sk-ds-`, 32 base62 characters (190 bits), and a checksum of 6, so that
 * a leaked key can be told from any other text. The checksum is CRC-32 of what precedes it.
 */
import { hash, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";

const PREFIX = "sk-ds-";
const SECRET_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const FORM = /^sk-ds-[0-9A-Za-z]{38}$/;

export function createApiKey(): string {
  let secret = "";
  for (let index = 0; index < SECRET_LENGTH; index += 1) secret += DIGITS[randomInt(62)];
  return PREFIX + secret + checksumOf(PREFIX + secret);
}

/** Six base62 digits: 62^6 exceeds 2^32, so every CRC-32 fits. */
export function checksumOf(text: string): string {
  let rest = crc32(text) >>> 0;
  let checksum = "";
  for (let index = 0; index < CHECKSUM_LENGTH; index += 1) {
    checksum = DIGITS[rest % 62] + checksum;
    rest = Math.floor(rest / 62);
  }
  return checksum;
}

export function isWellFormed(key: string): boolean {
  if (!FORM.test(key)) return false;
  const body = key.slice(0, -CHECKSUM_LENGTH);
  return checksumOf(body) === key.slice(-CHECKSUM_LENGTH);
}

/** What is stored instead of the key. 190 random bits need no slow hash. */
export function hashApiKey(key: string): string {
  return hash("sha256", key);
}
