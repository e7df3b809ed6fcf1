/** What is kept of a job's call and of its answer: sealed, since both are somebody's words. */
import { z } from "zod";
import type { SealedBox } from "../base/sealed-box.ts";

const keptRequestSchema = z.strictObject({
  /** Base64 of the call's bytes. */
  body: z.string(),
  /** Signs what the webhook is told; null: there is none. */
  secret: z.string().nullable(),
});

export type KeptRequest = z.output<typeof keptRequestSchema>;

export function sealRequest(box: SealedBox, id: string, request: KeptRequest): string {
  return box.seal(Buffer.from(JSON.stringify(request), "utf8"), `job ${id}`);
}

/** null: sealed by a key that is gone. */
export function openRequest(box: SealedBox | null, id: string, sealed: string): KeptRequest | null {
  const text = box?.open(sealed, `job ${id}`) ?? null;
  return text === null ? null : keptRequestSchema.parse(JSON.parse(text.toString("utf8")));
}

export function sealResult(box: SealedBox, id: string, result: Buffer): string {
  return box.seal(result, `result of job ${id}`);
}

/** null: sealed by a key that is gone. */
export function openResult(box: SealedBox | null, id: string, sealed: string): unknown {
  const text = box?.open(sealed, `result of job ${id}`) ?? null;
  return text === null ? null : JSON.parse(text.toString("utf8"));
}
