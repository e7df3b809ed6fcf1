import { leastIdentity } from "./least-identity.ts";
import { DEPLOYMENT, deployment } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(leastIdentity, {
  good: {
    pods: {
      type: DEPLOYMENT,
      props: deployment({
        automountServiceAccountToken: false,
        serviceAccountName: "gateway",
        volumes: [
          { projected: { sources: [{ serviceAccountToken: { expirationSeconds: 3600 } }] } },
        ],
      }),
    },
    keys: { type: "kubernetes:core/v1:Secret", props: { type: "Opaque" } },
  },
  passes: {
    "a token of the API's own length": [
      ["pods", "spec.template.spec.volumes.0.projected.sources.0.serviceAccountToken", {}],
    ],
  },
  fails: {
    "a token for everybody": [
      [["pods", "spec.template.spec.automountServiceAccountToken", true]],
      /gets a token/,
    ],
    "no word about it": [
      [["pods", "spec.template.spec.automountServiceAccountToken", undefined]],
      /gets a token/,
    ],
    "a token for a day": [
      [
        [
          "pods",
          "spec.template.spec.volumes.0.projected.sources.0.serviceAccountToken.expirationSeconds",
          86400,
        ],
      ],
      /86400 s/,
    ],
    "the default account": [
      [["pods", "spec.template.spec.serviceAccountName", "default"]],
      /default account/,
    ],
    "a Secret with a token for ever": [
      [["keys", "type", "kubernetes.io/service-account-token"]],
      /without an end/,
    ],
    "no account": [
      [["pods", "spec.template.spec.serviceAccountName", undefined]],
      /default account/,
    ],
  },
  unknown: ["pods", "spec.template.spec.automountServiceAccountToken"],
});
