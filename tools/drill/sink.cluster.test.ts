/**
 * A real Alertmanager with a channel of each kind, the real relay before those that it does not speak to,
 * and the stub behind all of them: an alert arrives at each in that channel's own form and with its
 * signature, over TLS that a house's own authority vouches for, and so does its end.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alertRouting, type Channel, RELAYED } from "../../observability/alert-routing.ts";
import { startRelay } from "../alert-relay/test-relay.ts";
import { writeCertificate } from "../servers/certificate-files.ts";
import { freePort, type SupervisedServer, supervise } from "../servers/supervised.ts";
import { sendAlerts, startAlertmanager } from "../servers/test-alertmanager.ts";
import { channelsTold, type Delivery, parseDeliveries, toldOf } from "./deliveries.ts";
import { drillChannels, KINDS, SINK_SECRETS } from "./sink-objects.ts";

const BEGUN = new Date();
const RELAYED_KINDS: readonly string[] = RELAYED.filter((kind) => kind !== "webhook");
const labels = { alertname: "RedisAway", severity: "critical", subject: "redis", site: "primary" };

let folder: string;
let alertmanager: SupervisedServer;
let sink: SupervisedServer;
let relay: SupervisedServer;
let log = "";

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "sink-test-"));
  const { certificate, key, ca } = await writeCertificate(folder);
  await copyFile(certificate, path.join(folder, "tls.crt"));
  await copyFile(key, path.join(folder, "tls.key"));
  await writeFile(path.join(folder, "secrets.json"), JSON.stringify(SINK_SECRETS));
  const ports = { https: await freePort(), smtp: await freePort() };
  sink = await supervise(ports.https, () => startSink(ports));
  const heartbeat = `https://localhost:${ports.https}/heartbeat`;
  const all = drillChannels({ host: "localhost", ports });
  const relayed = all.filter(({ kind }) => RELAYED_KINDS.includes(kind));
  const channels = all.map((channel) => ({ ...channel, relayed: relayed.includes(channel) }));
  const started = await startRelay(folder, relayed.map(relayChannel));
  relay = started.server;
  const settings = { channels, heartbeat, authorityFile: ca, relay: started.place };
  const routing = alertRouting(settings);
  // The end of an alert is told with the next round of its group: a minute, which no test need wait for.
  const quick = routing.replace("group_interval: 1m", "group_interval: 2s");
  alertmanager = await startAlertmanager(folder, quick);
});

afterAll(async () => {
  await alertmanager?.kill();
  await relay?.kill();
  await sink?.kill();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** As stacks/alert-arguments.ts writes it. */
function relayChannel({ severities: _, sms, ...channel }: Channel & { sms?: object }): object {
  return { ...channel, ...sms };
}

function startSink({ https, smtp }: { https: number; smtp: number }): ChildProcess {
  const program = path.join(import.meta.dirname, "sink.ts");
  const words = [program, folder, String(https), String(smtp)];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.on("data", (chunk: Buffer) => {
    log += chunk.toString("utf8");
  });
  return child;
}

async function send(endsAt?: Date): Promise<void> {
  const alert = { labels, annotations: { summary: "Redis does not answer" } };
  const body = [{ ...alert, ...(endsAt === undefined ? {} : { endsAt: endsAt.toISOString() }) }];
  const watchdog = { labels: { alertname: "Watchdog", severity: "info", subject: "heartbeat" } };
  await sendAlerts(alertmanager.port, [...body, watchdog]);
}

const until = async <T>(look: (all: Delivery[]) => T, wanted: (seen: T) => boolean) => {
  const deadline = Date.now() + 120_000;
  while (!wanted(look(parseDeliveries(log))) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return look(parseDeliveries(log));
};

test("an alert reaches every channel, and the heartbeat its own address", async () => {
  await send();
  const told = await until(
    (all) => channelsTold(all, "RedisAway", BEGUN),
    (seen) => seen.size === KINDS.length,
  );
  expect([...told].sort()).toEqual([...KINDS].sort());
  const beats = parseDeliveries(log).filter(({ channel }) => channel === "heartbeat");
  expect(beats[0]).toMatchObject({ firing: true, text: "Watchdog" });
});

test("robots write in the language that was chosen, with where it can be read on", () => {
  const textOf = (channel: string) =>
    parseDeliveries(log).find((one) => one.channel === channel)?.text ?? "";
  expect(textOf("wecom")).toMatch(/\[严重\] .*RedisAway/);
  expect(textOf("wecom")).toContain("<@on-call>");
  expect(textOf("teams")).toMatch(/\[CRITICAL\] .*RedisAway/);
  expect(parseDeliveries(log).filter(({ text }) => text.startsWith("not "))).toEqual([]);
});

test("its end is told as well", async () => {
  const mended = new Date();
  await send(new Date(Date.now() - 1_000));
  const resolved = await until(
    (all) => toldOf(all, "resolved", mended),
    (seen) => seen.length > 0,
  );
  expect(resolved[0]).toMatchObject({ alert: "RedisAway", severity: "critical" });
});
