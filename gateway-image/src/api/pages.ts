/**
 * GET /openapi.json, /docs (Swagger UI) and /redoc (ReDoc): without a key, and without any outside
 * host. The policy lets a page load and ask nothing but this gateway.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { acceptedEncoding } from "../base/encoding.ts";
import { openApiDocument } from "./openapi.ts";
import { PageFile, pageFiles } from "./page-files.ts";

/**
 * Both programs write styles of their own into the page, so those cannot be forbidden; scripts come
 * from files alone. `data:` are their icons.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

export interface Pages {
  /** What stands there, for answers to other methods. */
  readonly paths: readonly string[];
  /** The packages of the pages are installed. */
  readonly complete: boolean;
}

export function addPages(app: FastifyInstance, version: string, wanted: boolean): Pages {
  const files = (wanted ? pageFiles() : null) ?? new Map<string, PageFile>();
  const complete = files.size > 0;
  const document = Buffer.from(JSON.stringify(openApiDocument(version)));
  files.set("/openapi.json", new PageFile(document, "application/json; charset=utf-8"));
  for (const [path, file] of files) {
    app.route({
      method: ["GET", "HEAD"],
      url: path,
      handler: (request, reply) => sendFile(request, reply, file, POLICY),
    });
  }
  return { paths: [...files.keys()], complete };
}

/** `policy`: what a page may load and ask. */
export async function sendFile(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  file: PageFile,
  policy: string,
): Promise<FastifyReply> {
  const encoding = acceptedEncoding(headers["accept-encoding"]);
  const etag = encoding === null ? file.etag : file.etag.replace(/"$/, `-${encoding}"`);
  reply.headers({
    ...HEADERS,
    "content-security-policy": policy,
    "cache-control": "no-cache",
    "content-type": file.type,
    etag,
    vary: "accept-encoding",
  });
  if (headers["if-none-match"] === etag) return reply.code(304).send();
  if (encoding !== null) reply.header("content-encoding", encoding);
  return reply.send(await file.in(encoding));
}
