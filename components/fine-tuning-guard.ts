/**
 * Who may make Jobs in a namespace may have them mount what is there: Secrets, other claims, a label by
 * which a wall opens. So the API server itself holds the gateway's account to the template: its image,
 * its volumes, its labels, no Secret and no token. Fails closed. Pure.
 */
import { FINE_TUNING } from "./fine-tuning-template.ts";

export interface GuardSettings {
  /** The namespace in which Jobs are made, and the account that makes them. */
  readonly namespace: string;
  readonly account: { readonly namespace: string; readonly name: string };
  readonly image: string;
  readonly claims: readonly string[];
  readonly serviceAccount: string;
}

/** Those of the gateway and of the template, and those that the Job's own controller adds. */
const LABELS = [
  "app.kubernetes.io/name",
  "app.kubernetes.io/instance",
  "app.kubernetes.io/managed-by",
  "app.kubernetes.io/part-of",
  "batch.kubernetes.io/controller-uid",
  "batch.kubernetes.io/job-name",
  "controller-uid",
  "job-name",
];

export function guardSpec(settings: GuardSettings) {
  const { namespace, account, image, claims, serviceAccount } = settings;
  const pod = "object.spec.template.spec";
  const labels = "object.spec.template.metadata.labels";
  const user = `system:serviceaccount:${account.namespace}:${account.name}`;
  return {
    failurePolicy: "Fail",
    matchConstraints: {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
      resourceRules: [
        {
          apiGroups: ["batch"],
          apiVersions: ["v1"],
          operations: ["CREATE", "UPDATE"],
          resources: ["jobs"],
        },
      ],
    },
    matchConditions: [
      { name: "the-gateway", expression: `request.userInfo.username == ${text(user)}` },
    ],
    validations: [
      rule(
        "the image is the template's, and there is no other container",
        `${pod}.containers.size() == 1 && ${pod}.containers[0].image == ${text(image)} && !has(${pod}.initContainers)`,
      ),
      rule(
        "volumes are the template's claims, or empty",
        `!has(${pod}.volumes) || ${pod}.volumes.all(v, has(v.emptyDir) || (has(v.persistentVolumeClaim) && v.persistentVolumeClaim.claimName in ${list(claims)}))`,
      ),
      rule(
        "variables hold values, and nothing of Secrets or other objects",
        `${pod}.containers.all(c, !has(c.envFrom) && (!has(c.env) || c.env.all(e, !has(e.valueFrom))))`,
      ),
      rule(
        "it runs without an identity in the cluster",
        `has(${pod}.serviceAccountName) && ${pod}.serviceAccountName == ${text(serviceAccount)} && has(${pod}.automountServiceAccountToken) && !${pod}.automountServiceAccountToken`,
      ),
      rule(
        "its labels are those of fine-tuning, by which it is walled in",
        `has(${labels}) && "app.kubernetes.io/name" in ${labels} && ${labels}["app.kubernetes.io/name"] == ${text(FINE_TUNING)} && ${labels}.all(k, k in ${list(LABELS)})`,
      ),
    ],
  };
}

function rule(message: string, expression: string) {
  return { message, expression };
}

/** CEL's strings are written as JSON's. */
function text(value: string): string {
  return JSON.stringify(value);
}

function list(values: readonly string[]): string {
  return JSON.stringify(values);
}
