import { boundedNamespaces } from "./bounded-namespaces.ts";
import { DEPLOYMENT, deployment } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(boundedNamespaces, {
  good: {
    pods: { type: DEPLOYMENT, props: deployment() },
    quota: {
      type: "kubernetes:core/v1:ResourceQuota",
      props: {
        metadata: { namespace: "deepseek" },
        spec: {
          hard: {
            "requests.cpu": "8",
            "requests.memory": "8Gi",
            "limits.memory": "8Gi",
            pods: "9",
          },
        },
      },
    },
    range: {
      type: "kubernetes:core/v1:LimitRange",
      props: { metadata: { namespace: "deepseek" } },
    },
  },
  fails: {
    "no quota": [[["quota", "", undefined]], /no quota for requests.cpu/],
    "a quota without memory": [
      [["quota", ["spec", "hard", "limits.memory"], undefined]],
      /no quota for limits.memory/,
    ],
    "a quota of another namespace": [[["quota", "metadata.namespace", "x"]], /no quota/],
    "no default sizes": [[["range", "", undefined]], /no LimitRange/],
  },
  open: { "a namespace without pods": [["pods", "", undefined]] },
  unknown: ["pods", "metadata.namespace"],
});
