/**
 * Who calls: one credential, of one kind. Runs before the body is read, so strangers cost little;
 * a signed call is only recognised here and verified when its body is there.
 */
import type { Clock } from "../base/clock.ts";
import type { RequestContext, Step } from "../context.ts";
import type { Identity } from "../identity/identity.ts";
import type { SignedHeaders } from "../identity/signature.ts";
import { limits } from "../limits.ts";

export function identify(identity: Identity, clock: Clock): Step {
  return async function identify(context, next) {
    if (context.proven !== null) {
      context.caller = identity.lookUpAgain(context.proven, originOf(context));
      return next();
    }
    const found = await identity.identify(context.request.headers, originOf(context));
    if ("caller" in found) context.caller = found.caller;
    else context.signed = found.signed;
    sayEnd(context, clock);
    await next();
  };
}

/** After the body was read. */
export function verifySignature(identity: Identity, clock: Clock): Step {
  const verified = async (context: RequestContext, signed: SignedHeaders) => {
    const { request, body } = context;
    const call = { method: request.method ?? "", path: request.url ?? "", body };
    context.caller = await identity.verify(signed, call, originOf(context));
    sayEnd(context, clock);
  };
  return function verifySignature(context, next) {
    const { signed } = context;
    return signed === null ? next() : verified(context, signed).then(next);
  };
}

/** In time for its owner to rotate it. */
function sayEnd({ caller, response }: RequestContext, clock: Clock): void {
  const endsMs = caller?.credentialEndsMs ?? null;
  if (endsMs === null || endsMs - clock.wallMs() > limits.keyEndSaidMs) return;
  response.setHeader("x-key-expires", new Date(endsMs).toISOString());
}

function originOf(context: Parameters<Step>[0]) {
  return { address: context.clientAddress, origin: context.request.headers.origin ?? null };
}
