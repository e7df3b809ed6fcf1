/** What a caller asked, sealed for the log: bound to its call, so that no line can be passed off as another's. */
import { z } from "zod";
import type { SealedBox } from "./sealed-box.ts";

/** A larger one is not kept: a log is no archive of documents. */
const PROMPT_BYTES_MAX = 65_536;

const lineSchema = z.looseObject({
  call_id: z.string(),
  request_id: z.string(),
  user: z.string().nullable(),
  prompt_sealed: z.string(),
});

export interface OpenedPrompt {
  readonly call_id: string;
  readonly request_id: string;
  readonly user: string | null;
  /** The body as it came; null: sealed by another key, or changed. */
  readonly prompt: string | null;
}

/** null: it is too large. */
export function sealPrompt(box: SealedBox, callId: string, body: Buffer): string | null {
  return body.length > PROMPT_BYTES_MAX ? null : box.seal(body, aboutOf(callId));
}

/** Of a line of the log; undefined: it has no sealed prompt. */
export function openPrompt(box: SealedBox, line: string): OpenedPrompt | undefined {
  if (!line.includes('"prompt_sealed":"')) return undefined;
  const { call_id, request_id, user, prompt_sealed } = lineSchema.parse(JSON.parse(line));
  const prompt = box.open(prompt_sealed, aboutOf(call_id))?.toString("utf8") ?? null;
  return { call_id, request_id, user, prompt };
}

function aboutOf(callId: string): string {
  return `prompt of ${callId}`;
}
