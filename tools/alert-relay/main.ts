/**
 * Tells alerts to those whom Alertmanager does not speak to itself: robots of WeCom, DingTalk and Feishu,
 * Teams, text messages, ticket systems. It keeps nothing: an answer of 200 means that the channel took it.
 */
import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { log, runProgram, takeOver } from "../base/program.ts";
import { type RelayConfig, readConfig } from "./config.ts";
import { intake } from "./intake.ts";
import { limits } from "./limits.ts";
import { Metrics } from "./metrics.ts";
import { Relay } from "./relay.ts";
import { sender } from "./send.ts";

async function run(): Promise<void> {
  const config = readConfig();
  const { channels, replicas, token } = config;
  const metrics = new Metrics(channels);
  const relay = new Relay({ channels, replicas, metrics, log, send: sender(config.authority) });
  let ready = true;
  const take = intake({ relay, token, metrics, log });
  const front = await listen(config, config.port, (request, response) => {
    // The next request finds the other pod.
    if (!ready) response.shouldKeepAlive = false;
    // A request that breaks off is sent again by whoever sent it.
    take(request, response).catch((error) => {
      log("warn", "a request broke off", { reason: String(error) });
      response.destroy();
    });
  });
  const watch = await listen(config, config.metricsPort, (request, response) => {
    const { url } = request;
    const head = { "content-type": "text/plain; version=0.0.4" };
    if (url === "/livez") response.writeHead(200, head).end("alive\n");
    else if (url === "/readyz") response.writeHead(ready ? 200 : 503, head).end("\n");
    else if (url === "/metrics")
      response.writeHead(200, head).end(metrics.text((name) => relay.waiting(name)));
    else response.writeHead(404, head).end("there is /livez, /readyz and /metrics\n");
  });
  const renewal = setInterval(() => {
    for (const server of [front, watch]) takeOver(() => reload(server, config));
  }, limits.reloadMs).unref();
  log("info", "relays alerts", {
    ...{ port: portOf(front), metricsPort: portOf(watch) },
    channels: channels.map(({ name, kind }) => `${name} (${kind})`),
  });
  await new Promise((resolve) => {
    process.once("SIGTERM", resolve).once("SIGINT", resolve);
  });
  ready = false;
  front.close();
  front.closeIdleConnections();
  const deadline = Date.now() + limits.drainMs;
  while (!relay.idle && Date.now() < deadline) await sleep(50);
  const kept = channels.reduce((sum, { name }) => sum + relay.waiting(name), 0);
  relay.stop();
  log(kept === 0 ? "info" : "warn", "ends", { notDelivered: kept });
  // Answers are on their way.
  await sleep(50);
  clearInterval(renewal);
  for (const server of [front, watch]) server.closeAllConnections();
  watch.close();
}

async function listen(
  config: RelayConfig,
  port: number,
  answer: RequestListener,
): Promise<https.Server> {
  const server = https.createServer(
    {
      ...{ ...pairOf(config), minVersion: "TLSv1.3" },
      ...{ requestTimeout: limits.requestMs, headersTimeout: limits.requestMs },
      keepAliveTimeout: limits.keepAliveMs,
    },
    answer,
  );
  server.maxConnections = limits.connectionsMax;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, resolve);
  });
  return server;
}

function pairOf({ certFile, keyFile }: RelayConfig) {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

function reload(server: https.Server, config: RelayConfig): void {
  server.setSecureContext({ ...pairOf(config), minVersion: "TLSv1.3" });
}

function portOf(server: https.Server): number {
  return (server.address() as AddressInfo).port;
}

await runProgram(run);
