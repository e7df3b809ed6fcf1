/**
 * Calls of browsers from other pages: allowed for the origins that the settings list, and for no
 * others. Cookies play no part here, so credentials in CORS's sense are never allowed.
 */
import type { RequestContext, Step } from "../context.ts";
import { GatewayError } from "../errors.ts";

const METHODS = "GET, POST, PUT, DELETE";
/**
 * Whatever a listed page sends and reads: clients bring headers of their own (OpenAI's a dozen), and which they are changes
 * with their versions. The one that an asterisk does not stand for is named.
 */
const HEADERS = "authorization, *";
const EXPOSED = "*";
/** Browsers keep a preflight's answer for two hours at most. */
const PREFLIGHT_SECONDS = 7_200;

export function crossOrigin(origins: ReadonlySet<string>): Step {
  return function crossOrigin(context, next) {
    if (origins.size > 0) allow(context, origins);
    return next();
  };
}

/** The answer to OPTIONS, which asks before the call itself. */
export function preflight(origins: ReadonlySet<string>): Step {
  return async function preflight(context) {
    const { response } = context;
    if (!allow(context, origins)) throw new GatewayError("origin_not_allowed");
    response.setHeader("access-control-allow-methods", METHODS);
    response.setHeader("access-control-allow-headers", HEADERS);
    response.setHeader("access-control-max-age", PREFLIGHT_SECONDS);
    response.writeHead(204).end();
  };
}

function allow({ request, response }: RequestContext, origins: ReadonlySet<string>): boolean {
  // Whatever is kept between us and the browser must not be shown to another origin.
  response.setHeader("vary", "origin");
  const { origin } = request.headers;
  if (origin === undefined || !origins.has(origin)) return false;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-expose-headers", EXPOSED);
  return true;
}
