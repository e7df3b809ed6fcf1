/**
 * A gateway from start to stop: listeners first (so that probes see `starting`), then the stores,
 * then ready. Stop: unready at once, serve on for the grace, let requests end, write what is owed.
 */
import type { Server as TlsServer } from "node:https";
import { type AddressInfo, Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { DestinationStream } from "pino";
import { anchorsOf } from "./audit/audit-anchor-store.ts";
import { checkOwnTrail } from "./audit/self-check.ts";
import type { Clock } from "./base/clock.ts";
import type { Config } from "./config.ts";
import { passwordReader } from "./files.ts";
import { ensureAdministrator } from "./identity/first-administrator.ts";
import { limits } from "./limits.ts";
import { createMetricsServer } from "./metrics-server.ts";
import { createParts, type Parts } from "./parts.ts";
import type { Lifecycle } from "./runner.ts";
import { createServer } from "./server.ts";

export interface Gateway {
  readonly port: number;
  readonly metricsPort: number;
  readonly parts: Parts;
  /** Resolves when the stores have answered once. */
  readonly ready: Promise<void>;
  /** Ordered stop; resolves with the number of requests that had to be cut. */
  stop(): Promise<number>;
}

/** How often the end of the last request is looked for. */
const DRAIN_INTERVAL_MS = 50;
/** A TLS connection to a store that is there takes some 30 ms, so a start need not take a second. */
const FIRST_PAUSE_MS = 50;

export async function startGateway(
  config: Config,
  destination?: DestinationStream,
): Promise<Gateway> {
  const parts = createParts(config, destination);
  const lifecycle: { state: Lifecycle["state"]; busy: number } = { state: "starting", busy: 0 };
  const app = createServer(parts, lifecycle);
  const metricsServer = createMetricsServer(parts);
  await app.listen({ port: config.GW_PORT, host: config.GW_HOST });
  await listen(metricsServer, config.GW_METRICS_PORT, config.GW_HOST);
  reloadCertificate(parts, [app.server, metricsServer]);
  const port = portOf(app.server);
  const metricsPort = portOf(metricsServer);
  parts.log.info({ port, metrics_port: metricsPort, version: parts.version }, "listening");

  const stopping = new AbortController();
  const ready = prepareStores(parts, stopping.signal).then(() => {
    if (stopping.signal.aborted) return;
    parts.probes?.start();
    parts.jobRunner.start();
    parts.fineTuning.start();
    void watchTrail(parts, stopping.signal);
    void tellOfTransfers(parts, stopping.signal);
    lifecycle.state = "ready";
    parts.log.info("ready");
  });
  const stop = async (): Promise<number> => {
    stopping.abort();
    lifecycle.state = "draining";
    parts.log.info({ busy: lifecycle.busy }, "draining");
    parts.probes?.stop();
    await sleep(config.GW_DRAIN_GRACE_MS);
    stopListening(app.server);
    parts.sockets.drain();
    const jobs = parts.jobRunner.stop(config.GW_DRAIN_TIMEOUT_MS);
    const deadlineMs = parts.clock.monotonicMs() + config.GW_DRAIN_TIMEOUT_MS;
    const cut = await waitForRequests(lifecycle, parts.clock, deadlineMs);
    await Promise.all([jobs, parts.fineTuning.stop(), endSockets(parts)]);
    app.server.close();
    app.server.closeAllConnections();
    metricsServer.close();
    metricsServer.closeAllConnections();
    await parts.ledgerQueue.drain(limits.ledgerTimeoutMs);
    await parts.audit?.close();
    await parts.close();
    parts.log.info({ cut }, "stopped");
    return cut;
  };
  return { port, metricsPort, parts, ready, stop };
}

/** Tries until the stores answer; they may start after the gateway does. */
async function prepareStores(parts: Parts, signal: AbortSignal): Promise<void> {
  const attempt = async (what: string, work: () => Promise<void>) => {
    let pauseMs = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      try {
        await work();
        return;
      } catch (cause) {
        parts.log.warn({ cause, what }, "not ready yet");
        await sleep(pauseMs, undefined, { signal }).catch(() => {});
        pauseMs = Math.min(pauseMs * 2, limits.ledgerRetryMs);
      }
    }
  };
  await Promise.all([
    attempt("ledger", () => prepareLedger(parts)),
    attempt("jobs", () => parts.jobs.prepare()),
    attempt("fine-tuning jobs", () => parts.fineTunings.prepare()),
    attempt("audit trail", () => startAudit(parts)),
    attempt("quota store", () => parts.quotaStore.ping()),
    attempt("directory", () => startDirectory(parts)),
  ]);
}

async function prepareLedger(parts: Parts): Promise<void> {
  await parts.ledger.prepare();
  const owed = parts.ledgerQueue.start(new Date(parts.clock.wallMs()));
  if (owed > 0) parts.log.warn({ rows: owed }, "rows that an earlier process owed are written");
}

async function startAudit(parts: Parts): Promise<void> {
  await parts.anchors.prepare();
  await parts.audit?.start();
}

async function watchTrail(parts: Parts, signal: AbortSignal): Promise<void> {
  const { audit: trail, anchors, config, clock, metrics, log } = parts;
  if (trail === null) return;
  const check = {
    trail,
    anchors: () => anchorsOf(anchors, config.GW_SITE, config.GW_INSTANCE),
    pauseMs: limits.auditSelfCheckMs,
    restFactor: limits.auditSelfCheckRest,
    monotonicMs: () => clock.monotonicMs(),
    onVerdict: (faults: number) => {
      metrics.auditChainFaults.set(faults);
      if (faults > 0) log.error({ faults }, "the audit trail was changed");
    },
    onFault: (cause: unknown) => log.warn({ cause }, "the audit trail could not be checked"),
  };
  await checkOwnTrail(check, signal);
}

/** What was exported or merged beside a gateway stands in the audit trail of one that runs. */
async function tellOfTransfers(parts: Parts, signal: AbortSignal): Promise<void> {
  const { audit, tellTransfers, log } = parts;
  if (audit === null || tellTransfers === undefined) return;
  while (!signal.aborted) {
    await tellTransfers((requestId, { kind, actor, site, ...detail }) =>
      audit.append({
        ...{ action: `ledger_${kind}`, actor, tenant: null, address: "", requestId },
        ...{ outcome: "allowed", target: site, detail },
      }),
    ).catch((cause: unknown) => log.warn({ cause }, "transfers of the ledger are not told yet"));
    await sleep(limits.ledgerTransferLookMs, undefined, { signal, ref: false }).catch(() => {});
  }
}

async function startDirectory(parts: Parts): Promise<void> {
  await parts.directory.start();
  const password = passwordReader(parts.config.GW_ADMIN_PASSWORD_FILE)();
  if (password === null) return;
  const made = await ensureAdministrator(parts.directory, password);
  if (made) parts.log.warn("the first administrator was made and must change the password");
}

/**
 * Only that: an HTTP server's own close also destroys connections whose answer was made but has
 * not left yet, which it takes for idle.
 */
function stopListening(server: Server): void {
  Server.prototype.close.call(server);
}

async function waitForRequests(
  lifecycle: Lifecycle,
  clock: Clock,
  deadlineMs: number,
): Promise<number> {
  while (lifecycle.busy > 0 && clock.monotonicMs() < deadlineMs) await sleep(DRAIN_INTERVAL_MS);
  return lifecycle.busy;
}

/** Closing is a handshake as well; who does not take part in it is cut. */
async function endSockets({ sockets, clock }: Parts): Promise<void> {
  const deadlineMs = clock.monotonicMs() + limits.socketCloseMs;
  while (sockets.size > 0 && clock.monotonicMs() < deadlineMs) await sleep(DRAIN_INTERVAL_MS);
  sockets.terminate();
}

function reloadCertificate(parts: Parts, servers: readonly Server[]): void {
  parts.certificate?.onChange((certificate) => {
    for (const server of servers) {
      (server as TlsServer).setSecureContext({ ...certificate, minVersion: "TLSv1.3" });
    }
    parts.log.info("a new certificate is in use");
  });
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
