/** Key pairs for signed calls: the name is public, the secret is kept sealed. */
import { randomInt } from "node:crypto";
import type { SealedBox } from "../base/sealed-box.ts";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** 119 bits: enough that two never meet. */
const NAME_LENGTH = 20;
/** 238 bits: as strong as the hash they are used with needs. */
const SECRET_LENGTH = 40;

export interface NewAccessKey {
  readonly accessKey: string;
  readonly secret: string;
}

export function createAccessKey(): NewAccessKey {
  return { accessKey: `AK${draw(NAME_LENGTH)}`, secret: `SK${draw(SECRET_LENGTH)}` };
}

function draw(length: number): string {
  return Array.from({ length }, () => DIGITS[randomInt(DIGITS.length)]).join("");
}

const about = (accessKey: string) => `access key ${accessKey}`;

export function sealSecret(box: SealedBox, { accessKey, secret }: NewAccessKey): string {
  return box.seal(Buffer.from(secret, "utf8"), about(accessKey));
}

export function openSecret(box: SealedBox, accessKey: string, sealed: string): Buffer | null {
  return box.open(sealed, about(accessKey));
}

/** Compared with where there is no access key, so that both take the same time. */
export const NO_SECRET = Buffer.alloc(42);
