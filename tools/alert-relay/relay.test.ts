/** The real program before stubs of channels: what it takes, from whom, and what it answers. */
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { Agent, request } from "undici";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { writeCertificate } from "../servers/certificate-files.ts";
import { alertOf, channelOf, KINDS } from "./test-alerts.ts";
import { type StartedRelay, startRelay, TOKEN } from "./test-relay.ts";
import { json, type Robots, startRobots } from "./test-robots.ts";

/** A busy machine is no fault of the relay's. */
const PATIENT = { timeout: 60_000 };

let folder: string;
let robots: Robots;
let relay: StartedRelay;
let agent: Agent;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "relay-test-"));
  const { certificate, key, caText } = await writeCertificate(folder);
  await copyFile(certificate, path.join(folder, "tls.crt"));
  await copyFile(key, path.join(folder, "tls.key"));
  robots = await startRobots({
    cert: await readFile(certificate, "utf8"),
    key: await readFile(key, "utf8"),
  });
  const channels = KINDS.map((kind) => channelOf(kind, { url: robots.urlOf(kind) }));
  const away = channelOf("teams", { name: "away", url: "https://localhost:9/x?key=693a91f6-7abc" });
  relay = await startRelay(folder, [...channels, away]);
  agent = new Agent({ connect: { ca: caText, minVersion: "TLSv1.3" } });
});

beforeEach(() => {
  robots.answers.clear();
  robots.sent.length = 0;
});

afterAll(async () => {
  await agent?.close();
  await relay?.server.kill();
  robots?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

const notification = (...alerts: object[]) => ({
  ...{ version: "4", groupKey: "{}", receiver: "x", status: "firing", truncatedAlerts: 0, alerts },
});
const GONE = notification(alertOf("GatewayAway", "critical"));

async function post(channel: string, body: object | string = GONE, more: object = {}) {
  const response = await request(`${relay.place.url}/channels/${channel}`, {
    ...{ method: "POST", dispatcher: agent },
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...more,
  });
  return { status: response.statusCode, text: await response.body.text() };
}

async function watched(at: string): Promise<string> {
  const url = `https://localhost:${relay.metricsPort}${at}`;
  const response = await request(url, { dispatcher: agent });
  return `${response.statusCode} ${await response.body.text()}`;
}

test.each(KINDS)("%s is told, and Alertmanager hears that it was", async (kind) => {
  expect(await post(kind)).toEqual({ status: 200, text: "delivered\n" });
  expect(robots.sent).toHaveLength(1);
  expect(robots.sent[0]?.body).toContain("GatewayAway");
});

test("nobody else is heard, and nobody learns which channels there are", async () => {
  for (const authorization of ["", "Bearer x", TOKEN, `bearer ${TOKEN}`, `Bearer ${TOKEN}0`]) {
    for (const channel of ["wecom", "none"]) {
      expect((await post(channel, GONE, { headers: { authorization } })).status).toBe(401);
    }
  }
  expect(robots.sent).toEqual([]);
  expect(await watched("/metrics")).toContain("alert_relay_unauthorized_total 10");
});

test("what is no notification is refused for good", async () => {
  const headers = { authorization: `Bearer ${TOKEN}` };
  expect((await post("none")).status).toBe(404);
  expect((await post("wecom", "", { method: "GET", body: null, headers })).status).toBe(405);
  expect((await post("wecom", "{")).status).toBe(400);
  expect((await post("wecom", { ...GONE, version: "5" })).status).toBe(400);
  expect((await post("wecom", { ...GONE, alerts: [] })).status).toBe(400);
  expect((await post("wecom", "x".repeat(1_100_000))).status).toBe(413);
  expect(robots.sent).toEqual([]);
});

test("a code in the body is a failure: it is tried again, and taken then", async () => {
  robots.answers.set("wecom", (response, count) =>
    json(response, 200, count === 1 ? { errcode: -1, errmsg: "busy" } : { errcode: 0 }),
  );
  expect((await post("wecom")).status).toBe(200);
  expect(robots.sent).toHaveLength(2);
});

test("a 429 is waited for as long as it says", async () => {
  robots.answers.set("ticket", (response, count) =>
    count === 1 ? json(response, 429, {}, { "retry-after": "1" }) : json(response, 200, {}),
  );
  expect((await post("ticket")).status).toBe(200);
  expect(await watched("/metrics")).toContain(
    'alert_relay_messages_total{channel="ticket",kind="ticket",answer="limited"} 1',
  );
});

test("what the channel will not have is 503 at once, with its reason and without its secrets", async () => {
  robots.answers.set("dingtalk", (response) =>
    json(response, 200, { errcode: 310_000, errmsg: `not ${robots.urlOf("dingtalk")}` }),
  );
  const { status, text } = await post("dingtalk");
  expect(status).toBe(503);
  expect(text).toContain("code 310000");
  const all = `${text}${relay.log()}`;
  for (const secret of ["693a91f6", "SEC-of-a-test", "dGlja2V0cz", TOKEN]) {
    expect(all).not.toContain(secret);
  }
});

test("a channel that is away keeps nobody else waiting, and who leaves is not told", async () => {
  const leaving = new AbortController();
  const away = post("away", GONE, { signal: leaving.signal });
  expect((await post("feishu")).status).toBe(200);
  leaving.abort();
  await expect(away).rejects.toThrow(/abort/i);
  await expect
    .poll(() => watched("/metrics"), PATIENT)
    .toContain('alert_relay_queue_length{channel="away",kind="teams"} 0');
});

test("what is held is bounded: what is too much is 503, and what is small still goes", async () => {
  const description = "d".repeat(1_040_000);
  const large = notification(alertOf("Large", "error", { annotations: { description } }));
  const leaving = new AbortController();
  // Eight MiB hold eight of them, not nine (limits.ts).
  const held = Array.from({ length: 8 }, () => post("away", large, { signal: leaving.signal }));
  const ends = Promise.allSettled(held);
  await expect
    .poll(() => watched("/metrics"), PATIENT)
    .toContain('alert_relay_queue_length{channel="away",kind="teams"} 8');
  const refused = await post("wecom", large);
  expect(refused.status).toBe(503);
  expect(refused.text).toMatch(/^full/);
  expect((await post("wecom")).status).toBe(200);
  leaving.abort();
  await ends;
});

test("it is well, and says so", async () => {
  expect(await watched("/livez")).toMatch(/^200/);
  expect(await watched("/readyz")).toMatch(/^200/);
  const metrics = await watched("/metrics");
  expect(metrics).toContain(
    'alert_relay_notifications_total{channel="sms",kind="sms",outcome="delivered"} 1',
  );
  expect(metrics).toMatch(/alert_relay_delivery_seconds_bucket\{[^}]*le="\+Inf"\} 1/);
});

test("told to end it delivers what it has begun, and then ends well", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  robots.answers.set("feishu", (response) => {
    void promise.then(() => json(response, 200, { code: 0 }));
  });
  const told = post("feishu");
  await expect.poll(() => robots.sent.length, PATIENT).toBe(1);
  const child = relay.child();
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await expect.poll(() => watched("/readyz"), PATIENT).toMatch(/^503/);
  resolve();
  expect((await told).status).toBe(200);
  expect(await ended).toBe(0);
});
