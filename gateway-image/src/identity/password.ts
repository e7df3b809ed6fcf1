/** Passwords as scrypt hashes; checking one costs the same whether the user exists or not. */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/** Of the settings that OWASP's password storage cheat sheet calls equal, the one with 16 MiB. */
const COST_LOG2 = 14;
const BLOCK_SIZE = 8;
const PARALLEL = 5;
const HASH_BYTES = 32;
const SALT_BYTES = 16;
/** A hash with dearer parameters is somebody's mistake or attack. */
const COST_LOG2_MAX = 17;
/** Only so many at once: each takes its memory, and a flood of logins must not take the process. */
const AT_ONCE = 2;
/** Long enough for any passphrase, short enough that hashing it stays cheap. */
export const PASSWORD_LENGTH_MAX = 256;
const FORM = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9_-]+)\$([A-Za-z0-9_-]+)$/;

let running = 0;
const waiting: (() => void)[] = [];

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, COST_LOG2, BLOCK_SIZE, PARALLEL);
  const words = ["scrypt", COST_LOG2, BLOCK_SIZE, PARALLEL];
  return [...words, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

/** `stored` undefined: there is no such user; the same work is done for nothing. */
export async function isPassword(password: string, stored: string | undefined): Promise<boolean> {
  const parts = FORM.exec(stored ?? "");
  const [, cost = COST_LOG2, block = BLOCK_SIZE, parallel = PARALLEL, salt = "", hash = ""] =
    parts ?? [];
  if (Number(cost) > COST_LOG2_MAX || password.length > PASSWORD_LENGTH_MAX) return false;
  const expected = Buffer.from(hash, "base64url");
  const found = await derive(
    password,
    Buffer.from(salt, "base64url"),
    Number(cost),
    Number(block),
    Number(parallel),
  );
  return parts !== null && found.length === expected.length && timingSafeEqual(found, expected);
}

async function derive(
  password: string,
  salt: Buffer,
  costLog2: number,
  r: number,
  p: number,
): Promise<Buffer> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    const N = 2 ** costLog2;
    // Node refuses by default what takes more than 32 MiB.
    const options: ScryptOptions = { N, r, p, maxmem: 256 * N * r };
    return await new Promise<Buffer>((resolve, reject) => {
      // Different ways to write one letter must be one password (RFC 8265).
      scrypt(password.normalize("NFC"), salt, HASH_BYTES, options, (error, key) =>
        error === null ? resolve(key) : reject(error),
      );
    });
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}
