/** Keys with fresh secrets, and the successors of keys: what administrators and owners both do. */
import { z } from "zod";
import { createApiKey, hashApiKey } from "../base/api-key.ts";
import type { SealedBox } from "../base/sealed-box.ts";
import { endOf } from "../directory/credential-end.ts";
import type { Found } from "../directory/directory.ts";
import type { EntityChange } from "../directory/directory-store.ts";
import { GatewayError } from "../errors.ts";
import { createAccessKey, sealSecret } from "../identity/access-key.ts";

export type Issued = "apiKey" | "accessKey";

export const rotationSchema = z.strictObject({
  /** For so long the former key still serves. */
  overlapHours: z
    .number()
    .min(0)
    .max(24 * 90)
    .default(24),
});

/** `members` are kept; `secret` is told once. */
export function freshSecret(issued: Issued, box: SealedBox | null) {
  if (issued === "apiKey") {
    const key = createApiKey();
    return { members: { sha256: hashApiKey(key) }, secret: { key } };
  }
  if (box === null) {
    throw new GatewayError("invalid_request", {
      message: "This gateway keeps no secrets: GW_DATA_KEY_FILE is not set.",
    });
  }
  const made = createAccessKey();
  const sealedSecret = sealSecret(box, made);
  const { accessKey } = made;
  return { members: { accessKey, sealedSecret }, secret: { secretKey: made.secret } };
}

export interface Succession {
  readonly members: object;
  readonly overlapHours: number;
  readonly nowMs: number;
  readonly updatedBy: string;
}

/** A new key with all that the former one may; that one ends after the overlap, or as before if sooner. */
export function successor(
  kind: Issued,
  { entity, revision }: Found<Issued>,
  { members, overlapHours, nowMs, updatedBy }: Succession,
): { readonly next: string; readonly changes: readonly EntityChange[] } {
  const { id } = entity;
  const next = `${id.replace(/\.\d+$/, "")}.${nowMs}`;
  const { expires: _expires, ...rest } = entity;
  const created = new Date(nowMs).toISOString();
  const endMs = nowMs + overlapHours * 3_600_000;
  const formerEnd = endOf(entity);
  const changes: EntityChange[] = [
    {
      kind,
      id: next,
      body: { ...rest, ...members, id: next, created, replaces: id },
      expected: null,
      updatedBy,
    },
  ];
  if (formerEnd === null || formerEnd > endMs) {
    const body = { ...entity, expires: new Date(endMs).toISOString() };
    changes.push({ kind, id, body, expected: revision, updatedBy });
  }
  return { next, changes };
}
