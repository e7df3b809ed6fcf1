/** Which rule an object is waited for by; undefined for kinds that are complete once applied. */
import { annotationOf, gvkOf, type KubeObject } from "../kube-object.ts";
import { ingressRule, serviceRule } from "./network.ts";
import {
  claimRule,
  definitionRule,
  namespaceRule,
  quotaRule,
  secretRule,
  volumeRule,
} from "./others.ts";
import { jobRule, podRule } from "./pods-and-jobs.ts";
import type { WaitRule } from "./rule.ts";
import { waitForRule } from "./wait-for.ts";
import {
  daemonSetRule,
  deploymentRule,
  replicationControllerRule,
  statefulSetRule,
} from "./workloads.ts";

export const SKIP_AWAIT = "pulumi.com/skipAwait";
export const WAIT_FOR = "pulumi.com/waitFor";

type RuleOf = (object: KubeObject, before: KubeObject | undefined) => WaitRule | undefined;

const RULES: Readonly<Record<string, RuleOf>> = {
  "apps/v1/DaemonSet": daemonSetRule,
  "apps/v1/Deployment": deploymentRule,
  "apps/v1/StatefulSet": statefulSetRule,
  "batch/v1/Job": jobRule,
  "networking.k8s.io/v1/Ingress": ingressRule,
  "apiextensions.k8s.io/v1/CustomResourceDefinition": definitionRule,
  "v1/Namespace": namespaceRule,
  "v1/PersistentVolume": volumeRule,
  "v1/PersistentVolumeClaim": claimRule,
  "v1/Pod": podRule,
  "v1/ReplicationController": replicationControllerRule,
  "v1/ResourceQuota": quotaRule,
  "v1/Secret": secretRule,
  "v1/Service": serviceRule,
};

/** `before`: the live object before an update; undefined for a new one. */
export function ruleFor(object: KubeObject, before: KubeObject | undefined): WaitRule | undefined {
  if (annotationOf(object, SKIP_AWAIT) === "true") return undefined;
  const custom = annotationOf(object, WAIT_FOR);
  if (custom !== undefined && custom !== "") return waitForRule(custom);
  const { apiVersion, kind } = gvkOf(object);
  return RULES[`${apiVersion}/${kind}`]?.(object, before);
}
