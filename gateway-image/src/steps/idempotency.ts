/**
 * `Idempotency-Key` on calls of models: the same key and body from the same principal give the
 * recorded answer again, for a day. Whole answers only; kept sealed. A call that failed is not
 * recorded, so trying it again does it again.
 */

import { createHash } from "node:crypto";
import { z } from "zod";
import type { SealedBox } from "../base/sealed-box.ts";
import type { RequestContext, Step } from "../context.ts";
import { beforeEnd } from "../context.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import { JSON_TYPE, sendWhole } from "../send-whole.ts";
import { privatePrefix } from "../stores/private-entries.ts";
import type { SharedStore } from "../stores/shared-store.ts";
import { idempotencyKeyOf } from "./idempotency-key.ts";

const recordSchema = z.strictObject({ hash: z.string(), body: z.string() });

export function idempotency(shared: SharedStore, box: () => SealedBox | null): Step {
  return async function idempotency(context, next) {
    const key = idempotencyKeyOf(context);
    if (key === null) return next();
    const seals = box();
    if (seals === null) {
      throw new GatewayError("invalid_request", {
        message: "Idempotency-Key: this gateway keeps no answers (GW_DATA_KEY_FILE).",
        param: "Idempotency-Key",
      });
    }
    const hash = hashOf(context);
    const place = placeOf(context, key);
    const claimed = await answered(shared.claim(`${place}:running`, limits.idempotencyLockMs));
    try {
      // Only now: the first call keeps its answer before it lets go, so one of the two is seen.
      const kept = await answered(shared.get(place));
      if (kept !== null) return await replay(context, readRecord(seals, kept, place), hash);
      if (!claimed) throw new GatewayError("idempotency_in_progress", { retryAfterMs: 1_000 });
      context.keepWhole = async (body) => {
        if (body.length > limits.idempotencyBytesMax) return;
        const record = JSON.stringify({ hash, body: body.toString("base64") });
        const sealed = Buffer.from(seals.seal(Buffer.from(record), place));
        await answered(shared.set(place, sealed, limits.idempotencyTtlMs));
      };
      await next();
    } finally {
      if (claimed) await shared.delete(`${place}:running`).catch(() => {});
    }
  };
}

function hashOf({ endpoint, body }: RequestContext): string {
  return createHash("sha256").update(endpoint.path).update("\n").update(body).digest("hex");
}

function placeOf({ caller }: RequestContext, key: string): string {
  if (caller === null) throw new Error("idempotency comes too early");
  return (
    privatePrefix("idempotency", caller.principal) + createHash("sha256").update(key).digest("hex")
  );
}

function readRecord(box: SealedBox, kept: Buffer, place: string) {
  const text = box.open(kept.toString("utf8"), place);
  // Sealed by a key that is gone: nobody knows any more what was answered.
  if (text === null) throw new GatewayError("idempotency_in_progress");
  return recordSchema.parse(JSON.parse(text.toString("utf8")));
}

async function replay(
  context: RequestContext,
  record: z.output<typeof recordSchema>,
  hash: string,
): Promise<void> {
  if (record.hash !== hash) throw new GatewayError("idempotency_mismatch");
  const body = Buffer.from(record.body, "base64");
  await beforeEnd(context);
  context.response.setHeader("idempotency-replayed", "true");
  await sendWhole(context, 200, JSON_TYPE, body);
}

function answered<T>(work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw new GatewayError("quota_store_unavailable", {
      message: "Idempotency cannot be promised at the moment.",
      cause,
    });
  });
}
