/** The resources of AWS that rules look for in a stack, by type and by what they point to. */
import type { Context, Resource } from "../judging/rule.ts";

/** The older name of the type has the same form and makes the same bucket. */
export function isBucket(type: string): boolean {
  return /^aws:s3\/bucket(V2)?:/.test(type);
}

/** Of one database, or of a cluster of them. */
export function isParameterGroup(type: string): boolean {
  return /^aws:rds\/(cluster)?parameterGroup:/i.test(type);
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
