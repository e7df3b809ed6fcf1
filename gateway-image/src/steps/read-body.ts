/** Reads the body within its bounds of size and time. */

import type { ByteBudget } from "../base/byte-budget.ts";
import type { RequestContext, Step } from "../context.ts";
import { GatewayError } from "../errors.ts";
import type { CallRequest } from "../exchange.ts";
import { limits } from "../limits.ts";

export interface ReadBodyBounds {
  readonly bytesMax: number;
  readonly timeoutMs: number;
}

/** Bodies beyond the usual size, which only some calls may have, and only so many at a time. */
export interface LargeBodies {
  readonly allows: (context: RequestContext) => boolean;
  readonly budget: ByteBudget;
}

const BOUNDS: ReadBodyBounds = {
  bytesMax: limits.bodyBytesMax,
  timeoutMs: limits.bodyTimeoutMs,
};

const JSON_TYPE = /^application\/(?:[a-z0-9.+-]+\+)?json\s*(;|$)/i;
export const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(;|$)/i;

/** Calls that have no body to read keep the empty one. */
export function readBody(
  type: RegExp = JSON_TYPE,
  bounds: ReadBodyBounds = BOUNDS,
  large: LargeBodies | null = null,
): Step {
  return async function readBody(context, next) {
    const { request } = context;
    const given = request.headers["content-type"] ?? "";
    const encoding = request.headers["content-encoding"] ?? "identity";
    if (!type.test(given) || encoding !== "identity") {
      throw new GatewayError("unsupported_media_type");
    }
    const bytes = Number(request.headers["content-length"] ?? 0);
    if (bytes > bounds.bytesMax) {
      if (large === null || !large.allows(context)) throw new GatewayError("body_too_large");
      hold(context, large.budget, bytes);
    }
    const bytesMax = Math.max(bytes, bounds.bytesMax);
    context.body = await collect(request, { ...bounds, bytesMax });
    await next();
  };
}

/** Until the answer has ended; a length that is not told beforehand is held to the usual size. */
function hold({ response }: RequestContext, budget: ByteBudget, bytes: number): void {
  if (bytes > limits.imageBodyBytesMax) throw new GatewayError("body_too_large");
  if (!budget.take(bytes)) {
    throw new GatewayError("large_bodies_busy", { retryAfterMs: limits.largeBodiesRetryMs });
  }
  if (response.destroyed) budget.give(bytes);
  else response.once("close", () => budget.give(bytes));
}

/** As above for calls that may come without a body: then the empty one is kept. */
export function readOptionalBody(): Step {
  const read = readBody();
  return async function readOptionalBody(context, next) {
    const { headers } = context.request;
    const empty = headers["transfer-encoding"] === undefined && !Number(headers["content-length"]);
    return empty ? next() : read(context, next);
  };
}

const EMPTY = Buffer.alloc(0);

function collect(request: CallRequest, bounds: ReadBodyBounds): Promise<Buffer> {
  // A call on a WebSocket has its body, and so has one whose caller took a while to be known: nothing has to be
  // watched meanwhile. Node tells of a request before the body that came in one piece with its head; to look for
  // that a turn later saves 0.05 ms, and has Redis asked so much later that a first event comes 0.3 ms later.
  const isHere = request.complete && !request.destroyed;
  if (isHere && request.readableLength <= bounds.bytesMax) {
    return Promise.resolve(request.read() ?? EMPTY);
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (end: () => void) => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
      end();
    };
    const fail = (error: GatewayError) =>
      settle(() => {
        // The rest is let through unread until the connection is closed after the answer.
        request.on("error", () => {});
        request.resume();
        reject(error);
      });
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bounds.bytesMax) fail(new GatewayError("body_too_large"));
      else chunks.push(chunk);
    };
    const onEnd = () => settle(() => resolve(Buffer.concat(chunks, bytes)));
    const onGone = () => fail(new GatewayError("client_closed"));
    const timer = setTimeout(() => fail(new GatewayError("body_timeout")), bounds.timeoutMs);
    request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  });
}
