/** Model servers that are away, overloaded or wrong: who is tried next, and what the caller sees. */
import { afterEach, describe, expect, test } from "vitest";
import {
  boot,
  endAll,
  eventually,
  type Harness,
  MODEL,
  simulate,
  testModel,
} from "./test-harness.ts";

afterEach(endAll);

/** A loopback port on which nothing listens (the discard service is never enabled). */
const NOBODY = "http://127.0.0.1:9";
const FAULTS = (reason: string) =>
  `gateway_upstream_faults_total{model="${MODEL}",reason="${reason}"}`;

async function codeOf(response: Response): Promise<[number, string]> {
  const body = (await response.json()) as { error: { code: string } };
  return [response.status, body.error.code];
}

describe("another target is tried", () => {
  test("where no connection came about; the caller notices nothing", async () => {
    const { url } = await simulate();
    const harness = await boot({ targets: [{ url: NOBODY }, { url }] });
    for (let count = 0; count < 20; count += 1) {
      expect((await harness.chat({ max_tokens: 1 })).status).toBe(200);
    }
    // Three faults eject it; then it is left alone.
    expect(await harness.metric(FAULTS("connect"))).toBeLessThanOrEqual(3);
  });

  test("where the server says 503 before it has begun", async () => {
    const loading = await simulate({ readyDelayMs: 0 });
    loading.simulator.service.state = "loading";
    const { url } = await simulate();
    const harness = await boot({ targets: [{ url: loading.url }, { url }] });
    for (let count = 0; count < 10; count += 1) {
      expect((await harness.chat({ max_tokens: 1 })).status).toBe(200);
    }
  });

  test("but not where the request had been sent", async () => {
    const first = await simulate({ errorRate: 1 });
    const second = await simulate({ errorRate: 1 });
    const harness = await boot({ targets: [{ url: first.url }, { url: second.url }] });
    expect(await codeOf(await harness.chat())).toEqual([502, "upstream_failed"]);
    expect(await harness.metric(FAULTS("status"))).toBe(1);
  });
});

describe("a model server that is rolled out under load", () => {
  test("leaves, is taken out, closes and comes back without one failed call", async () => {
    const first = await simulate({ drainGraceMs: 0, tokensPerSecond: 500 });
    const second = await simulate({ tokensPerSecond: 500 });
    const targets = [{ url: first.url }, { url: second.url }];
    const harness = await boot({ targets });
    const asked = () => harness.gateway.parts.routes.get(MODEL)?.targets ?? [];
    const calls = keepCalling(harness);
    const moreCalls = () => {
      const before = calls.statuses.length;
      return eventually(() => calls.statuses.length).toBeGreaterThan(before + 20);
    };
    await moreCalls();
    // From here on it closes each connection after its answer.
    first.simulator.service.state = "leaving";
    await moreCalls();
    // As a Service does before its pod closes: no new call finds it, and those under way end.
    const leaving = asked().find(({ target }) => target.url === first.url);
    harness.write("routes.json", { models: [testModel(targets.slice(1))] });
    await eventually(() => asked().length).toBe(1);
    await eventually(() => leaving?.inFlight).toBe(0);
    expect(await first.simulator.drain()).toEqual({ aborted: 0 });
    await moreCalls();
    const again = await simulate({ tokensPerSecond: 500 });
    harness.write("routes.json", { models: [testModel([{ url: again.url }])] });
    await eventually(() => asked().map(({ target }) => target.url)).toEqual([again.url]);
    await moreCalls();
    await calls.end();
    expect(calls.statuses.filter((status) => status !== 200)).toEqual([]);
  });
});

/** Eight callers, streams and whole answers; a stream without its end counts as status 0. */
function keepCalling(harness: Harness) {
  const statuses: number[] = [];
  let running = true;
  const callers = Array.from({ length: 8 }, async (_, index) => {
    while (running) {
      const response = await harness.chat({ stream: index % 2 === 0, max_tokens: 20 });
      const text = await response.text();
      const whole = index % 2 === 1 || text.endsWith("data: [DONE]\n\n");
      statuses.push(whole ? response.status : 0);
    }
  });
  const end = () => {
    running = false;
    return Promise.all(callers);
  };
  return { statuses, end };
}

describe("the caller sees", () => {
  test("503 and when to come again where no server can be reached", async () => {
    const harness = await boot({ targets: [{ url: NOBODY }] });
    const response = await harness.chat();
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await codeOf(response)).toEqual([503, "model_unavailable"]);
  });

  test("no address of a server, in no error", async () => {
    const harness = await boot({ targets: [{ url: NOBODY }] });
    expect(await (await harness.chat()).text()).not.toContain("127.0.0.1");
    const [line] = harness.logLines().filter((entry) => entry.message === "request");
    expect(JSON.stringify(line)).toContain("ECONNREFUSED");
  });

  test("504 where the server does not answer in time", async () => {
    const { url } = await simulate({ ttftMs: 60_000 });
    const harness = await boot({ targets: [{ url }], env: { GW_ANSWER_TIMEOUT_MS: "1000" } });
    expect(await codeOf(await harness.chat())).toEqual([504, "model_timeout"]);
  });

  test("the server again as soon as it is back, though it was ejected", async () => {
    const { simulator, url } = await simulate();
    const harness = await boot({ targets: [{ url }] });
    simulator.service.state = "loading";
    for (let count = 0; count < 5; count += 1) expect((await harness.chat()).status).toBe(503);
    simulator.service.state = "serving";
    expect((await harness.chat()).status).toBe(200);
  });

  test("the name it used, where the server knows another", async () => {
    const { url } = await simulate({ models: ["theirs"] });
    const models = [testModel([{ url, model: "theirs" }])];
    const harness = await boot({ targets: [], models });
    expect(await (await harness.chat()).json()).toMatchObject({ model: MODEL });
    const text = await (await harness.chat({ stream: true })).text();
    expect(text).toContain(MODEL);
    expect(text).not.toContain("theirs");
  });

  test("that the answer is simulated", async () => {
    const { url } = await simulate();
    const harness = await boot({ targets: [{ url }] });
    expect((await harness.chat()).headers.get("x-simulated")).toBe("true");
  });

  test("an answer of max_tokens 512 where it named none", async () => {
    const { url } = await simulate({ tokensPerSecond: 1_000_000 });
    const harness = await boot({ targets: [{ url }] });
    const answer = (await (await harness.chat({ simulate: { tokens: 2_000 } })).json()) as object;
    expect(answer).toMatchObject({ usage: { completion_tokens: 512 } });
  });
});
