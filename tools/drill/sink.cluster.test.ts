/**
 * A real Alertmanager with a channel of each kind, and the stub behind all of them: an alert arrives at each
 * in that channel's own form, over TLS that a house's own authority vouches for, and so does its end.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alertRouting } from "../../observability/alert-routing.ts";
import { ensurePackages } from "../debian/packages.ts";
import { environmentFor } from "../debian/root-folder.ts";
import { writeCertificate } from "../servers/certificate-files.ts";
import { freePort, type SupervisedServer, supervise } from "../servers/supervised.ts";
import { channelsTold, type Delivery, parseDeliveries, toldOf } from "./deliveries.ts";
import { drillChannels, KINDS } from "./sink-objects.ts";

const BEGUN = new Date();
/** Debian's Alertmanager reads its templates there and nowhere else: a view of its own, where they are. */
const WITH_TEMPLATES =
  'mount -t tmpfs none /usr/share && cp -r "$0/usr/share/prometheus" /usr/share/ && exec "$@"';
const labels = { alertname: "RedisAway", severity: "critical", subject: "redis", site: "primary" };

let folder: string;
let alertmanager: SupervisedServer;
let sink: SupervisedServer;
let log = "";

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "sink-test-"));
  const { certificate, key, ca } = await writeCertificate(folder);
  await copyFile(certificate, path.join(folder, "tls.crt"));
  await copyFile(key, path.join(folder, "tls.key"));
  const ports = { https: await freePort(), smtp: await freePort() };
  sink = await supervise(ports.https, () => startSink(ports));
  const file = path.join(folder, "alertmanager.yml");
  const heartbeat = `https://localhost:${ports.https}/heartbeat`;
  const channels = drillChannels({ host: "localhost", ports });
  const routing = alertRouting({ channels, heartbeat, authorityFile: ca });
  // The end of an alert is told with the next round of its group: a minute, which no test need wait for.
  await writeFile(file, routing.replace("group_interval: 1m", "group_interval: 2s"));
  const { root } = await ensurePackages(["prometheus-alertmanager"]);
  const port = await freePort();
  const words = [
    ...[`--config.file=${file}`, `--storage.path=${path.join(folder, "data")}`],
    ...[`--web.listen-address=127.0.0.1:${port}`, "--cluster.listen-address="],
  ];
  alertmanager = await supervise(port, () => {
    const command = [path.join(root, "usr/bin/prometheus-alertmanager"), ...words];
    return spawn("unshare", ["--mount", "sh", "-c", WITH_TEMPLATES, root, ...command], {
      env: { ...process.env, ...environmentFor(root) },
      stdio: ["ignore", "ignore", "inherit"],
    });
  });
});

afterAll(async () => {
  await alertmanager?.kill();
  await sink?.kill();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

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
  const response = await request(`http://127.0.0.1:${alertmanager.port}/api/v2/alerts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([...body, watchdog]),
  });
  expect(await response.body.text()).toBe("");
  expect(response.statusCode).toBe(200);
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

test("its end is told as well", async () => {
  const mended = new Date();
  await send(new Date(Date.now() - 1_000));
  const resolved = await until(
    (all) => toldOf(all, "resolved", mended),
    (seen) => seen.length > 0,
  );
  expect(resolved[0]).toMatchObject({ alert: "RedisAway", severity: "critical" });
});
