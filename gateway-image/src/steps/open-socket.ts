/**
 * GET /v1/streaming/ws: from an HTTP request to a WebSocket. A browser lets any page open one, so
 * the page's origin must be on the list; and no page can set headers, so a credential may stand
 * among the subprotocols, never in the address.
 */
import { beforeEnd, type Step } from "../context.ts";
import { GatewayError } from "../errors.ts";
import { SUBPROTOCOL } from "../sockets/messages.ts";

const BEARER = "bearer.";

/** Before the caller is identified. */
export function socketOrigin(origins: ReadonlySet<string>): Step {
  return async function socketOrigin(context, next) {
    const { headers } = context.request;
    if (headers.origin !== undefined && !origins.has(headers.origin)) {
      throw new GatewayError("origin_not_allowed");
    }
    const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((one) => one.trim());
    const credentials = offered.filter((one) => one.startsWith(BEARER));
    if (credentials.length > 0) {
      if (credentials.length > 1 || headers.authorization !== undefined) {
        throw new GatewayError("ambiguous_credentials");
      }
      headers.authorization = `Bearer ${credentials[0]?.slice(BEARER.length)}`;
    }
    if (headers["sec-websocket-protocol"] !== undefined && !offered.includes(SUBPROTOCOL)) {
      throw new GatewayError("invalid_request", { message: `The subprotocol is ${SUBPROTOCOL}.` });
    }
    await next();
  };
}

/** After it: the handshake. */
export function openSocket(): Step {
  return async function openSocket(context, next) {
    const { upgrade, caller, response } = context;
    if (caller === null) throw new Error("openSocket comes too early");
    if (upgrade === null) {
      // RFC 9110, 15.5.22: says what to upgrade to.
      response.setHeader("upgrade", "websocket");
      response.setHeader("connection", "upgrade");
      throw new GatewayError("upgrade_required");
    }
    upgrade.check(caller);
    response.statusCode = 101;
    await beforeEnd(context);
    if (context.gone.signal.aborted) throw new GatewayError("client_closed");
    upgrade.accept(context, caller);
    await next();
  };
}
