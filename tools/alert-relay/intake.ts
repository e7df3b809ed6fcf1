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
  let held = 0;
  const hold = (bytes: number): boolean => {
    held += bytes;
    return held <= limits.heldBytesMax;
  };
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
    let length = 0;
    try {
      const body = await bodyOf(request, (bytes) => {
        length += bytes;
        return hold(bytes);
      });
      if (typeof body !== "string") return answer(response, ...body);
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
    } finally {
      held -= length;
    }
  };
}

/** Digests have one length, and comparing them takes one time. */
function sameToken(token: string): (header: string | undefined) => boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const right = digest(`Bearer ${token}`);
  return (header) => timingSafeEqual(digest(header ?? ""), right);
}

type Refusal = readonly [status: number, text: string];

/**
 * Or how to refuse it: what still comes of it is read and thrown away, since who is still writing would not
 * read an answer. What breaks off ends with its connection.
 */
async function bodyOf(
  request: IncomingMessage,
  hold: (bytes: number) => boolean,
): Promise<string | Refusal> {
  const chunks: Buffer[] = [];
  let length = 0;
  let refusal: Refusal | null = null;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > 2 * limits.bodyBytesMax) break;
    if (length > limits.bodyBytesMax) refusal = [413, `more than ${limits.bodyBytesMax} bytes`];
    else if (refusal === null && !hold(chunk.length))
      refusal = [503, "full: too much is held already"];
    if (refusal === null) chunks.push(chunk);
    else chunks.length = 0;
  }
  return refusal ?? Buffer.concat(chunks).toString("utf8");
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
  const close = status === 200 ? {} : { connection: "close" };
  response.writeHead(status, { ...type, ...close }).end(`${text}\n`);
}
