/** Something that listens, however it is reached: by its address, or through a way into the cluster. */
import net from "node:net";

export interface Listener {
  /** `monitoring/prometheus-0 web 9090`: as reports name it. */
  readonly name: string;
  /** A name that its certificate has; null: none is known beforehand. */
  readonly serverName: string | null;
  /** PostgreSQL is asked for TLS in its own protocol; behind a balancer the PROXY protocol comes first. */
  readonly speaks: "tls" | "postgres" | "proxied";
  readonly connect: () => Promise<net.Socket>;
  /** Nobody asks it, nor those before it that came the same way, any more. */
  readonly close?: () => void;
}

/** For one answer. A listener that is well takes milliseconds. */
export const ANSWER_MS = 5_000;

export function connectTo(host: string, port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port });
    socket.setTimeout(ANSWER_MS, () =>
      socket.destroy(new Error(`no connection to ${host}:${port}`)),
    );
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.removeListener("error", reject);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

/** What Node says of a failed connection, also where it tried several addresses. */
export function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join("; ");
  const code = (cause as { code?: unknown } | null)?.code;
  const text = cause instanceof Error ? cause.message : String(cause);
  return typeof code === "string" && !text.includes(code) ? `${code} ${text}`.trim() : text;
}
