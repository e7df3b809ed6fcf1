/**
 * The body as it goes to a model server: the caller's bytes, but for the members named here.
 * `asked`: the model that the body names; `call.model`: the one that serves.
 */
import { patchMembers } from "../base/json-members.ts";
import type { Call } from "../context.ts";
import { CACHE_SALT } from "./cache-salt.ts";
import type { Target } from "./target.ts";

export interface UpstreamBody {
  readonly body: Buffer;
  readonly call: Call;
  readonly target: Target;
  readonly maxTokensDefault: number;
  readonly asked: string;
  /** As a JSON value; null: the body says of it what it says. */
  readonly cacheSalt: string | null;
}

export function upstreamBody(parts: UpstreamBody): Buffer {
  const { body, call, target, maxTokensDefault, asked, cacheSalt } = parts;
  const changes: Record<string, string> = {};
  if (call.needsMaxTokens) changes.max_tokens = String(maxTokensDefault);
  const name = target.model ?? call.model;
  if (name !== asked) changes.model = JSON.stringify(name);
  if (cacheSalt !== null) changes[CACHE_SALT] = cacheSalt;
  if (call.streamForced) changes.stream = "true";
  if (call.stream) {
    // Usage is asked for in every event, so that a caller who leaves is billed exactly.
    const wanted = target.continuousUsage
      ? { include_usage: true, continuous_usage_stats: true }
      : { include_usage: true };
    changes.stream_options = JSON.stringify({ ...call.streamOptions, ...wanted });
  }
  return Object.keys(changes).length === 0 ? body : patchMembers(body, call.members, changes);
}
