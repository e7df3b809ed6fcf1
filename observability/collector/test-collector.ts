/**
 * A Collector and its agent as they run on a site, on loopback, told what the site's are told; what is
 * changed is said here: places, ports, shorter waits, and JSON on the wire so that the store can read it.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import https from "node:https";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { parse, stringify } from "yaml";
import { silentProgress } from "../../tools/base/progress.ts";
import { ensureCollector } from "../../tools/collector/program.ts";
import { createAuthority, issueCertificate } from "../../tools/pki/authority.ts";
import { freePort } from "../../tools/servers/supervised.ts";
import { agentConfiguration, COLLECTOR_FEATURES, collectorConfiguration } from "./configuration.ts";

const TOKEN = "the-token-of-the-store";
const READY_MS = 60_000;

/** biome-ignore lint/suspicious/noExplicitAny: what comes over the wire is read as the tests expect it. */
export type Loose = any;

export interface Stub {
  readonly url: string;
  /** Bodies of what it took. */
  readonly taken: Loose[];
  /** The status that it answers with. */
  status: number;
  readonly refused: string[];
  close(): Promise<void>;
}

export interface Part {
  readonly name: string;
  start(): Promise<void>;
  /** As kill -9. */
  kill(): Promise<void>;
  /** As kubelet does at a rollout. */
  stop(): Promise<void>;
  metrics(options?: https.RequestOptions): Promise<string>;
  output(): string;
}

export interface TestSite {
  readonly folder: string;
  readonly ca: string;
  readonly store: Stub;
  readonly collector: Part;
  readonly agent: Part;
  /** An agent of a Collector that never was, told to give up after a second. */
  readonly stranded: Part;
  readonly ingest: number;
  /** Puts another certificate of the same authority where the first was; returns its fingerprint. */
  renew(): Promise<string>;
  close(): Promise<void>;
}

export async function startSite(diskMebibytes: number): Promise<TestSite> {
  const program = await ensureCollector(silentProgress);
  const folder = await mkdtemp(path.join(os.tmpdir(), "collector-test-"));
  const tlsFolder = path.join(folder, "tls");
  await mkdir(tlsFolder);
  const authority = await createAuthority("collector test", 1);
  const named = { commonName: "test", dnsNames: ["localhost"], usage: "server", days: 1 } as const;
  const pair = await issueCertificate(authority, named);
  const files = { "ca.crt": authority.certificate, "tls.crt": pair.certificate, token: TOKEN };
  for (const [name, text] of Object.entries({ ...files, "tls.key": pair.key })) {
    await writeFile(path.join(tlsFolder, name), text);
  }
  const renew = async () => {
    const next = await issueCertificate(authority, named);
    // Between the two the pair does not fit, and the Collector stays with the former one.
    await writeFile(path.join(tlsFolder, "tls.crt"), next.certificate);
    await writeFile(path.join(tlsFolder, "tls.key"), next.key);
    return new X509Certificate(next.certificate).fingerprint256;
  };
  const ca = authority.certificate;
  const store = await startStore({ cert: pair.certificate, key: pair.key });
  const ports = async () => ({
    ...{ otlp: await freePort(), metrics: await freePort(), health: await freePort() },
  });
  const ours = await ports();
  const authorityFile = path.join(tlsFolder, "ca.crt");
  const common = { tlsFolder, dataFolder: path.join(folder, "collector") };
  const collector = collectorConfiguration({
    ...common,
    ...{ ports: ours, ownMetricsPort: await freePort(), diskMebibytes },
    stores: {
      logs: {
        ...{ url: `${store.url}/otlp/v1/logs`, authorityFile },
        ...{ tokenFile: path.join(tlsFolder, "token"), headers: { "X-Scope-OrgID": "a$b" } },
      },
      traces: { url: `${store.url}/v1/traces`, authorityFile },
    },
  });
  const agent = async (name: string, port: number) => {
    const own = await ports();
    const text = agentConfiguration({
      ...{ tlsFolder, dataFolder: path.join(folder, name), ports: own },
      ...{ ownMetricsPort: await freePort(), podsFolder: path.join(folder, "pods") },
      ...{ namespaces: ["deepseek", "monitoring"], excluded: ["monitoring_collector-"] },
      ...{ site: "here", collector: `https://localhost:${port}` },
    });
    return part(name, text, own.metrics);
  };
  await mkdir(path.join(folder, "pods"));
  const part = (name: string, text: string, port: number) => {
    const patience = name === "stranded" ? "1s" : undefined;
    return partOf({ name, program, folder, ca, port, text: hurried(text, patience) });
  };
  const parts = {
    collector: part("collector", collector, ours.metrics),
    agent: await agent("agent", ours.otlp),
    stranded: await agent("stranded", await freePort()),
  };
  return {
    ...{ folder, ca, store, ...parts, ingest: ours.otlp, renew },
    close: async () => {
      await Promise.all(Object.values(parts).map((one) => one.kill()));
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits of a second, metrics twice a second, JSON to the store. */
function hurried(text: string, max_elapsed_time?: string): string {
  const document = parse(text) as Loose;
  for (const retry of [
    ...Object.values<Loose>(document.exporters).map((one) => one.retry_on_failure),
    document.receivers.file_log?.retry_on_failure,
  ]) {
    if (retry?.enabled !== true) continue;
    Object.assign(retry, { initial_interval: "200ms", max_interval: "500ms" });
    if (max_elapsed_time !== undefined) Object.assign(retry, { max_elapsed_time });
  }
  for (const [name, exporter] of Object.entries<Loose>(document.exporters)) {
    if (name !== "prometheus" && !name.endsWith("/collector")) exporter.encoding = "json";
    if (exporter.sending_queue === undefined) continue;
    exporter.sending_queue.batch.flush_timeout = "100ms";
    // One line waits, and the next finds no room.
    if (max_elapsed_time === undefined) continue;
    exporter.sending_queue = { storage: exporter.sending_queue.storage, queue_size: 1 };
  }
  document.service.telemetry.metrics.readers[0].periodic.interval = 500;
  return stringify(document);
}

interface PartSettings {
  readonly name: string;
  readonly program: string;
  readonly folder: string;
  readonly ca: string;
  readonly port: number;
  readonly text: string;
}

function partOf({ name, program, folder, ca, port, text }: PartSettings): Part {
  let child: ChildProcess | null = null;
  let output = "";
  const metrics = (options: https.RequestOptions = {}) => ask(port, ca, options);
  const end = async (signal: NodeJS.Signals) => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  return {
    name,
    metrics,
    output: () => output,
    start: async () => {
      const file = path.join(folder, `${name}.yaml`);
      await writeFile(file, text);
      const args = ["--config", file, `--feature-gates=${COLLECTOR_FEATURES}`];
      const running = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
      child = running;
      for (const stream of [running.stdout, running.stderr]) {
        stream.on("data", (chunk: Buffer) => {
          output += chunk.toString();
        });
      }
      await until(`${name} answers`, async () => {
        if (running.exitCode !== null) throw new Error(`${name} ended:\n${output}`);
        return (await metrics().catch(() => "")) !== "";
      });
    },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
  };
}

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await sleep(100);
  }
}

function ask(port: number, ca: string, options: https.RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const address = { host: "127.0.0.1", port, path: "/metrics", servername: "localhost" };
    const request = https.get(
      { ...address, ca, agent: false, timeout: 5_000, minVersion: "TLSv1.3", ...options },
      (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on("end", () => resolve(body));
      },
    );
    request.on("timeout", () => request.destroy(new Error("no answer in 5 s")));
    request.on("error", reject);
  });
}

/** Takes what a store takes: OTLP over HTTP with TLS, lines only of whoever has the token. */
async function startStore(pair: { cert: string; key: string }): Promise<Stub> {
  const [taken, refused]: [Loose[], string[]] = [[], []];
  const server = https.createServer({ ...pair, minVersion: "TLSv1.3" }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { authorization, "x-scope-orgid": tenant } = request.headers;
      const lines = request.url === "/otlp/v1/logs";
      const known = !lines || (authorization === `Bearer ${TOKEN}` && tenant === "a$b");
      if (!known) refused.push(`${request.url} ${authorization} ${String(tenant)}`);
      const status = known ? stub.status : 401;
      if (status === 200) taken.push(JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()));
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const stub: Stub = {
    ...{ url: `https://localhost:${port}`, taken, refused, status: 200 },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return stub;
}
