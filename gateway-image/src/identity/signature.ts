/**
 * Signed calls: HMAC-SHA256 over method, path with query, time, nonce and the body's hash. The
 * headers are read before the body, the signature is judged after it, and only what carries a true
 * signature uses up its nonce.
 */
import { createHmac, createSecretKey, hash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export interface SignedHeaders {
  readonly accessKey: string;
  readonly timestamp: string;
  readonly nonce: string | null;
  readonly signature: string;
}

/** Clocks may differ by this much either way, and a nonce is remembered for both ways together. */
export const SKEW_MS = 300_000;
export const NONCE_TTL_MS = 2 * SKEW_MS;

const SIGNATURE = /^[0-9a-f]{64}$/;
const NONCE = /^[\x21-\x7e]{8,128}$/;
const RFC3339_UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/;

/** null: the call is not signed. `malformed`: it claims to be, but cannot be. */
export function readSignedHeaders(
  headers: IncomingHttpHeaders,
): SignedHeaders | "malformed" | null {
  const text = (name: string) => {
    const value = headers[name];
    return typeof value === "string" ? value : null;
  };
  const accessKey = text("x-ds-accesskey");
  const timestamp = text("x-ds-timestamp");
  const signature = text("x-ds-signature");
  const nonce = text("x-ds-nonce");
  if (accessKey === null && timestamp === null && signature === null) return null;
  if (accessKey === null || timestamp === null || signature === null) return "malformed";
  if (!SIGNATURE.test(signature) || (nonce !== null && !NONCE.test(nonce))) return "malformed";
  return { accessKey, timestamp, nonce, signature };
}

/** Unix seconds, or RFC 3339 in UTC; null for anything else. */
export function timestampMs(timestamp: string): number | null {
  if (/^\d{1,12}$/.test(timestamp)) return Number(timestamp) * 1000;
  const parsed = RFC3339_UTC.test(timestamp) ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(parsed) ? null : parsed;
}

export interface SignedCall {
  readonly method: string;
  /** As it was sent, with the query. */
  readonly path: string;
  readonly timestamp: string;
  /** Empty where the client sends none. */
  readonly nonce: string;
  readonly body: Buffer;
}

export function signatureOf(secret: Buffer, call: SignedCall): Buffer {
  const digest = hash("sha256", call.body);
  const text = [call.method, call.path, call.timestamp, call.nonce, digest].join("\n");
  return createHmac("sha256", createSecretKey(secret)).update(text, "utf8").digest();
}

export function isSignature(secret: Buffer, call: SignedCall, signature: string): boolean {
  const expected = signatureOf(secret, call);
  const found = Buffer.from(signature, "hex");
  return found.length === expected.length && timingSafeEqual(found, expected);
}
