/** The resources of AWS that rules look for in a stack, by type and by what they point to. */
import type { Context, Resource } from "../judging/rule.ts";

/** The older name of the type has the same form and makes the same bucket. */
export function isBucket(type: string): boolean {
  return /^aws:s3\/bucket(V2)?:/.test(type);
}

export function resourcesOf({ resources, once }: Context, type: string): readonly Resource[] {
  return once(`resources of ${type}`, () => resources.filter((one) => one.type === type));
}

/** Those of a type that name a bucket, a vault, a load balancer … under `key`. */
export function pointingTo(
  context: Context,
  type: string,
  key: string,
  target: unknown,
): readonly Resource[] {
  if (typeof target !== "string" || target === "") return [];
  return resourcesOf(context, type).filter(({ props }) => props[key] === target);
}
