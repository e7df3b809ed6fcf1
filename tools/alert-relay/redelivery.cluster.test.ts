/**
 * A real Alertmanager before the real relay: an alert that was on its way when the relay was killed arrives,
 * and one whose channel fails for a while arrives, too. At the worst it arrives twice.
 */
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { alertRouting } from "../../observability/alert-routing.ts";
import { writeCertificate } from "../servers/certificate-files.ts";
import type { SupervisedServer } from "../servers/supervised.ts";
import { sendAlerts, startAlertmanager } from "../servers/test-alertmanager.ts";
import { channelOf } from "./test-alerts.ts";
import { type StartedRelay, startRelay } from "./test-relay.ts";
import { json, type Robots, startRobots } from "./test-robots.ts";

const ARRIVES = { timeout: 60_000 };
let folder: string;
let robots: Robots;
let relay: StartedRelay;
let alertmanager: SupervisedServer;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "redelivery-test-"));
  const { certificate, key } = await writeCertificate(folder);
  await copyFile(certificate, path.join(folder, "tls.crt"));
  await copyFile(key, path.join(folder, "tls.key"));
  robots = await startRobots({
    cert: await readFile(certificate, "utf8"),
    key: await readFile(key, "utf8"),
  });
  relay = await startRelay(folder, [channelOf("wecom", { url: robots.urlOf("wecom") })]);
  const routing = alertRouting({
    channels: [{ name: "wecom", kind: "wecom", severities: ["critical"], relayed: true }],
    relay: relay.place,
  });
  // What groups wait for is no part of this.
  alertmanager = await startAlertmanager(
    folder,
    routing.replaceAll("group_wait: 10s", "group_wait: 0s"),
  );
});

beforeEach(() => {
  robots.answers.clear();
  robots.sent.length = 0;
});

afterAll(async () => {
  await alertmanager?.kill();
  await relay?.server.kill();
  robots?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

const alert = (alertname: string) => ({
  labels: { alertname, severity: "critical", site: "primary", subject: alertname },
  annotations: { summary: `${alertname} happened` },
});

const told = (name: string) => robots.sent.filter(({ body }) => body.includes(name)).length;

test("killed while the channel thinks about it: it is delivered by the next one", async () => {
  // The first is never answered: the relay dies before.
  robots.answers.set("wecom", (response, count) => {
    if (count > 1) json(response, 200, { errcode: 0 });
  });
  await sendAlerts(alertmanager.port, [alert("GatewayAway")]);
  await expect.poll(() => told("GatewayAway"), ARRIVES).toBe(1);
  await relay.server.kill();
  await relay.server.start();
  await expect.poll(() => told("GatewayAway"), ARRIVES).toBe(2);
  await expect.poll(() => relay.log(), ARRIVES).toContain('"message":"delivered"');
});

test("a channel that refuses for a while is told as soon as it takes", async () => {
  robots.answers.set("wecom", (response, count) =>
    json(response, 200, count < 3 ? { errcode: 93_000, errmsg: "no robot" } : { errcode: 0 }),
  );
  await sendAlerts(alertmanager.port, [alert("EdgeAway")]);
  await expect.poll(() => told("EdgeAway"), ARRIVES).toBeGreaterThanOrEqual(3);
  await expect.poll(() => relay.log(), ARRIVES).toMatch(/"delivered"[^\n]*EdgeAway/);
});
