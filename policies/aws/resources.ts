/** The resources of AWS that rules look for in a stack, by type and by what they point to. */
import type { Context, Resource } from "../judging/rule.ts";

/** Types that more than one rule is about. */
export const DATABASE = "aws:rds/instance:Instance";
export const REPLICATION_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup";
export const CLUSTER = "aws:eks/cluster:Cluster";
export const NODE_GROUP = "aws:eks/nodeGroup:NodeGroup";
export const BALANCER = "aws:lb/loadBalancer:LoadBalancer";
export const OBJECT_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration";

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
