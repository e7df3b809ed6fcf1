/**
 * Every handshake that a listener may meet: each version of TLS, with no, a known and an unknown server
 * name, by a client that can speak them all. What the server chose, or the alert by which it refused.
 */
import type net from "node:net";
import tls from "node:tls";
import { ANSWER_MS, type Listener, reasonOf } from "./listener.ts";

export const VERSIONS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const;
export type Version = (typeof VERSIONS)[number];

export interface Attempt {
  readonly version: Version;
  /** null: the client names nobody. */
  readonly serverName: string | null;
  /** Shown as the client's own, where given. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

export interface Answer {
  /**
   * "agreed": on `said`; "refused": by the alert `said`; "silent": the connection ended without a word, so
   * that nobody knows why; "plain": it answers something else than TLS.
   */
  readonly kind: "agreed" | "refused" | "silent" | "plain";
  readonly said: string;
  /** The server's chain, the leaf first, where one was agreed on. */
  readonly chain: readonly Buffer[];
}

/** Nothing of it is verified here: what was shown is judged afterwards. */
export async function handshake(listener: Listener, attempt: Attempt): Promise<Answer> {
  let socket: net.Socket;
  try {
    socket = await listener.connect();
    if (listener.speaks === "postgres") await askPostgres(socket);
    // Of whom the connection is, is not said: what is asked is not who may come.
    if (listener.speaks === "proxied") socket.write("PROXY UNKNOWN\r\n");
  } catch (cause) {
    return { kind: "silent", said: reasonOf(cause), chain: [] };
  }
  return agree(socket, attempt);
}

function agree(socket: net.Socket, { version, serverName, certificate }: Attempt): Promise<Answer> {
  return new Promise((resolve) => {
    const end = (answer: Answer) => {
      resolve(answer);
      secured.destroy();
      socket.destroy();
    };
    const secured = tls.connect({
      socket,
      ...(serverName === null ? {} : { servername: serverName }),
      ...certificate,
      minVersion: version,
      maxVersion: version,
      // Without it the client itself refuses what is older than 1.2. Suites of 1.3 have their own list.
      ...(version === "TLSv1.3" ? {} : { ciphers: "ALL:@SECLEVEL=0" }),
      rejectUnauthorized: false,
    });
    secured.setTimeout(ANSWER_MS, () => end({ kind: "silent", said: "no answer", chain: [] }));
    secured.once("secureConnect", () =>
      end({ kind: "agreed", said: secured.getProtocol() ?? "", chain: chainOf(secured) }),
    );
    secured.once("error", (cause) => end(refusal(cause)));
    secured.once("close", () => end({ kind: "silent", said: "closed", chain: [] }));
  });
}

const ALERT = /^ERR_SSL_(?:SSL|TLS)V?[\d_]*_?(?:ALERT_)(.+)$|^ERR_SSL_SSL\/TLS_ALERT_(.+)$/;
const NO_TLS =
  /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNEXPECTED_MESSAGE)$/;

function refusal(cause: NodeJS.ErrnoException): Answer {
  const code = cause.code ?? "";
  const [, one, other] = ALERT.exec(code) ?? [];
  const alert = one ?? other;
  if (alert !== undefined) {
    return { kind: "refused", said: alert.toLowerCase().replaceAll("_", " "), chain: [] };
  }
  return { kind: NO_TLS.test(code) ? "plain" : "silent", said: reasonOf(cause), chain: [] };
}

function chainOf(socket: tls.TLSSocket): Buffer[] {
  const chain: Buffer[] = [];
  let next: tls.DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && !chain.some((one) => one.equals(next?.raw ?? one))) {
    chain.push(next.raw);
    next = next.issuerCertificate;
  }
  return chain;
}

/** The protocol's SSLRequest; a server without TLS says N. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

function askPostgres(socket: net.Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.setTimeout(ANSWER_MS, () => reject(new Error("no answer to the request for TLS")));
    socket.once("error", reject);
    socket.once("data", (answer: Buffer) => {
      socket.setTimeout(0);
      socket.removeListener("error", reject);
      if (answer.toString("latin1") === "S") resolve();
      else reject(new Error("the server takes no TLS"));
    });
    socket.write(SSL_REQUEST);
  });
}

/** The first line of what a listener without TLS answers to plain HTTP; null: it does not. */
export async function plainAnswer(listener: Listener): Promise<string | null> {
  const socket = await listener.connect().catch(() => null);
  if (socket === null) return null;
  return new Promise((resolve) => {
    let text = "";
    const end = () => {
      resolve(text.startsWith("HTTP/") ? text : null);
      socket.destroy();
    };
    socket.setTimeout(ANSWER_MS, end);
    socket.on("error", end);
    socket.on("close", end);
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (text.includes("\r\n\r\n") || text.length > 8_192) end();
    });
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  });
}
