/**
 * The lines of the audit trail. Each is canonical JSON with the hash of the line before it; a
 * segment begins with the hash of the former segment's last line and ends with a signed seal, so
 * that all lines of one writer are one chain. Pure.
 */
import { createHash, createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";
import { type CanonicalValue, canonicalJson } from "../base/canonical-json.ts";

export interface AuditEvent {
  /** What was done, such as `inference` or `login`. */
  readonly action: string;
  /** The principal; `anonymous` where nobody was recognised. */
  readonly actor: string;
  readonly tenant: string | null;
  readonly address: string;
  readonly requestId: string;
  readonly outcome: "allowed" | "refused" | "failed";
  /** What it was done to. */
  readonly target?: string;
  /** Never a prompt, an answer, a secret. */
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>;
}

export interface LineHead {
  readonly seq: number;
  readonly prev: string;
  readonly time: string;
}

export interface SegmentOpened extends LineHead {
  readonly kind: "opened";
  readonly site: string;
  readonly writer: string;
  readonly segment: number;
  /** SHA-256 of the public key that seals, so that a verifier knows which one to ask for. */
  readonly key: string;
}

export interface EventLine extends LineHead, AuditEvent {
  readonly kind: "event";
}

/** The writer before this one ended without a seal; what its last line had lost was cut off. */
export interface Recovered extends LineHead {
  readonly kind: "recovered";
  readonly bytesCut: number;
}

export interface Seal extends LineHead {
  readonly kind: "sealed";
  readonly lines: number;
  /** Ed25519 over this line without its signature, base64url. */
  readonly signature: string;
}

/** Days whose time was over were taken away: all lines up to `through`, whose hash is `head`. */
export interface Pruned extends LineHead {
  readonly kind: "pruned";
  readonly through: number;
  readonly head: string;
  /** The last of those days. */
  readonly day: string;
  /** Ed25519 over this line without its signature, base64url. */
  readonly signature: string;
}

export type AuditLine = SegmentOpened | EventLine | Recovered | Pruned | Seal;

/** What the first line of the first segment follows. */
export const GENESIS = "0".repeat(64);

/** Members in the order of their names, in which canonical JSON is written fastest. */
export function eventLine({ prev, seq, time }: LineHead, event: AuditEvent): EventLine {
  const { action, actor, address, detail, outcome, requestId, target, tenant } = event;
  return {
    action,
    actor,
    address,
    ...(detail === undefined ? {} : { detail }),
    kind: "event",
    outcome,
    prev,
    requestId,
    seq,
    ...(target === undefined ? {} : { target }),
    tenant,
    time,
  };
}

export function lineText(line: AuditLine): string {
  return canonicalJson(line as unknown as CanonicalValue);
}

export function lineHash(text: string): string {
  return hash("sha256", text);
}

export function sealed(head: LineHead, lines: number, key: KeyObject): Seal {
  return signed({ ...head, kind: "sealed" as const, lines }, key);
}

export function pruned(
  head: LineHead,
  about: Pick<Pruned, "through" | "head" | "day">,
  key: KeyObject,
): Pruned {
  return signed({ ...head, kind: "pruned" as const, ...about }, key);
}

function signed<T extends object>(line: T, key: KeyObject): T & { readonly signature: string } {
  const text = canonicalJson(line as unknown as CanonicalValue);
  return { ...line, signature: sign(null, Buffer.from(text), key).toString("base64url") };
}

export function isSealed({ signature, ...unsigned }: Seal | Pruned, key: KeyObject): boolean {
  const text = Buffer.from(canonicalJson(unsigned as unknown as CanonicalValue));
  return verify(null, text, key, Buffer.from(signature, "base64url"));
}

/** Names a key without telling it: SHA-256 of the public key's DER. */
export function keyName(key: KeyObject): string {
  const open = key.type === "private" ? createPublicKey(key) : key;
  return createHash("sha256")
    .update(open.export({ type: "spki", format: "der" }))
    .digest("hex");
}
