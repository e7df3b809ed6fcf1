/** Who calls: an API key by its hash. Runs before the body is read, so strangers cost little. */
import type { IncomingMessage } from "node:http";
import { hashApiKey, isWellFormed } from "../base/api-key.ts";
import type { Clock } from "../base/clock.ts";
import type { Step } from "../context.ts";
import { GatewayError } from "../errors.ts";
import type { KeyStore } from "../stores/key-store.ts";

export function identify(keys: KeyStore, clock: Clock): Step {
  return async function identify(context, next) {
    const presented = presentedKey(context.request);
    if (presented === null) throw new GatewayError("missing_api_key");
    // The checksum spares the lookup of what was never a key of ours.
    if (!isWellFormed(presented)) throw new GatewayError("invalid_api_key");
    const key = keys.find(hashApiKey(presented));
    if (key === null) throw new GatewayError("invalid_api_key");
    if (key.expires !== undefined && Date.parse(key.expires) <= clock.wallMs()) {
      throw new GatewayError("expired_api_key");
    }
    context.principal = key;
    await next();
  };
}

function presentedKey(request: IncomingMessage): string | null {
  const authorization = request.headers.authorization;
  if (authorization !== undefined) {
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
    if (token === undefined) throw new GatewayError("invalid_api_key");
    return token;
  }
  const header = request.headers["x-api-key"];
  return typeof header === "string" && header !== "" ? header : null;
}
