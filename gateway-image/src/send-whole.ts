/**
 * The end of an answer whose body is there: compressed where the caller takes that and it is worth
 * it. Streams never come here. Answers that carry secrets are never compressed: beside text that
 * somebody else may choose, their size would tell of the secret (BREACH).
 */
import { acceptedEncoding, encode } from "./base/encoding.ts";
import type { RequestContext } from "./context.ts";
import type { EndpointRow } from "./endpoints.ts";
import { limits } from "./limits.ts";

export const JSON_TYPE = "application/json; charset=utf-8";

/** Tokens, keys, and what administrators and persons see of themselves. */
const SECRET: ReadonlySet<EndpointRow["does"]> = new Set([
  "issueToken",
  "showSelf",
  "changePassword",
  "rotateOwnKey",
  "makeTemporaryKey",
  "administer",
  "administerBody",
  "submitJob",
]);

export async function sendWhole(
  { request, response, endpoint }: RequestContext,
  status: number,
  type: string,
  body: Buffer,
): Promise<void> {
  const worthIt = body.length >= limits.compressedBytesMin && !SECRET.has(endpoint.does);
  const encoding = worthIt ? acceptedEncoding(headerOf(request.headers["accept-encoding"])) : null;
  if (worthIt) response.setHeader("vary", varyOf(response.getHeader("vary")));
  const sent = encoding === null ? body : await encode(body, encoding);
  response.writeHead(status, {
    "content-type": type,
    "content-length": sent.length,
    ...(encoding === null ? {} : { "content-encoding": encoding }),
  });
  response.end(sent);
}

/** With what another step has said before. */
function varyOf(said: ReturnType<RequestContext["response"]["getHeader"]>): string {
  return said === undefined ? "accept-encoding" : `${String(said)}, accept-encoding`;
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(",") : value;
}
