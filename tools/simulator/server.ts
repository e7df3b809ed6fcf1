/** Starts and stops the simulated model server: TLS, delayed readiness, drain. */
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { SimulatorConfig } from "./config.ts";
import { SimulatorService } from "./service.ts";

/** How often a certificate file is compared, and a drain looks whether work is left. */
const CERTIFICATE_INTERVAL_MS = 2_000;
const DRAIN_INTERVAL_MS = 50;

export interface Simulator {
  readonly port: number;
  readonly service: SimulatorService;
  /** Fails /health, serves for the grace, lets running requests end, then closes. */
  drain(): Promise<{ aborted: number }>;
  /** Ends at once; running requests break. */
  kill(): Promise<void>;
}

export async function startSimulator(config: SimulatorConfig): Promise<Simulator> {
  const service = new SimulatorService(config);
  const server = config.tls === null ? http.createServer() : createTlsServer(config.tls);
  // vLLM (uvicorn) closes idle connections after 5 s.
  server.keepAliveTimeout = 5_000;
  server.on("request", (request, response) => void service.handle(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.port, config.host, resolve);
  });
  const timer = setTimeout(() => {
    service.state = "serving";
  }, config.readyDelayMs);
  const reload = config.tls === null ? undefined : reloadCertificate(server, config.tls);
  const close = async (): Promise<void> => {
    clearTimeout(timer);
    clearInterval(reload);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return {
    port: (server.address() as AddressInfo).port,
    service,
    drain: async () => {
      clearTimeout(timer);
      service.state = "leaving";
      await sleep(config.drainGraceMs);
      service.state = "closed";
      server.closeIdleConnections();
      const deadline = performance.now() + config.shutdownTimeoutMs;
      while (service.busy > 0 && performance.now() < deadline) await sleep(DRAIN_INTERVAL_MS);
      const aborted = service.busy;
      // The last bytes of the last answer are still on their way to the client.
      await sleep(DRAIN_INTERVAL_MS);
      await close();
      return { aborted };
    },
    kill: close,
  };
}

type TlsFiles = NonNullable<SimulatorConfig["tls"]>;

function readTls(files: TlsFiles): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) };
}

function createTlsServer(files: TlsFiles): https.Server {
  return https.createServer({ ...readTls(files), minVersion: "TLSv1.3" });
}

/** As vLLM's --enable-ssl-refresh: a changed certificate is taken over without a restart. */
function reloadCertificate(server: http.Server, files: TlsFiles): NodeJS.Timeout {
  let current = readTls(files);
  const timer = setInterval(() => {
    try {
      const next = readTls(files);
      if (next.cert.equals(current.cert) && next.key.equals(current.key)) return;
      (server as https.Server).setSecureContext({ ...next, minVersion: "TLSv1.3" });
      current = next;
    } catch {
      // Half-written files: the former pair stays in force until both fit.
    }
  }, CERTIFICATE_INTERVAL_MS);
  timer.unref();
  return timer;
}
