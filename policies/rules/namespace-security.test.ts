import { namespaceSecurity } from "./namespace-security.ts";
import { judgedByTable } from "./test-table.ts";

const LABEL = "pod-security.kubernetes.io/enforce";

judgedByTable(namespaceSecurity, {
  good: {
    one: {
      type: "kubernetes:core/v1:Namespace",
      props: { metadata: { name: "deepseek", labels: { [LABEL]: "restricted" } } },
    },
  },
  fails: {
    "a privileged one": [
      [["one", ["metadata", "labels", LABEL], "privileged"]],
      /enforces privileged/,
    ],
    "a baseline one": [[["one", ["metadata", "labels", LABEL], "baseline"]], /enforces baseline/],
    "one without the label": [[["one", "metadata.labels", {}]], /enforces nothing/],
    "one without labels": [[["one", "metadata", undefined]], /enforces nothing/],
  },
  unknown: ["one", ["metadata", "labels", LABEL]],
});
