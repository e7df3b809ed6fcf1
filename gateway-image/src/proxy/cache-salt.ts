/**
 * Whose prompts may share what a model server has already computed of their beginnings. Shared with
 * everybody, the time of an answer tells whether somebody else has asked what begins alike: vLLM's
 * `cache_salt` keeps those with another one apart.
 */
import { createHash } from "node:crypto";
import { memberText } from "../base/json-members.ts";
import type { Call, RequestContext } from "../context.ts";

/** As a JSON value; null: the site shares, and what the caller says of it stays as it is. */
export function cacheSalt({ caller, model, body }: RequestContext, call: Call): string | null {
  const scope = model?.prefixCache ?? "tenant";
  if (scope === "site" || caller === null) return null;
  const own = call.members.find(({ name }) => name === CACHE_SALT);
  const parts = [
    caller.tenant.id,
    scope === "principal" ? caller.principal : null,
    // A caller may keep its own callers apart, and reaches nobody else's by any name.
    own === undefined ? null : memberText(body, own),
  ];
  const digest = createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
  return JSON.stringify(digest);
}

export const CACHE_SALT = "cache_salt";
