/**
 * Where Alertmanager sends to: `POST /channels/NAME` with its token, TLS 1.3. It is answered when the
 * channel has taken the message, or with 503 when it has not: Alertmanager then sends it again.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { limits } from "./limits.ts";
import type { Metrics } from "./metrics.ts";
import { notificationSchema } from "./notification.ts";
import type { Log, Relay } from "./relay.ts";

export interface IntakeParts {
  readonly relay: Relay;
  readonly token: string;
  readonly metrics: Metrics;
  readonly log: Log;
}

const PATH = /^\/channels\/([a-z0-9-]{1,48})$/;

export function intake({ relay, token, metrics, log }: IntakeParts) {
  const isRight = sameToken(token);
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // Nobody learns without the token which channels there are.
    if (!isRight(request.headers.authorization)) {
      metrics.unauthorized();
      request.resume();
      return answer(response, 401, "the token is not right");
    }
    const [, channel = ""] = PATH.exec(request.url ?? "") ?? [];
    if (!relay.has(channel)) return answer(response, 404, "no such channel");
    if (request.method !== "POST") return answer(response, 405, "POST");
    const body = await bodyOf(request);
    if (body === null) return answer(response, 413, `more than ${limits.bodyBytesMax} bytes`);
    const notification = notificationOf(body);
    if (notification === null) {
      log("error", "what was sent is no notification of version 4", { channel });
      return answer(response, 400, "no notification of version 4");
    }
    const left = new AbortController();
    response.once("close", () => left.abort());
    const outcome = await relay.tell(channel, notification, left.signal);
    if (outcome.kind === "delivered") return answer(response, 200, "delivered");
    answer(response, 503, `${outcome.kind}: ${outcome.reason}`);
  };
}

/** Digests have one length, and comparing them takes one time. */
function sameToken(token: string): (header: string | undefined) => boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const right = digest(`Bearer ${token}`);
  return (header) => timingSafeEqual(digest(header ?? ""), right);
}

/** null: it is too long. What breaks off ends with its connection. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limits.bodyBytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function notificationOf(body: string) {
  try {
    const parsed = notificationSchema.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  if (response.destroyed || response.headersSent) return;
  const type = { "content-type": "text/plain; charset=utf-8" };
  // Whatever was not read of a request must not be taken for the next one.
  const close = status === 413 || status === 401 ? { connection: "close" } : {};
  response.writeHead(status, { ...type, ...close }).end(`${text}\n`);
}
