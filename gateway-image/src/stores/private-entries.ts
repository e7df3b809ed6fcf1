/**
 * Where the shared store keeps what is one principal's alone: all of a kind below one prefix, so that
 * it can be erased. The name is a stranger's text, hashed so that none can imitate another.
 */
import { createHash } from "node:crypto";

export type PrivateKind = "context" | "idempotency";

export function privatePrefix(kind: PrivateKind, principal: string): string {
  return `${kind}:${createHash("sha256").update(principal).digest("hex")}:`;
}
