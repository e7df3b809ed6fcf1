/**
 * No state stands alone: whatever keeps data has a second copy that takes over by itself, in another
 * zone where there are zones.
 */
import { DATABASE, REPLICATION_GROUP } from "../aws/resources.ts";
import type { Rule } from "../judging/rule.ts";
import { isPostgresCluster, kindOf } from "../kubernetes/pods.ts";
import { at, type Fields, isPresent, textAt } from "../kubernetes/values.ts";

const COPIES_MIN = 2;

export const replicatedState: Rule = {
  name: "replicated-state",
  description: "Whatever keeps data has a copy that takes over by itself.",
  severity: "high",
  sees: "resource",
  about: "programs with data of their own",
  applies: ({ type, props }) =>
    type === DATABASE ||
    type === REPLICATION_GROUP ||
    isPostgresCluster(type) ||
    (kindOf(type) === "StatefulSet" && isPresent(at(props, "spec", "volumeClaimTemplates"))),
  judge: ({ type, props, name }, report) => {
    for (const fault of faultsOf(type, props)) report.fails(`${name} ${fault}.`);
  },
};

function faultsOf(type: string, props: Fields): string[] {
  if (type === DATABASE)
    return props["multiAz"] === true ? [] : ["stands in one zone. Set multiAz: true"];
  if (type === REPLICATION_GROUP) {
    const copies = Number(props["numCacheClusters"] ?? 1);
    return [
      ...(copies < COPIES_MIN ? ["has no replica. Set numCacheClusters to 2 or more"] : []),
      ...(props["automaticFailoverEnabled"] === true
        ? []
        : ["does not fail over by itself. Set automaticFailoverEnabled"]),
      ...(props["multiAzEnabled"] === true ? [] : ["stands in one zone. Set multiAzEnabled: true"]),
    ];
  }
  if (isPostgresCluster(type)) {
    const instances = Number(at(props, "spec", "instances") ?? 1);
    if (instances < COPIES_MIN) return [`has ${instances} instance. Set instances to 3`];
    const durable = textAt(props, "spec", "postgresql", "synchronous", "dataDurability");
    return durable === "required"
      ? []
      : ["may lose what it confirmed. Set synchronous.dataDurability: required"];
  }
  const replicas = at(props, "spec", "replicas") ?? 1;
  const enough = typeof replicas === "number" && replicas >= COPIES_MIN;
  return enough ? [] : [`has ${String(replicas)} replica. Set at least ${COPIES_MIN}`];
}
