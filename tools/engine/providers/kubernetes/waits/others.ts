/** Waits of storage and of a few kinds that controllers complete: quota, tokens, CRDs, namespaces. */
import { conditionOf, field, type KubeObject, mapAt, sameJson, stringAt } from "../kube-object.ts";
import {
  failed,
  type RelatedQuery,
  ready,
  type Verdict,
  WAIT_TIMEOUT_MS,
  type WaitRule,
  waiting,
} from "./rule.ts";

/** The real Pulumi provider's time-outs for these kinds. */
const VOLUME_TIMEOUT_MS = 5 * 60_000;
const QUOTA_TIMEOUT_MS = 60_000;
const TOKEN_TIMEOUT_MS = 5_000;

function simple(timeoutMs: number, judge: (object: KubeObject) => Verdict): WaitRule {
  return { timeoutMs, related: [], judge };
}

/** Bound; or merely pending where the class binds no volume before a pod needs it. */
export function claimRule(object: KubeObject, before: KubeObject | undefined): WaitRule {
  const name = stringAt(object, "spec", "storageClassName") ?? "";
  const related: RelatedQuery[] =
    name === ""
      ? []
      : [
          {
            key: "classes",
            gvk: { apiVersion: "storage.k8s.io/v1", kind: "StorageClass" },
            namespace: "",
            name,
          },
        ];
  return {
    timeoutMs: VOLUME_TIMEOUT_MS,
    related,
    judge: (claim, found) => judgeClaim(claim, found.classes?.[0], before !== undefined),
  };
}

export function judgeClaim(
  claim: KubeObject,
  storageClass: KubeObject | undefined,
  isUpdate: boolean,
): Verdict {
  const phase = stringAt(claim, "status", "phase") ?? "Pending";
  if (phase === "Bound") return ready("bound");
  if (phase === "Lost") return failed("the volume of this claim is lost");
  const waitsForPod = stringAt(storageClass, "volumeBindingMode") === "WaitForFirstConsumer";
  if (waitsForPod && (phase === "Pending" || isUpdate)) return ready("bound once a pod uses it");
  const className = stringAt(claim, "spec", "storageClassName") ?? "";
  if (className === "")
    return waiting("the claim is pending", ["it names no storage class and no volume matches"]);
  if (storageClass === undefined)
    return waiting("the claim is pending", [`there is no StorageClass ${className}`]);
  return waiting(`the claim is pending on StorageClass ${className}`);
}

export const volumeRule = (): WaitRule =>
  simple(VOLUME_TIMEOUT_MS, (volume) => {
    const phase = stringAt(volume, "status", "phase") ?? "Pending";
    if (phase === "Available" || phase === "Bound") return ready(phase.toLowerCase());
    return waiting(`the volume is ${phase.toLowerCase()}`);
  });

export const quotaRule = (): WaitRule =>
  simple(QUOTA_TIMEOUT_MS, (quota) =>
    sameJson(mapAt(quota, "spec", "hard"), mapAt(quota, "status", "hard"))
      ? ready("counted")
      : waiting("the quota is not counted yet"),
  );

/** Only tokens are filled in by a controller; every other Secret is complete at once. */
export function secretRule(object: KubeObject): WaitRule | undefined {
  if (stringAt(object, "type") !== "kubernetes.io/service-account-token") return undefined;
  return simple(TOKEN_TIMEOUT_MS, (secret) =>
    Object.keys(mapAt(secret, "data")).length > 0
      ? ready("the token is there")
      : waiting("no token was written", ["does its service account exist?"]),
  );
}

export const definitionRule = (): WaitRule =>
  simple(WAIT_TIMEOUT_MS, (definition) => {
    const names = conditionOf(definition, "NamesAccepted");
    if (names?.status === "False")
      return waiting("its names are not accepted", [stringAt(names, "message") ?? ""]);
    return conditionOf(definition, "Established")?.status === "True"
      ? ready("served")
      : waiting("not served yet");
  });

export const namespaceRule = (): WaitRule =>
  simple(WAIT_TIMEOUT_MS, (namespace) =>
    field(namespace, "status", "phase") === "Active" ? ready("active") : waiting("not active yet"),
  );
