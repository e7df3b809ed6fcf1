/** The header `Idempotency-Key`, as every call that knows it reads it. */
import type { RequestContext } from "../context.ts";
import { GatewayError } from "../errors.ts";

const KEY = /^[\x21-\x7e]{1,255}$/;

/** null: there is none. */
export function idempotencyKeyOf({ request }: RequestContext): string | null {
  const header = request.headers["idempotency-key"];
  if (header === undefined) return null;
  if (typeof header === "string" && KEY.test(header)) return header;
  throw new GatewayError("invalid_request", {
    message: "Idempotency-Key: 1 to 255 printable characters.",
    param: "Idempotency-Key",
  });
}
