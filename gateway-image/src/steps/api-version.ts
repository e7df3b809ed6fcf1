/**
 * The version of the API: by path, by header, by query or by media type. All that are named must
 * mean the one that there is; the answer says which one it is.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Step } from "../context.ts";
import { GatewayError } from "../errors.ts";

/** The date of the contract; it changes when an answer changes in a way that callers must know. */
export const API_VERSION = "2026-11-24";
const NAMES = new Set(["1", "v1", API_VERSION]);
const MEDIA_TYPE = /application\/vnd\.deepseek\.([A-Za-z0-9.-]+)\+json/i;

export function apiVersion(): Step {
  return function apiVersion(context, next) {
    const { request, response } = context;
    for (const [param, version] of asked(request.headers, request.url ?? "")) {
      if (NAMES.has(version)) continue;
      const known = [...NAMES].join(", ");
      throw new GatewayError("unsupported_version", {
        message: `There is no version ${JSON.stringify(version.slice(0, 32))}; there is ${known}.`,
        param,
      });
    }
    response.setHeader("x-api-version", API_VERSION);
    return next();
  };
}

/** Every place where a version may be named, with what is there. */
function asked(headers: IncomingHttpHeaders, url: string): [string, string][] {
  const found: [string, string][] = [];
  const header = headers["x-api-version"];
  if (typeof header === "string") found.push(["X-API-Version", header]);
  const query = url.indexOf("?");
  if (query !== -1 && url.includes("api-version", query)) {
    const wanted = new URLSearchParams(url.slice(query + 1)).getAll("api-version");
    found.push(...wanted.map((version): [string, string] => ["api-version", version]));
  }
  const [, media] = MEDIA_TYPE.exec(headers.accept ?? "") ?? [];
  if (media !== undefined) found.push(["Accept", media]);
  return found;
}
