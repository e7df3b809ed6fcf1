/** Starts and stops the simulated model server: TLS, delayed readiness, drain. */
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { SimulatorConfig } from "./config.ts";
import { SimulatorService } from "./service.ts";

/** How often the certificate's files are compared, and a drain looks whether answers are left. */
const CERTIFICATE_INTERVAL_MS = 2_000;
const DRAIN_INTERVAL_MS = 20;

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
  server.keepAliveTimeout = config.keepAliveMs;
  let open = 0;
  server.on("request", (request, response) => {
    open += 1;
    response.once("close", () => {
      open -= 1;
    });
    void service.handle(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.port, config.host, resolve);
  });
  const timer = setTimeout(() => {
    service.state = "serving";
  }, config.readyDelayMs);
  const reload = config.tls === null ? undefined : reloadCertificate(server, config.tls);
  const stopTimers = () => {
    clearTimeout(timer);
    clearInterval(reload);
  };
  const kill = async () => {
    stopTimers();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return {
    port: (server.address() as AddressInfo).port,
    service,
    drain: async () => {
      stopTimers();
      service.state = "leaving";
      await sleep(config.drainGraceMs);
      service.state = "closed";
      stopListening(server);
      const deadline = performance.now() + config.shutdownTimeoutMs;
      while (open > 0 && performance.now() < deadline) await sleep(DRAIN_INTERVAL_MS);
      const aborted = open;
      await kill();
      return { aborted };
    },
    kill,
  };
}

/**
 * Only that: an HTTP server's own close also destroys connections whose answer was made but has
 * not left yet, which it takes for idle.
 */
function stopListening(server: http.Server): void {
  net.Server.prototype.close.call(server);
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
