/**
 * When a Service or an Ingress can be used. As in the real Pulumi provider: a Service of selected
 * pods waits for their endpoints, ExternalName, headless and selector-less ones do not, and a
 * LoadBalancer waits for its address. Where no pod matches yet there is nothing to wait for (the
 * Deployment may well depend on this Service); the real one finds the same after ten seconds.
 */
import {
  field,
  type KubeObject,
  listAt,
  mapAt,
  nameOf,
  namespaceOf,
  sameJson,
  stringAt,
} from "../kube-object.ts";
import { isPodLeaving, podProblems } from "./pod-problems.ts";
import {
  type Related,
  ready,
  type Verdict,
  WAIT_TIMEOUT_MS,
  type WaitRule,
  waiting,
} from "./rule.ts";

/** Time for pods that were created in the same moment to show up. */
const NO_PODS_SETTLE_MS = 1_000;
/** As the real Pulumi provider: after a minute a path without a Service is only worth a warning. */
const INGRESS_SETTLE_MS = 60_000;

/** `before`: the object as it was before an update; undefined for a new one. */
export function serviceRule(object: KubeObject, before: KubeObject | undefined): WaitRule {
  const namespace = namespaceOf(object);
  const selector = Object.entries(mapAt(object, "spec", "selector")).map(
    ([key, value]) => `${key}=${value}`,
  );
  const followsPods = waitsForPods(object) && !selectsTheSame(object, before);
  return {
    timeoutMs: WAIT_TIMEOUT_MS,
    related: followsPods
      ? [
          {
            key: "pods",
            gvk: { apiVersion: "v1", kind: "Pod" },
            namespace,
            labelSelector: selector.join(","),
          },
          {
            key: "slices",
            gvk: { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" },
            namespace,
            labelSelector: `kubernetes.io/service-name=${nameOf(object)}`,
          },
        ]
      : [],
    judge: (service, related) => judgeService(service, followsPods ? related : undefined),
  };
}

function waitsForPods(service: KubeObject): boolean {
  return (
    stringAt(service, "spec", "type") !== "ExternalName" &&
    stringAt(service, "spec", "clusterIP") !== "None" &&
    Object.keys(mapAt(service, "spec", "selector")).length > 0
  );
}

/** An update that selects the same pods need not wait for them: they may be what is mended next. */
function selectsTheSame(service: KubeObject, before: KubeObject | undefined): boolean {
  return (
    before !== undefined &&
    sameJson(field(service, "spec", "selector"), field(before, "spec", "selector"))
  );
}

export function judgeService(service: KubeObject, related: Related | undefined): Verdict {
  const isBalanced = stringAt(service, "spec", "type") === "LoadBalancer";
  if (isBalanced && listAt(service, "status", "loadBalancer", "ingress").length === 0) {
    return waiting("no address was allocated to the load balancer", [
      "does this cluster have a load balancer controller?",
    ]);
  }
  if (related === undefined) return ready("the service is ready");
  const pods = (related.pods ?? []).filter((pod) => !isPodLeaving(pod));
  if (pods.length === 0) return ready("no pods match the selector yet", NO_PODS_SETTLE_MS);
  const endpoints = (related.slices ?? [])
    .flatMap((slice) => listAt(slice, "endpoints"))
    .filter((endpoint) => field(endpoint, "conditions", "terminating") !== true);
  const usable = endpoints.filter((endpoint) => field(endpoint, "conditions", "ready") !== false);
  const status = `${usable.length} of ${Math.max(endpoints.length, pods.length)} endpoints ready`;
  if (usable.length > 0 && usable.length === endpoints.length) return ready(status);
  return waiting(status, podProblems(pods));
}

export function ingressRule(object: KubeObject): WaitRule {
  const namespace = namespaceOf(object);
  return {
    timeoutMs: WAIT_TIMEOUT_MS,
    related: [{ key: "services", gvk: { apiVersion: "v1", kind: "Service" }, namespace }],
    judge: (ingress, related) => judgeIngress(ingress, related.services ?? []),
  };
}

export function judgeIngress(ingress: KubeObject, services: readonly KubeObject[]): Verdict {
  if (listAt(ingress, "status", "loadBalancer", "ingress").length === 0) {
    return waiting("the ingress has no address", [
      "does this cluster have an ingress controller for its class?",
    ]);
  }
  const names = new Set(services.map(nameOf));
  const missing = backendsOf(ingress).filter((name) => !names.has(name));
  if (missing.length === 0) return ready("the ingress has an address");
  return ready(`no Service ${missing.join(", ")} for a path of the ingress`, INGRESS_SETTLE_MS);
}

function backendsOf(ingress: KubeObject): string[] {
  const paths = listAt(ingress, "spec", "rules").flatMap((rule) => listAt(rule, "http", "paths"));
  const names = paths.map((path) => stringAt(path, "backend", "service", "name"));
  return [...new Set(names.filter((name) => name !== undefined))];
}
