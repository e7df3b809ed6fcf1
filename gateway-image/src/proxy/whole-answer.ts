/** Reads an answer that is not streamed: bounded, with its usage, under the caller's model name. */
import {
  asObject,
  type Member,
  parseJson,
  patchMembers,
  scanMembers,
} from "../base/json-members.ts";
import type { AnswerFilter } from "../content/answer-filter.ts";
import type { Usage } from "../context.ts";
import { GatewayError } from "../errors.ts";
import { usageOf } from "./answer-events.ts";
import { withThoughtsNamed } from "./thoughts.ts";
import type { AnswerBody } from "./upstream-answer.ts";

/** null: it is larger, and the rest is not wanted. */
export function readBounded(body: AnswerBody, bytesMax: number): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    body.read({
      onChunk(chunk) {
        bytes += chunk.length;
        if (bytes <= bytesMax) {
          chunks.push(chunk);
          return true;
        }
        body.abandon();
        resolve(null);
        return false;
      },
      // Most answers come in one piece, which need not be copied.
      onEnd: () =>
        resolve(chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks, bytes)),
      onError: reject,
    });
  });
}

/** Beyond it are vectors only, and to parse megabytes of them would hold up every stream. */
const JUDGED_BYTES_MAX = 256 * 1024;

/** Fills `usage`; `rename` is the caller's name of the model where the server knows another. */
export function finishWhole(body: Buffer, rename: string | null, usage: Usage): Buffer {
  const isJudged = body.length <= JUDGED_BYTES_MAX;
  const answer = isJudged ? asObject(parseJson(body)) : null;
  const members = isJudged && rename === null ? [] : scanMembers(body)?.members;
  if (members === undefined || (isJudged && answer === null))
    throw new GatewayError("upstream_failed", { cause: "not a JSON object" });
  const reported = usageOf(answer === null ? scannedUsage(body, members) : answer.usage);
  if (reported !== null) Object.assign(usage, reported, { source: "reported" });
  const ours =
    rename === null ? body : patchMembers(body, members, { model: JSON.stringify(rename) });
  return withThoughtsNamed(ours);
}

function scannedUsage(body: Buffer, members: readonly Member[]): unknown {
  const member = members.find(({ name }) => name === "usage");
  return member === undefined
    ? undefined
    : parseJson(body.subarray(member.valueStart, member.valueEnd));
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
