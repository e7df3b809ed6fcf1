/** Names the request: the caller's x-request-id where it is short and plain, else our own. */
import type { Step } from "../context.ts";
import { limits } from "../limits.ts";

const SANE = new RegExp(`^[A-Za-z0-9._:-]{1,${limits.requestIdLengthMax}}$`);

/** `addressHeader`: set by the edge, which drops what a caller wrote into it. */
export function requestId(addressHeader: string | null): Step {
  return function requestId(context, next) {
    const { request, response } = context;
    const given = request.headers["x-request-id"];
    if (typeof given === "string" && SANE.test(given)) context.requestId = given;
    response.setHeader("x-request-id", context.requestId);
    const passed = addressHeader === null ? undefined : request.headers[addressHeader];
    const address = typeof passed === "string" ? passed.slice(0, 64) : undefined;
    context.clientAddress = address ?? request.socket.remoteAddress ?? "";
    return next();
  };
}
