/**
 * In which order a call tries its targets. Where the model's servers keep beginnings in memory,
 * calls that begin alike go to the same one.
 */
import { memberText } from "../base/json-members.ts";
import type { Call, RequestContext } from "../context.ts";
import { limits } from "../limits.ts";
import { orderByAffinity } from "./affinity.ts";
import type { Flight } from "./flight.ts";
import { orderTargets, type TargetHealth } from "./target-health.ts";

export function orderForCall(
  { context, call }: Flight,
  targets: readonly TargetHealth[],
): TargetHealth[] {
  const affinity = context.model?.affinity ?? "none";
  const key =
    affinity === "none" || targets.length < 2 ? null : affinityKey(context, call, affinity);
  if (key === null) return orderTargets(targets, Math.random);
  return orderByAffinity(targets, `${context.caller?.tenant.id}\n${key}`, Math.random);
}

function affinityKey(
  { request, body }: RequestContext,
  call: Call,
  affinity: "prefix" | "session",
): string | null {
  const session = request.headers["x-session-id"];
  if (typeof session === "string") return session;
  const member = call.members.find(({ name }) => name === "messages" || name === "prompt");
  if (affinity === "session" || member === undefined) return null;
  return memberText(body, member).slice(0, limits.affinityCharactersMax);
}
