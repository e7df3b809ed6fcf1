/**
 * Which model server has this conversation's beginning in its memory already: the same key leads
 * to the same target while it is there, and a target that goes away moves its own keys only
 * (rendezvous hashing). None gets more than a quarter above its share (bounded loads). Pure.
 */
import { createHash } from "node:crypto";
import { orderTargets, type TargetHealth } from "./target-health.ts";

/** How far above its share a target may be loaded before the next one is asked. */
const LOAD_BOUND = 1.25;

export function orderByAffinity(
  targets: readonly TargetHealth[],
  key: string,
  random: () => number,
): TargetHealth[] {
  const able = targets.filter((health) => !health.ejected);
  if (able.length === 0) return orderTargets(targets, random);
  const weights = able.reduce((sum, { target }) => sum + target.weight, 0);
  // With the call that is to be placed, so that an idle target always has room for one.
  const running = able.reduce((sum, { inFlight }) => sum + inFlight, 1);
  const share = (health: TargetHealth) => (running / weights) * health.target.weight;
  const ranked = able
    .map((health) => ({ health, rank: rankOf(health, key) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ health }) => health);
  const hasRoom = (health: TargetHealth) => health.inFlight < Math.ceil(LOAD_BOUND * share(health));
  const fit = ranked.filter(hasRoom);
  const full = ranked.filter((health) => !hasRoom(health));
  return [...fit, ...full];
}

/** The smallest goes first; each target is first for a share of all keys that is its weight. */
function rankOf({ target }: TargetHealth, key: string): number {
  const digest = createHash("sha256")
    .update(`${target.url}\n${target.model ?? ""}\n${key}`)
    .digest();
  const uniform = (digest.readUIntBE(0, 6) + 1) / 2 ** 48;
  return -Math.log(uniform) / target.weight;
}
