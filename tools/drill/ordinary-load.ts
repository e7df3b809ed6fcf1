/**
 * Callers as an ordinary hour brings them: whole answers, streams, embeddings, a few mistakes. A handful
 * of calls a second, so that a laptop is not busy with them. Ends with the signal; every call has a limit.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import type { Place } from "./place.ts";

/** What came of the calls: `stream 200` → how often. */
export type Tally = Map<string, number>;

export interface Load {
  readonly place: Pick<Place, "url" | "apiKey" | "ca">;
  /** Models that chat; the first one also embeds. */
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
/** Between two calls of a caller, the mean; drawn, so that callers do not march in step. */
const PAUSE_MS = 1_000;
const messages = [{ role: "user", content: "What is a ledger? ".repeat(8) }];

/** Share of a hundred → what is called. Mistakes are as rare as with grown programs. */
const KINDS = [
  [45, "chat"],
  [35, "stream"],
  [12, "embeddings"],
  [5, "models"],
  [2, "bad body"],
  [1, "unknown model"],
] as const;
type Kind = (typeof KINDS)[number][1];

export async function runOrdinaryLoad(load: Load): Promise<Tally> {
  const tally: Tally = new Map();
  const { ca } = load.place;
  const agent = new Agent({ connect: { ca }, connections: load.callers * load.models.length });
  const lanes = load.models.flatMap((model) =>
    Array.from({ length: load.callers }, () => lane(load, model, agent, tally)),
  );
  await Promise.all(lanes);
  await agent.close();
  return tally;
}

async function lane(load: Load, model: string, agent: Agent, tally: Tally): Promise<void> {
  while (!load.signal.aborted) {
    if (load.paused?.() !== true) {
      const kind = drawn(Math.random() * 100);
      const bent = load.bend?.(model);
      const end = await one(load, kind, model, agent, bent).catch((error: Error) => error.message);
      const name = `${kind} ${end}`;
      tally.set(name, (tally.get(name) ?? 0) + 1);
    }
    const pause = PAUSE_MS * (0.5 + Math.random());
    await sleep(pause, undefined, { signal: load.signal }).catch(() => {});
  }
}

function drawn(at: number): Kind {
  let passed = 0;
  for (const [share, kind] of KINDS) {
    passed += share;
    if (at < passed) return kind;
  }
  return "chat";
}

function one(
  { place, models }: Load,
  kind: Kind,
  model: string,
  agent: Agent,
  bent: object | undefined,
): Promise<string> {
  const chat = { messages, max_tokens: 24, ...bent };
  switch (kind) {
    case "chat":
      return call(place, agent, "/v1/chat/completions", { model, ...chat });
    case "stream":
      return call(place, agent, "/v1/chat/completions", { model, ...chat, stream: true });
    case "embeddings":
      return call(place, agent, "/v1/embeddings", { model: models[0], input: "ledger", ...bent });
    case "models":
      return call(place, agent, "/v1/models");
    case "bad body":
      return call(place, agent, "/v1/chat/completions", { model, messages: "none" });
    case "unknown model":
      return call(place, agent, "/v1/chat/completions", { ...chat, model: "unheard-of" });
  }
}

/** With the code that the gateway gave, where it was not a success. */
async function call(
  { url, apiKey }: Load["place"],
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
  const right = /^(bad body 400|unknown model 404|.* 200)\b/;
  return [...tally].filter(([end]) => !right.test(end));
}
