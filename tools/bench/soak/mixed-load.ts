/**
 * Callers as a day brings them, at once and bounded: whole answers and streams, clients that leave,
 * calls over a limit, bodies and keys that are wrong, questions about usage. Each has a deadline.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";

export interface MixedLoad {
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly models: { readonly whole: string; readonly streamed: string; readonly narrow: string };
  readonly callers: number;
  readonly signal: AbortSignal;
}

/** What came of each kind of call: `chat 200` → how often. */
export type Tally = Map<string, number>;

const CHAT = "/v1/chat/completions";
const CALL_TIMEOUT_MS = 30_000;
/** Each caller rests so long between two calls, so that the load is one and no race. */
const PAUSE_MS = 20;

interface Kind {
  readonly name: string;
  readonly share: number;
  readonly run: (load: MixedLoad, agent: Agent) => Promise<string>;
}

const messages = [{ role: "user", content: "What is a ledger? ".repeat(10) }];
const stream = (load: MixedLoad, tokens: number) => ({
  model: load.models.streamed,
  messages,
  stream: true,
  "x-bench-tokens": tokens,
  "x-bench-pause-ms": 10,
});

const KINDS: readonly Kind[] = [
  {
    name: "chat",
    share: 40,
    run: (load, agent) => whole(load, agent, { model: load.models.whole, messages }),
  },
  { name: "stream", share: 20, run: (load, agent) => whole(load, agent, stream(load, 20)) },
  { name: "leaves", share: 10, run: leave },
  {
    name: "over a limit",
    share: 10,
    run: (load, agent) => whole(load, agent, { model: load.models.narrow, messages }),
  },
  {
    name: "bad body",
    share: 8,
    run: (load, agent) => post(load, agent, '{"model": "bench", "messages": ['),
  },
  {
    name: "unknown model",
    share: 4,
    run: (load, agent) => whole(load, agent, { model: "none", messages }),
  },
  {
    name: "wrong key",
    share: 4,
    run: (load, agent) => get({ ...load, headers: { "x-api-key": "sk-no" } }, agent, "/v1/models"),
  },
  { name: "usage", share: 2, run: (load, agent) => get(load, agent, "/v1/usage") },
  { name: "quota", share: 2, run: (load, agent) => get(load, agent, "/v1/quota") },
];
const SHARES = KINDS.reduce((sum, { share }) => sum + share, 0);

/** Resolves when the signal has ended it and the last call is over. */
export async function runMixedLoad(load: MixedLoad): Promise<Tally> {
  const tally: Tally = new Map();
  const agent = new Agent({ connections: load.callers });
  const caller = async () => {
    while (!load.signal.aborted) {
      const kind = drawn(Math.random() * SHARES);
      const end = await kind.run(load, agent).catch((error: Error) => error.message);
      const name = `${kind.name}: ${end}`;
      tally.set(name, (tally.get(name) ?? 0) + 1);
      await sleep(PAUSE_MS);
    }
  };
  await Promise.all(Array.from({ length: load.callers }, caller));
  await agent.close();
  return tally;
}

function drawn(at: number): Kind {
  let passed = 0;
  for (const kind of KINDS) {
    passed += kind.share;
    if (at < passed) return kind;
  }
  return KINDS[0] as Kind;
}

function whole(load: MixedLoad, agent: Agent, body: object): Promise<string> {
  return post(load, agent, JSON.stringify(body));
}

async function post(load: MixedLoad, agent: Agent, body: string): Promise<string> {
  const response = await request(load.base + CHAT, {
    dispatcher: agent,
    method: "POST",
    headers: { ...load.headers, "content-type": "application/json" },
    body,
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const text = await response.body.text();
  const streamed = response.headers["content-type"]?.includes("event-stream") === true;
  const broken = streamed && !text.endsWith("data: [DONE]\n\n");
  return broken ? "broken" : endOf(response.statusCode, text);
}

async function get(load: MixedLoad, agent: Agent, path: string): Promise<string> {
  const response = await request(load.base + path, {
    dispatcher: agent,
    headers: load.headers,
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  return endOf(response.statusCode, await response.body.text());
}

/** With the code of what the gateway was not able to do. */
function endOf(status: number, text: string): string {
  const [, code] = /"code":"(\w+)"/.exec(text) ?? [];
  return status < 500 ? String(status) : `${status} ${code}`;
}

/** Reads a few events of a long stream, and goes. */
async function leave(load: MixedLoad, agent: Agent): Promise<string> {
  const response = await request(load.base + CHAT, {
    dispatcher: agent,
    method: "POST",
    headers: { ...load.headers, "content-type": "application/json" },
    body: JSON.stringify(stream(load, 1_000)),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  if (response.statusCode !== 200) return endOf(response.statusCode, await response.body.text());
  let events = 0;
  for await (const _ of response.body) {
    events += 1;
    if (events === 3) break;
  }
  return String(response.statusCode);
}
