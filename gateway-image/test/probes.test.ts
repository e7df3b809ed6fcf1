/**
 * Model servers that are asked whether they are well. Assertions are on who is left alone and what
 * it was asked, not on time: where a wait must have been cut short, it would else outlast the test.
 */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { limits } from "../src/limits.ts";
import type { TargetHealth, Verdict } from "../src/proxy/target-health.ts";
import {
  boot,
  endAll,
  eventually,
  type Harness,
  MODEL,
  onEnd,
  simulate,
  temporaryFolder,
  testModel,
} from "./test-harness.ts";

afterEach(endAll);

const ON = { GW_PROBES: "on" };
const hostOf = (url: string) => new URL(url).host;
const EJECTED = (url: string) =>
  `gateway_upstream_ejected{model="${MODEL}",target="${hostOf(url)}"}`;
const PROBES = (url: string, outcome: string) =>
  `gateway_upstream_probes_total{target="${hostOf(url)}",outcome="${outcome}"}`;

function healthOf(harness: Harness, index = 0): TargetHealth {
  const health = harness.gateway.parts.routes.get(MODEL)?.targets[index];
  if (health === undefined) throw new Error("no such target");
  return health;
}

/** So many faults that its time is the longest one, which no test waits for. */
function leaveAloneForLong(health: TargetHealth, verdict: Verdict): void {
  for (let count = 0; count < 20; count += 1) {
    health.begin();
    health.end(verdict);
  }
  expect(health.ejected).toBe(true);
}

/** A model server played by hand: what it says of itself, and what it was asked. */
async function serve(state: { health: number; port?: number }) {
  const asked = { health: 0, calls: 0 };
  const held: http.ServerResponse[] = [];
  const server = http.createServer(async (request, response) => {
    if (request.method === "GET") {
      asked.health += 1;
      response.writeHead(state.health).end();
      return;
    }
    asked.calls += 1;
    for await (const _ of request);
    held.push(response);
  });
  await new Promise<void>((resolve) => server.listen(state.port ?? 0, "127.0.0.1", resolve));
  const kill = () => {
    server.close();
    server.closeAllConnections();
  };
  onEnd(kill);
  const { port } = server.address() as AddressInfo;
  const release = () => {
    for (const response of held.splice(0)) {
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}');
    }
  };
  return { url: `http://127.0.0.1:${port}`, port, asked, kill, release };
}

describe("a server that no call goes to", () => {
  test("is left alone when its probes fail, and serves again when they do not", async () => {
    const state = { health: 200 };
    const first = await serve(state);
    const { url } = await simulate();
    const harness = await boot({ targets: [{ url: first.url }, { url }], env: ON });
    await eventually(() => harness.metric(PROBES(first.url, "good"))).toBeGreaterThan(0);
    expect(await harness.metric(EJECTED(first.url))).toBe(0);
    state.health = 503;
    await eventually(() => harness.metric(EJECTED(first.url))).toBe(1);
    expect(await harness.metric(PROBES(first.url, "status"))).toBeGreaterThanOrEqual(3);
    expect(await harness.metric(`gateway_upstream_ejections_total{model="${MODEL}"}`)).toBe(1);
    for (let count = 0; count < 10; count += 1) {
      expect((await harness.chat({ max_tokens: 1 })).status).toBe(200);
    }
    expect(first.asked.calls).toBe(0);
    state.health = 200;
    await eventually(() => harness.metric(EJECTED(first.url))).toBe(0);
    expect(harness.logLines().map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        "a model server fails its probes and is left alone",
        "a model server is back, its probes say",
      ]),
    );
  }, 60_000);

  test("and has no such page is not judged by it", async () => {
    const { url } = await serve({ health: 404 });
    const harness = await boot({ targets: [{ url }], env: ON });
    await eventually(() => harness.metric(PROBES(url, "none"))).toBeGreaterThan(limits.probeFaults);
    expect(healthOf(harness).ejected).toBe(false);
  }, 60_000);
});

describe("a server that was left alone for its faults", () => {
  test("is back as soon as it can be reached again", async () => {
    const { url, port, kill } = await serve({ health: 200 });
    const harness = await boot({ targets: [{ url }], env: ON });
    kill();
    await eventually(() => harness.metric(PROBES(url, "connect"))).toBeGreaterThan(0);
    leaveAloneForLong(healthOf(harness), "away");
    await serve({ health: 200, port });
    await eventually(() => healthOf(harness).ejected).toBe(false);
    await eventually(() => harness.metric(EJECTED(url))).toBe(0);
  }, 60_000);

  test("stays so while its answers fail, however well it says that it is", async () => {
    const { url } = await serve({ health: 200 });
    const harness = await boot({ targets: [{ url }], env: ON });
    leaveAloneForLong(healthOf(harness), "fault");
    const good = PROBES(url, "good");
    await eventually(() => harness.metric(good)).toBeGreaterThan(3);
    expect(healthOf(harness).ejected).toBe(true);
    expect(await harness.metric(EJECTED(url))).toBe(1);
  }, 60_000);
});

test("a server that works is not judged by its probes before its calls have ended", async () => {
  const { url, asked, release } = await serve({ health: 503 });
  const harness = await boot({ targets: [{ url }], env: ON });
  const answer = harness.chat();
  await eventually(() => asked.calls).toBe(1);
  const before = asked.health;
  await eventually(() => asked.health).toBeGreaterThan(before + limits.probeFaults);
  expect(healthOf(harness).ejected).toBe(false);
  release();
  expect((await answer).status).toBe(200);
  await eventually(() => healthOf(harness).ejected).toBe(true);
}, 60_000);

test("an outside provider is never asked", async () => {
  const inside = await serve({ health: 200 });
  const outside = await serve({ health: 200 });
  const folder = temporaryFolder();
  const targets = [{ url: inside.url }, { provider: "deepseek", url: outside.url }];
  const harness = await boot({ targets, env: { ...ON, GW_PROVIDERS_FOLDER: folder } });
  await eventually(() => inside.asked.health).toBeGreaterThan(3);
  expect(outside.asked).toEqual({ health: 0, calls: 0 });
  expect(harness.gateway.parts.routes.get(MODEL)?.targets).toHaveLength(2);
}, 60_000);

test("targets that come are asked, those that go are not, and leave no series behind", async () => {
  const first = await serve({ health: 200 });
  const second = await serve({ health: 200 });
  const harness = await boot({ targets: [{ url: first.url }], env: ON });
  await eventually(() => harness.metric(PROBES(first.url, "good"))).toBeGreaterThan(0);
  harness.write("routes.json", { models: [testModel([{ url: second.url }])] });
  await eventually(() => second.asked.health).toBeGreaterThan(0);
  await eventually(() => harness.metric(PROBES(first.url, "good"))).toBeUndefined();
  expect(await harness.metric(EJECTED(first.url))).toBeUndefined();
  const { health } = first.asked;
  const seen = second.asked.health;
  await eventually(() => second.asked.health).toBeGreaterThan(seen + 2);
  expect(first.asked.health).toBe(health);
}, 60_000);

test("a gateway that stops asks no more", async () => {
  const { url, asked } = await serve({ health: 200 });
  const harness = await boot({ targets: [{ url }], env: { ...ON, GW_DRAIN_GRACE_MS: "2500" } });
  await eventually(() => asked.health).toBeGreaterThan(0);
  const stopped = harness.gateway.stop();
  const { health } = asked;
  await stopped;
  // One may have been on its way.
  expect(asked.health).toBeLessThanOrEqual(health + 1);
}, 60_000);
