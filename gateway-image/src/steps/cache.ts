/**
 * The same question, the same answer: of calls that leave nothing to chance, or whose caller allows
 * it. Each tenant has its own; kept sealed, in a bounded number of places, so that answers can never
 * take the room of quotas. While the store is away nothing is cached and nothing fails.
 */

import { createHash } from "node:crypto";
import { memberText } from "../base/json-members.ts";
import type { SealedBox } from "../base/sealed-box.ts";
import { chunksOf } from "../content/cached-answer.ts";
import type { Json } from "../content/json.ts";
import type { WordFilter } from "../content/word-filter.ts";
import { beforeEnd, type RequestContext, type Step } from "../context.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import { JSON_TYPE, sendWhole } from "../send-whole.ts";
import type { SharedStore } from "../stores/shared-store.ts";
import type { Metrics } from "../telemetry/metrics.ts";

export interface CacheParts {
  readonly shared: SharedStore;
  /** null: this gateway keeps no answers. */
  readonly box: () => SealedBox | null;
  readonly words: WordFilter;
  readonly metrics: Metrics;
  /** How many answers are kept at most; 0: none. */
  readonly entriesMax: number;
  readonly ttlMs: number;
}

/** How an answer is sent and who it is for changes nothing of it. */
const NO_PART_OF_IT = new Set(["stream", "stream_options", "user", "metadata"]);

type Wish = "allow" | "no-cache" | "no-store" | null;

export function cache(parts: CacheParts): Step {
  return async function cache(context, next) {
    const box = parts.box();
    const wish = wishOf(context);
    if (box === null || parts.entriesMax === 0 || !isCacheable(context, wish)) return next();
    const hash = hashOf(context, parts.words.revision);
    const place = `cache:${hash.readUInt32BE(0) % parts.entriesMax}`;
    const about = `cached answer ${hash.toString("hex")}`;
    const count = (outcome: string) => parts.metrics.cache.inc({ outcome });
    if (wish !== "no-cache") {
      const kept = await parts.shared.get(place).catch(() => {
        count("unavailable");
        return null;
      });
      const answer = kept === null ? null : box.open(kept.toString("utf8"), about);
      if (answer !== null) {
        count("hit");
        return answerAgain(context, answer);
      }
    }
    count("miss");
    context.response.setHeader("x-cache", "miss");
    const former = context.keepWhole;
    context.keepWhole = async (body) => {
      await former?.(body);
      if (body.length > limits.cacheEntryBytesMax) return;
      // Nobody waits for it: the answer is as good without.
      const sealed = Buffer.from(box.seal(body, about), "utf8");
      parts.shared.set(place, sealed, parts.ttlMs).catch(() => count("unavailable"));
    };
    await next();
  };
}

function wishOf({ request }: RequestContext): Wish {
  const header = request.headers["x-cache"];
  if (header === undefined) return null;
  if (header === "allow" || header === "no-cache" || header === "no-store") return header;
  const message = "x-cache: allow, no-cache or no-store.";
  throw new GatewayError("invalid_request", { message, param: "x-cache" });
}

/** Embeddings have no chance in them; other answers only where nothing is drawn. */
function isCacheable(context: RequestContext, wish: Wish): boolean {
  const { model, endpoint, presenter, confined, dataClass, call, body } = context;
  if (wish === "no-store" || model === null || call === null) return false;
  // What is private is kept nowhere; other APIs than OpenAI's say more than the answer.
  if (confined || dataClass !== "open" || model.confidential || !model.cache) return false;
  if (presenter !== null || endpoint.does !== "inference") return false;
  if (wish !== null || endpoint.api === "embeddings") return true;
  const temperature = call.members.find(({ name }) => name === "temperature");
  return temperature !== undefined && Number(memberText(body, temperature)) === 0;
}

/** Over the caller's own bytes: two numbers that one parser takes for the same are two questions. */
function hashOf({ caller, endpoint, model, call, body }: RequestContext, words: string): Buffer {
  const members = (call?.members ?? [])
    .filter(({ name }) => !NO_PART_OF_IT.has(name))
    .map((member) => [member.name, memberText(body, member)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const question = [caller?.tenant.id, endpoint.api, model?.id, words, members];
  return createHash("sha256").update(JSON.stringify(question)).digest();
}

async function answerAgain(context: RequestContext, answer: Buffer): Promise<void> {
  const { call, response, usage } = context;
  usage.source = "cached";
  await context.admission;
  if (call?.stream !== true) await context.keepWhole?.(answer);
  await beforeEnd(context);
  response.setHeader("x-cache", "hit");
  if (call?.stream !== true) {
    return sendWhole(context, 200, JSON_TYPE, answer);
  }
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
  });
  const chunks = chunksOf(JSON.parse(answer.toString("utf8")) as Json, call.includeUsage);
  const events = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`);
  response.end(`${events.join("")}data: [DONE]\n\n`);
}
