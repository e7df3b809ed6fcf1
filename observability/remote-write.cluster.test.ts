/**
 * Two real Prometheus: one with our files, one that takes its samples over TLS with a password. What was scraped
 * while the other was away arrives when it is back; what it refuses for good is counted; alerts see both.
 */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import bcrypt from "bcryptjs";
import { Agent } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { ensurePackages } from "../tools/debian/packages.ts";
import { environmentFor } from "../tools/debian/root-folder.ts";
import { createAuthority, issueCertificate } from "../tools/pki/authority.ts";
import { PrometheusClient } from "../tools/prometheus/client.ts";
import { freePort, type SupervisedServer, supervise } from "../tools/servers/supervised.ts";
import { prometheusConfiguration, webConfiguration } from "./prometheus-files.ts";
import { remoteWriteFiles } from "./remote-write.ts";
import { ALERTS } from "./rules.ts";

const ARRIVES = { timeout: 90_000, interval: 500 };
const PASSWORD = "the-password-of-the-receiver";
const OWN = 'up{job="prometheus"}';

interface Running {
  readonly server: SupervisedServer;
  readonly client: PrometheusClient;
}

let folder: string;
let ca: string;
let agent: Agent;
let source: Running;
let receiver: Running;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "remote-write-test-"));
  const authority = await createAuthority("remote write test", 1);
  const named = { commonName: "test", dnsNames: ["localhost"], usage: "server", days: 1 } as const;
  const pair = await issueCertificate(authority, named);
  ca = authority.certificate;
  agent = new Agent({ connect: { ca } });
  await write("ca.crt", ca);
  await write("tls.crt", pair.certificate);
  await write("tls.key", pair.key);
  await write("rules.yml", "groups: []\n");
  await write("web.yml", webConfiguration(folder));
  const users = `basic_auth_users:\n  writer: ${bcrypt.hashSync(PASSWORD, 4)}\n`;
  await write("receiver-web.yml", `${webConfiguration(folder)}${users}`);
  await write("receiver.yml", "scrape_configs: []\n");
  const [own, theirs] = [await freePort(), await freePort()];
  await write("source.yml", await sourceFile(own, theirs));
  receiver = await start("receiver", theirs, ["--web.enable-remote-write-receiver"]);
  source = await start("source", own, []);
});

afterAll(async () => {
  await source?.server.kill();
  await receiver?.server.kill();
  await agent?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

async function write(name: string, text: string): Promise<void> {
  await writeFile(path.join(folder, name), text);
}

/** As a stack renders it, on a port of this test's, twice a second. */
async function sourceFile(own: number, theirs: number): Promise<string> {
  const to = {
    ...{ name: "central", url: `https://localhost:${theirs}/api/v1/write`, authority: ca },
    authentication: { kind: "basic", user: "writer", password: PASSWORD },
    ...{ metrics: ["up", "prometheus_build*"], shardsMax: 2 },
  } as const;
  const filesFolder = path.join(folder, "remote");
  await mkdir(filesFolder);
  for (const [name, text] of Object.entries(remoteWriteFiles(to))) {
    await write(path.join("remote", name), text);
  }
  return prometheusConfiguration({
    ...{ scrapeSeconds: 5, site: "here", jobs: [], alertmanager: "localhost:9" },
    ...{ self: "localhost", tlsFolder: folder, rulesFolder: folder },
    remoteWrite: { to, filesFolder },
  })
    .replaceAll("localhost:9090", `localhost:${own}`)
    .replaceAll(/(scrape|evaluation)_interval: 5s/g, "$1_interval: 500ms")
    .replace("scrape_timeout: 5s", "scrape_timeout: 400ms");
}

async function start(name: string, port: number, more: readonly string[]): Promise<Running> {
  const { root } = await ensurePackages(["prometheus"]);
  const web = name === "source" ? "web.yml" : "receiver-web.yml";
  const words = [
    `--config.file=${path.join(folder, `${name}.yml`)}`,
    `--web.config.file=${path.join(folder, web)}`,
    `--web.listen-address=127.0.0.1:${port}`,
    `--storage.tsdb.path=${path.join(folder, `${name}-data`)}`,
    "--log.level=error",
    ...more,
  ];
  const server = await supervise(port, () =>
    spawn(path.join(root, "usr/bin/prometheus"), words, {
      env: { ...process.env, ...environmentFor(root) },
      stdio: ["ignore", "ignore", "inherit"],
    }),
  );
  const headers = { authorization: `Basic ${btoa(`writer:${PASSWORD}`)}` };
  const dispatcher =
    name === "source"
      ? agent
      : agent.compose(
          (dispatch) => (options, handler) =>
            dispatch({ ...options, headers: { ...headers } }, handler),
        );
  return { server, client: new PrometheusClient({ url: `https://localhost:${port}`, dispatcher }) };
}

const rangeSchema = z.object({
  result: z.array(z.object({ values: z.array(z.tuple([z.number(), z.string()])) })),
});

/** When samples of a series were taken. */
async function times({ client }: Running, series: string): Promise<number[]> {
  const { result } = rangeSchema.parse(await client.get("query", { query: `${series}[10m]` }));
  return result.flatMap(({ values }) => values.map(([at]) => at));
}

async function atSource(expr: string): Promise<number> {
  const [found] = await source.client.now(expr);
  return found?.value ?? 0;
}

/** What the alert compares. */
function measured(alert: string): string {
  const rule = ALERTS.find((one) => one.alert === alert);
  return rule?.expr.replace(/ > \d+$/, "") ?? "";
}

test("what is named arrives, with the site's name, and nothing else", async () => {
  await expect.poll(() => times(receiver, OWN), ARRIVES).not.toEqual([]);
  const all = await receiver.client.now('{__name__=~".+"}');
  const names = new Set(all.map(({ metric }) => metric["__name__"]));
  expect([...names].sort()).toEqual(["prometheus_build_info", "up"]);
  expect(new Set(all.map(({ metric }) => metric["site"]))).toEqual(new Set(["here"]));
});

test("what is scraped while it is away arrives when it is back, and the alert sees how late it is", async () => {
  const behind = measured("RemoteWriteBehind");
  await expect.poll(() => atSource(behind), ARRIVES).toBeLessThan(5);
  await receiver.server.kill();
  await expect.poll(() => atSource(behind), ARRIVES).toBeGreaterThan(8);
  const meanwhile = await times(source, OWN);
  await receiver.server.start();
  const lost = async () => {
    const there = new Set(await times(receiver, OWN).catch(() => []));
    return meanwhile.filter((at) => !there.has(at)).length;
  };
  await expect.poll(lost, ARRIVES).toBe(0);
  await expect.poll(() => atSource(behind), ARRIVES).toBeLessThan(5);
});

test("what it refuses for good is counted in what the alert reads, until the password is right again", async () => {
  const failed = "sum(prometheus_remote_storage_samples_failed_total)";
  expect(await atSource(failed)).toBe(0);
  await write("remote/password", "another");
  await expect.poll(() => atSource(failed), ARRIVES).toBeGreaterThan(0);
  await expect
    .poll(() => atSource(measured("RemoteWriteLosesSamples")), ARRIVES)
    .toBeGreaterThan(0);
  await write("remote/password", PASSWORD);
  const [from = 0] = (await times(source, OWN)).slice(-1);
  await expect
    .poll(async () => (await times(receiver, OWN)).some((at) => at > from), ARRIVES)
    .toBe(true);
});
