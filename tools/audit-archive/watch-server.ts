/**
 * What kubelet and Prometheus ask. Ready means that it has looked at the trail, not that the archive
 * answers: a sidecar that is not ready takes its pod out of service, and an archive that is away for
 * an hour must not stop a gateway whose trail is whole on its own disk. That is what the metrics are for.
 */
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { Archiver } from "./archiver.ts";
import { limits } from "./limits.ts";

export interface WatchOptions {
  readonly port: number;
  /** null: plain HTTP, on loopback only. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
}

export interface Watch {
  readonly port: number;
  /** Takes over a certificate that was renewed. */
  reload(): void;
  close(): void;
}

export async function watch(options: WatchOptions, archiver: Archiver): Promise<Watch> {
  const { tls, port } = options;
  const answer = (request: http.IncomingMessage, response: http.ServerResponse) => {
    const [status, text] = answerTo(request.url ?? "", archiver);
    response.writeHead(status, { "content-type": "text/plain; version=0.0.4" }).end(text);
  };
  const own = { requestTimeout: limits.requestMs, headersTimeout: limits.requestMs };
  const secure =
    tls === null
      ? null
      : https.createServer({ ...own, ...pairOf(tls), minVersion: "TLSv1.3" }, answer);
  const server = secure ?? http.createServer(own, answer);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, tls === null ? "127.0.0.1" : undefined, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    reload: () => {
      if (tls !== null) secure?.setSecureContext({ ...pairOf(tls), minVersion: "TLSv1.3" });
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function pairOf({ certFile, keyFile }: NonNullable<WatchOptions["tls"]>) {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

function answerTo(url: string, archiver: Archiver): readonly [number, string] {
  if (url === "/livez") return [200, "alive\n"];
  if (url === "/readyz") {
    return archiver.standing === null ? [503, "has not looked yet\n"] : [200, "ready\n"];
  }
  if (url === "/metrics") return [200, metricsOf(archiver)];
  return [404, "there is /livez, /readyz and /metrics\n"];
}

/** Prometheus' text format: four numbers need no library. */
function metricsOf({ standing, shippedTotal, faultsTotal }: Archiver): string {
  const rows: readonly (readonly [name: string, type: string, help: string, value: number])[] = [
    [
      "audit_archive_pending_segments",
      "gauge",
      "Segments of the audit trail that are not archived.",
      standing?.pending ?? 0,
    ],
    [
      "audit_archive_oldest_pending_seconds",
      "gauge",
      "For how long the oldest of them waits.",
      standing?.oldestSeconds ?? 0,
    ],
    [
      "audit_archive_late_days",
      "gauge",
      "Days of which something waits for longer than it may.",
      standing?.late.length ?? 0,
    ],
    [
      "audit_archive_shipped_total",
      "counter",
      "Segments archived, also those that were there already.",
      shippedTotal,
    ],
    [
      "audit_archive_faults_total",
      "counter",
      "Segments that a round could not archive.",
      faultsTotal,
    ],
  ];
  return rows
    .map(([name, type, help, value]) =>
      [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name} ${value}`, ""].join("\n"),
    )
    .join("");
}
