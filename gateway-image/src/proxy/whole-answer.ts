/** Reads an answer that is not streamed: bounded, with its usage, under the caller's model name. */
import { isJson, memberText, patchMembers, scanMembers } from "../base/json-members.ts";
import type { AnswerFilter } from "../content/answer-filter.ts";
import type { Usage } from "../context.ts";
import { GatewayError } from "../errors.ts";
import { parseUsage } from "./answer-events.ts";

export async function readBounded(
  source: AsyncIterable<Buffer>,
  bytesMax: number,
): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > bytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

/** Beyond it are vectors only, and to parse megabytes of them would hold up every stream. */
const JUDGED_BYTES_MAX = 256 * 1024;

/** Fills `usage`; `rename` is the caller's name of the model where the server knows another. */
export function finishWhole(body: Buffer, rename: string | null, usage: Usage): Buffer {
  const scan = scanMembers(body);
  if (scan === null || (body.length <= JUDGED_BYTES_MAX && !isJson(body)))
    throw new GatewayError("upstream_failed", { cause: "not a JSON object" });
  const member = scan.members.find(({ name }) => name === "usage");
  const reported = member === undefined ? null : parseUsage(memberText(body, member));
  if (reported !== null) Object.assign(usage, reported, { source: "reported" });
  if (rename === null) return body;
  return patchMembers(body, scan.members, { model: JSON.stringify(rename) });
}

/** Past the word lists, where one is about the call. */
export function filteredWhole(body: Buffer, filter: AnswerFilter | null): Buffer {
  if (filter === null) return body;
  return Buffer.from(JSON.stringify(filter.whole(JSON.parse(body.toString("utf8")))), "utf8");
}

/** As OpenAI's API tells it. */
export function usageObject({ promptTokens, completionTokens }: Usage) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** The explanation in a model server's own error; only of requests that it calls wrong. */
export function explanationOf(body: Buffer | null): { message?: string; param?: string } {
  let json: unknown;
  try {
    json = JSON.parse(body?.toString("utf8") ?? "");
  } catch {
    return {};
  }
  const error = member(json, "error") ?? json;
  const message = member(error, "message");
  const param = member(error, "param");
  return {
    ...(typeof message === "string" ? { message: message.slice(0, MESSAGE_LENGTH_MAX) } : {}),
    ...(typeof param === "string" ? { param } : {}),
  };
}

/** Long enough for vLLM's validation lists, short enough for a log. */
const MESSAGE_LENGTH_MAX = 2_000;

function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
