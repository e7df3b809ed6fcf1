/**
 * Callers as an ordinary hour brings them: whole answers, streams, embeddings, questions that were asked
 * before, jobs, a few mistakes; beside them some with habits of their own (habits.ts). A handful of calls a
 * second, so that a laptop is not busy with them. Ends with the signal; every call has a limit. Nothing is
 * drawn: the same load is the same calls in the same order.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { HABITS, type Lane, lanesOf } from "./habits.ts";
import type { Place } from "./place.ts";

/** What came of the calls: `stream 200` → how often. */
export type Tally = Map<string, number>;

export interface Load {
  readonly place: Pick<Place, "url" | "apiKey" | "apiKeys" | "ca">;
  /** Models that chat; the first one also completes and embeds. */
  readonly models: readonly string[];
  /** Callers at once for each model. */
  readonly callers: number;
  readonly signal: AbortSignal;
  /** More members of a body, for calls that shall meet a fault. */
  readonly bend?: (model: string) => object | undefined;
  /** Callers rest as long as it says so. */
  readonly paused?: () => boolean;
}

const CALL_TIMEOUT_MS = 60_000;
/** Between two calls of a caller, the mean. */
const PAUSE_MS = 1_000;
const messages = [{ role: "user", content: "What is a ledger? ".repeat(8) }];
/** Multiples of the golden ratio never come near each other: callers do not march in step. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Share of a hundred → what is called. Mistakes are as rare as with grown programs. */
const KINDS = [
  [40, "chat"],
  [32, "stream"],
  [10, "embeddings"],
  [6, "completion"],
  [4, "repeat"],
  [2, "job"],
  [2, "models"],
  [2, "bad body"],
  [1, "unknown model"],
  [1, "wrong key"],
] as const;
type Kind = (typeof KINDS)[number][1];

export async function runOrdinaryLoad(load: Load): Promise<Tally> {
  const tally: Tally = new Map();
  const { ca } = load.place;
  const connections = load.callers * load.models.length + HABITS;
  const agent = new Agent({ connect: { ca }, connections });
  const count = (end: string) => void tally.set(end, (tally.get(end) ?? 0) + 1);
  const lanes = load.models.flatMap((model, place) =>
    Array.from({ length: load.callers }, (_, caller) => {
      const lane = place * load.callers + caller;
      const call = (turn: number) => {
        const kind = kindOf(turn + lane / 7);
        return one(load, kind, model, agent).then((end) => `${kind} ${end}`);
      };
      return { pauseMs: PAUSE_MS, call };
    }),
  );
  const asked = (body: object, apiKey?: string) =>
    call({ ...load.place, ...(apiKey === undefined ? {} : { apiKey }) }, agent, CHAT, body);
  const [model = ""] = load.models;
  await Promise.all(
    [...lanes, ...lanesOf({ place: load.place, model, asked })].map((lane, index) =>
      runLane(load, lane, index, count),
    ),
  );
  await agent.close();
  return tally;
}

async function runLane(
  load: Load,
  lane: Lane,
  index: number,
  count: (end: string) => void,
): Promise<void> {
  for (let turn = 0; !load.signal.aborted; turn += 1) {
    if (load.paused?.() !== true) {
      const end = await lane.call(turn).catch((error: Error) => error.message);
      if (end !== null) count(end);
    }
    const pause = lane.pauseMs * (0.5 + ((GOLDEN * (turn + index)) % 1));
    await sleep(pause, undefined, { signal: load.signal }).catch(() => {});
  }
}

/** What a caller calls in its turn. */
export function kindOf(turn: number): Kind {
  const share = ((GOLDEN * turn) % 1) * 100;
  let passed = 0;
  for (const [part, kind] of KINDS) {
    passed += part;
    if (share < passed) return kind;
  }
  return "chat";
}

const CHAT = "/v1/chat/completions";

function one(
  { place, models, bend }: Load,
  kind: Kind,
  model: string,
  agent: Agent,
): Promise<string> {
  const bent = bend?.(model);
  const chat = { messages, max_tokens: 24, ...bent };
  const [first = ""] = models;
  switch (kind) {
    case "chat":
      return call(place, agent, CHAT, { model, ...chat });
    case "stream":
      return call(place, agent, CHAT, { model, ...chat, stream: true });
    case "embeddings":
      return call(place, agent, "/v1/embeddings", { model: first, input: "ledger", ...bent });
    case "completion":
      return call(place, agent, "/v1/completions", {
        model: first,
        prompt: "A ledger is",
        max_tokens: 24,
        ...bent,
      });
    case "repeat":
      // Nothing is left to chance, so the gateway may tell its answer again.
      return call(place, agent, CHAT, { model: first, messages, max_tokens: 24, temperature: 0 });
    case "job":
      return call(place, agent, `/v1/async${CHAT.slice(3)}`, {
        model: first,
        messages,
        max_tokens: 8,
      });
    case "models":
      return call(place, agent, "/v1/models");
    case "bad body":
      return call(place, agent, CHAT, { model, messages: "none" });
    case "unknown model":
      return call(place, agent, CHAT, { ...chat, model: "unheard-of" });
    case "wrong key":
      return call({ ...place, apiKey: "sk-ds-wrong" }, agent, "/v1/models");
  }
}

/** With the code that the gateway gave, where it was not a success. */
async function call(
  { url, apiKey }: Pick<Place, "url" | "apiKey">,
  agent: Agent,
  path: string,
  body?: object,
): Promise<string> {
  const response = await request(url + path, {
    dispatcher: agent,
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const text = await response.body.text();
  const streamed = response.headers["content-type"]?.includes("event-stream") === true;
  if (streamed && !text.endsWith("data: [DONE]\n\n")) return "broken";
  const [, code] = response.statusCode < 400 ? [] : (/"code":"(\w+)"/.exec(text) ?? []);
  return code === undefined ? String(response.statusCode) : `${response.statusCode} ${code}`;
}

/** Calls that did not end as they should: whatever a caller cannot have caused. */
export function failures(tally: Tally): [string, number][] {
  const right = /^(bad body 400|unknown model 404|wrong key 401|over quota 429|job 202|.* 200)\b/;
  return [...tally].filter(([end]) => !right.test(end));
}
