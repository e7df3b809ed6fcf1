/** A call on a WebSocket as a request: the headers of the connection's opening, and a body. */
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { GatewayError } from "../errors.ts";
import type { CallRequest } from "../exchange.ts";

/** Of the opening alone: the hop, the handshake, and what names or proves one request. */
const OF_THE_OPENING =
  /^(connection|upgrade|host|sec-websocket-.*|content-.*|transfer-encoding|expect|accept.*|x-request-id|traceparent|tracestate|idempotency-key|x-ds-.*)$/;

export class SocketRequest extends Readable implements CallRequest {
  readonly method = "POST";
  readonly complete = true;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: CallRequest["socket"];

  constructor(
    opening: CallRequest,
    path: string,
    own: Readonly<Record<string, string>>,
    body: Buffer,
  ) {
    super({ read: () => {} });
    this.url = path;
    this.socket = opening.socket;
    this.headers = callHeaders(opening.headers, own, body.length);
    this.push(body);
    this.push(null);
  }
}

/** What the opening said of all calls stands; a call may add to it, and not take it back. */
export function callHeaders(
  opening: IncomingHttpHeaders,
  own: Readonly<Record<string, string>>,
  bodyBytes: number,
): IncomingHttpHeaders {
  const kept = Object.entries(opening).filter(([name]) => !OF_THE_OPENING.test(name));
  const headers: IncomingHttpHeaders = Object.fromEntries(kept);
  for (const [name, value] of Object.entries(own)) {
    if (headers[name] !== undefined && headers[name] !== value) {
      throw new GatewayError("invalid_request", {
        message: `headers.${name}: the connection was opened with another.`,
        param: `headers.${name}`,
      });
    }
    headers[name] = value;
  }
  headers["content-type"] = "application/json";
  headers["content-length"] = String(bodyBytes);
  return headers;
}
