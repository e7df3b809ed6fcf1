/**
 * What kubelet and Prometheus ask a small program of ours: plain answers by path, over TLS 1.3 in a
 * pod and without it on loopback only.
 */
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";

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

/** The status and the text of what was asked for. */
export type AnswerTo = (url: string) => readonly [status: number, text: string];

/** One number in Prometheus' text format. */
export type Sample = readonly [
  name: string,
  type: "counter" | "gauge",
  help: string,
  value: number,
];

/** A scraper or kubelet asks in milliseconds. */
const REQUEST_MS = 5_000;

export async function watch(options: WatchOptions, answerTo: AnswerTo): Promise<Watch> {
  const { tls, port } = options;
  const answer = (request: http.IncomingMessage, response: http.ServerResponse) => {
    const [status, text] = answerTo(request.url ?? "");
    response.writeHead(status, { "content-type": "text/plain; version=0.0.4" }).end(text);
  };
  const own = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS };
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

/** Prometheus' text format: a handful of numbers needs no library. */
export function exposition(samples: readonly Sample[]): string {
  return samples
    .map(([name, type, help, value]) =>
      [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name} ${value}`, ""].join("\n"),
    )
    .join("");
}

function pairOf({ certFile, keyFile }: NonNullable<WatchOptions["tls"]>) {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}
