/** GET /metrics on a port of its own, which the edge never reaches. */
import { X509Certificate } from "node:crypto";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import { keysEnding } from "./directory/keys-ending.ts";
import { limits } from "./limits.ts";
import type { Parts } from "./parts.ts";

export function createMetricsServer(parts: Parts): http.Server | https.Server {
  const certificate = parts.certificate?.current;
  const options = { maxHeaderSize: limits.headerBytesMax };
  const onRequest = (request: IncomingMessage, response: ServerResponse) =>
    void answer(parts, request, response);
  const server =
    certificate === undefined
      ? http.createServer(options, onRequest)
      : https.createServer({ ...options, ...certificate, minVersion: "TLSv1.3" }, onRequest);
  server.headersTimeout = limits.headersTimeoutMs;
  server.requestTimeout = limits.headersTimeoutMs;
  return server;
}

async function answer(
  parts: Parts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== "GET" || request.url !== "/metrics") {
    response.writeHead(404).end();
    return;
  }
  const { registry, ledgerLag, ledgerRows, writeAheadBytes, auditLag, certificateExpires } =
    parts.metrics;
  const { oldest, rows, loggedBytes } = parts.ledgerQueue;
  parts.metrics.memoryLimit.set(process.constrainedMemory());
  // Looked at when somebody asks: they change with every call.
  ledgerRows.set(rows);
  writeAheadBytes.set(loggedBytes);
  ledgerLag.set(oldest === null ? 0 : (parts.clock.wallMs() - oldest.getTime()) / 1000);
  auditLag.set((parts.audit?.lagMs ?? 0) / 1000);
  const certificate = parts.certificate?.current;
  if (certificate !== undefined) {
    const { validToDate } = new X509Certificate(certificate.cert);
    certificateExpires.set({ certificate: "server" }, validToDate.getTime() / 1000);
  }
  setKeysEnding(parts);
  try {
    const page = await registry.metrics();
    response.writeHead(200, { "content-type": registry.contentType }).end(page);
  } catch (cause) {
    parts.log.error({ cause }, "metrics cannot be written");
    response.writeHead(500).end();
  }
}

const KINDS = { api_key: "apiKey", access_key: "accessKey" } as const;

/** Once more for each scrape: a change of the directory and the time both move it. */
function setKeysEnding({ directory, clock, metrics }: Parts): void {
  metrics.keyEarliestEnd.reset();
  for (const [kind, entities] of Object.entries(KINDS)) {
    const keys = directory.list(entities).map(({ entity }) => entity);
    const { soon, earliestMs } = keysEnding(keys, clock.wallMs(), limits.keyEndSaidMs);
    metrics.keysExpiring.set({ kind }, soon);
    // Without an end there is no series: a nought would be the year 1970.
    if (earliestMs !== null) metrics.keyEarliestEnd.set({ kind }, earliestMs / 1_000);
  }
}
