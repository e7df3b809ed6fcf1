/**
 * Calls that are sent to a second server because the first keeps silent: who answers, who is
 * stopped, what it costs. Each test says when a server speaks; none measures how fast.
 */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { limits } from "../src/limits.ts";
import {
  boot,
  CHAT,
  endAll,
  eventsOf,
  eventually,
  type Harness,
  MODEL,
  onEnd,
  temporaryFolder,
  testModel,
} from "./test-harness.ts";

afterEach(endAll);

/** Longer than an answer of a server of this test takes, also where the machine is busy. */
const HEDGE_AFTER_MS = 300;
const HEDGES = (outcome: string) => `gateway_hedges_total{model="${MODEL}",outcome="${outcome}"}`;
const FAULTS = (reason: string) =>
  `gateway_upstream_faults_total{model="${MODEL}",reason="${reason}"}`;

/** `head`: of a stream, and nothing after it. */
type Mode = "answer" | "silent" | "head" | "fail" | "overloaded";

interface Held {
  readonly response: http.ServerResponse;
  readonly stream: boolean;
}

/** A model server played by hand. */
class Server {
  mode: Mode = "answer";
  calls = 0;
  url = "";
  readonly #prompt: number;
  readonly #held = new Set<Held>();

  /** `prompt`: the tokens by which its answers are known. */
  constructor(prompt: number) {
    this.#prompt = prompt;
  }

  /** Calls that wait for its word, and whose connection is there. */
  get open(): number {
    return this.#held.size;
  }

  async start(): Promise<this> {
    const server = http.createServer(async (request, response) => {
      let text = "";
      for await (const part of request) text += part;
      this.#take(JSON.parse(text) as { stream?: boolean }, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onEnd(() => {
      server.close();
      server.closeAllConnections();
    });
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return this;
  }

  /** Answers what it holds. */
  release(): void {
    for (const held of this.#held) this.#answer(held);
  }

  break(): void {
    for (const { response } of this.#held) response.destroy();
  }

  #take({ stream = false }: { stream?: boolean }, response: http.ServerResponse): void {
    this.calls += 1;
    const held = { response, stream };
    if (this.mode === "answer") this.#answer(held);
    else if (this.mode === "fail") response.writeHead(500).end();
    else if (this.mode === "overloaded") response.writeHead(503).end();
    else this.#hold(held);
  }

  #hold(held: Held): void {
    const { response } = held;
    this.#held.add(held);
    response.once("close", () => this.#held.delete(held));
    if (this.mode === "head") {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    }
  }

  #answer({ response, stream }: Held): void {
    const usage = { prompt_tokens: this.#prompt, completion_tokens: 1, total_tokens: 2 };
    if (!stream) {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ model: MODEL, choices: [], usage }));
      return;
    }
    const choices = [{ index: 0, delta: { content: "a" } }];
    if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${JSON.stringify({ model: MODEL, choices, usage })}\n\n`);
    response.end("data: [DONE]\n\n");
  }
}

interface Scene {
  readonly harness: Harness;
  readonly first: Server;
  readonly second: Server;
  /** What the second was asked since the budget was filled. */
  readonly asked: () => number;
}

/** Two servers of which the first is always asked first, and a budget for a few hedges. */
async function scene(change: object = {}, options: { saved?: boolean } = {}): Promise<Scene> {
  const [first, second] = await Promise.all([new Server(11).start(), new Server(22).start()]);
  const targets = [{ url: first.url }, { url: second.url }];
  const model = testModel(targets, { hedgeAfterMs: HEDGE_AFTER_MS, ...change });
  const harness = await boot({ targets: [], models: [model] });
  // A call of somebody else: the first is the less loaded one.
  harness.gateway.parts.routes.get(MODEL)?.targets[1]?.begin();
  const calls = options.saved === false ? 0 : limits.hedgeCallsEach * 3;
  for (let call = 0; call < calls; call += 1) await (await harness.chat()).text();
  const before = second.calls;
  return { harness, first, second, asked: () => second.calls - before };
}

async function lastLine(harness: Harness) {
  const lines = harness.logLines().filter(({ message }) => message === "request");
  return lines.at(-1);
}

const promptOf = async (answer: Response) =>
  ((await answer.json()) as { usage: { prompt_tokens: number } }).usage.prompt_tokens;

describe("a server that keeps silent", () => {
  test("is overtaken by another one, stopped, and not charged for", async () => {
    const { harness, first, second, asked } = await scene();
    const before = (await harness.rows()).length;
    first.mode = "silent";
    const answer = await harness.chat();
    expect([answer.status, await promptOf(answer)]).toEqual([200, 22]);
    await eventually(() => first.open).toBe(0);
    expect(asked()).toBe(1);
    const rows = (await harness.rows()).slice(before);
    expect(rows).toMatchObject([{ state: "settled", promptTokens: 22, completionTokens: 1 }]);
    expect(await harness.metric(HEDGES("won"))).toBe(1);
    expect(await lastLine(harness)).toMatchObject({
      hedge: "won",
      target: new URL(second.url).host,
    });
    // Nothing is known of the one that was stopped: it is neither well nor at fault.
    expect(harness.gateway.parts.routes.get(MODEL)?.targets[0]).toMatchObject({ inFlight: 0 });
    expect(await harness.metric(FAULTS("broken"))).toBeUndefined();
  }, 60_000);

  test.each(["silent", "head"] as const)(
    "a stream too, where it is %s",
    async (mode) => {
      const { harness, first } = await scene();
      first.mode = mode;
      const text = await (await harness.chat({ stream: true })).text();
      expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
      expect(eventsOf(text)).toHaveLength(1);
      await eventually(() => first.open).toBe(0);
      const rows = await harness.rows();
      expect(rows.at(-1)).toMatchObject({ promptTokens: 22, streamed: true, error: null });
      expect(await harness.metric(HEDGES("won"))).toBe(1);
    },
    60_000,
  );

  test("and then speaks sooner than the other is the one that counts", async () => {
    const { harness, first, second } = await scene();
    first.mode = "silent";
    second.mode = "silent";
    const answer = harness.chat();
    // Not only the second's count: a slow machine hedges calls that filled the budget, too.
    await eventually(() => [first.open, second.open]).toEqual([1, 1]);
    first.release();
    expect(await promptOf(await answer)).toBe(11);
    await eventually(() => second.open).toBe(0);
    expect(await harness.metric(HEDGES("lost"))).toBe(1);
    expect(await lastLine(harness)).toMatchObject({ hedge: "lost" });
  }, 60_000);
});

describe("a server that fails", () => {
  test("leaves the word to the other, whichever it is, and is told of", async () => {
    const { harness, first, second, asked } = await scene();
    first.mode = "silent";
    second.mode = "fail";
    const slow = harness.chat();
    await eventually(asked).toBe(1);
    first.release();
    expect(await promptOf(await slow)).toBe(11);
    expect(await harness.metric(FAULTS("status"))).toBe(1);
    second.mode = "silent";
    const broken = harness.chat();
    await eventually(asked).toBe(2);
    first.break();
    // The gateway has seen it, so that it is no matter of which word arrives first.
    const pool = harness.gateway.parts.pools.get(first.url);
    await eventually(() => pool.stats.running).toBe(0);
    second.release();
    expect(await promptOf(await broken)).toBe(22);
    expect(await harness.metric(FAULTS("broken"))).toBe(1);
  }, 60_000);

  test("after the other has failed makes the call fail, once", async () => {
    const { harness, first, second, asked } = await scene();
    first.mode = "silent";
    second.mode = "overloaded";
    const answer = harness.chat();
    await eventually(asked).toBe(1);
    first.break();
    expect((await answer).status).toBe(502);
    expect(await harness.metric(HEDGES("failed"))).toBe(1);
    expect((await harness.rows()).at(-1)).toMatchObject({ error: "upstream_failed" });
  }, 60_000);
});

describe("both are stopped", () => {
  test("where the caller leaves", async () => {
    const { harness, first, second, asked } = await scene();
    first.mode = "silent";
    second.mode = "silent";
    const leaving = new AbortController();
    const headers = { authorization: `Bearer ${harness.key}`, "content-type": "application/json" };
    const answer = harness.chat({}, { headers, signal: leaving.signal });
    await eventually(asked).toBe(1);
    await eventually(() => [first.open, second.open]).toEqual([1, 1]);
    leaving.abort();
    await expect(answer).rejects.toThrow();
    await eventually(() => [first.open, second.open]).toEqual([0, 0]);
    await eventually(() => harness.metric(HEDGES("stopped"))).toBe(1);
    const rows = (await harness.rows()).filter(({ error }) => error === "client_closed");
    expect(rows).toMatchObject([{ promptTokens: 0, costMicros: 0 }]);
  }, 60_000);

  test("where the time is up", async () => {
    const { harness, first, second, asked } = await scene();
    first.mode = "silent";
    second.mode = "silent";
    const headers = {
      authorization: `Bearer ${harness.key}`,
      "content-type": "application/json",
      "x-request-timeout-ms": "2000",
    };
    expect((await harness.chat({}, { headers })).status).toBe(504);
    expect(asked()).toBe(1);
    await eventually(() => [first.open, second.open]).toEqual([0, 0]);
    expect(await harness.metric(HEDGES("stopped"))).toBe(1);
    // Only the first had the whole time.
    expect(await harness.metric(FAULTS("timeout"))).toBe(1);
  }, 60_000);
});

describe("no second server is asked", () => {
  /** Long enough for a hedge that must not be. */
  const afterHedge = () => sleep(HEDGE_AFTER_MS * 3);

  test("where the route does not say so", async () => {
    const { harness, first, asked } = await scene({ hedgeAfterMs: undefined });
    first.mode = "silent";
    const answer = harness.chat();
    await afterHedge();
    first.release();
    expect(await promptOf(await answer)).toBe(11);
    expect(asked()).toBe(0);
  }, 60_000);

  test("beyond one of twenty calls", async () => {
    const { harness, first, asked } = await scene({}, { saved: false });
    first.mode = "silent";
    const answer = harness.chat();
    await eventually(() => harness.metric(HEDGES("over_budget"))).toBe(1);
    first.release();
    expect(await promptOf(await answer)).toBe(11);
    expect(asked()).toBe(0);
    expect(await lastLine(harness)).not.toHaveProperty("hedge");
  }, 60_000);

  test("for a job", async () => {
    const { harness, first, asked } = await scene();
    first.mode = "silent";
    const job = (await (await harness.chatJob(CHAT)).json()) as { id: string };
    await eventually(() => first.open).toBe(1);
    await afterHedge();
    expect(asked()).toBe(0);
    first.release();
    const headers = { authorization: `Bearer ${harness.key}` };
    const status = async () => {
      const answer = await fetch(`${harness.base}/v1/async/chat/completions/${job.id}`, {
        headers,
      });
      return ((await answer.json()) as { status: string }).status;
    };
    await eventually(status).toBe("succeeded");
  }, 60_000);

  test("outside of the site, nor beside one that is", async () => {
    const folder = temporaryFolder();
    const [inside, outside] = await Promise.all([new Server(11).start(), new Server(22).start()]);
    const targets = [{ url: inside.url }, { provider: "deepseek", url: outside.url }];
    const model = testModel(targets, { hedgeAfterMs: HEDGE_AFTER_MS });
    const harness = await boot({
      targets: [],
      models: [model],
      env: { GW_PROVIDERS_FOLDER: folder },
    });
    harness.gateway.parts.providerKeys.of = () => "a-key";
    const healths = harness.gateway.parts.routes.get(MODEL)?.targets ?? [];
    const [insideHealth, outsideHealth] = healths;
    outsideHealth?.begin();
    for (let call = 0; call < limits.hedgeCallsEach * 3; call += 1) {
      await (await harness.chat()).text();
    }
    expect(outside.calls).toBe(0);
    inside.mode = "silent";
    const first = harness.chat();
    await afterHedge();
    expect([inside.open, outside.calls]).toEqual([1, 0]);
    inside.release();
    expect(await promptOf(await first)).toBe(11);
    outsideHealth?.end("unknown");
    insideHealth?.begin();
    outside.mode = "silent";
    const calls = inside.calls;
    const second = harness.chat();
    await eventually(() => outside.open).toBe(1);
    await afterHedge();
    expect(inside.calls).toBe(calls);
    outside.release();
    expect(await promptOf(await second)).toBe(22);
  }, 60_000);
});
