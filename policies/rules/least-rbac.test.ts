import { expect, test } from "vitest";
import { leastRbac } from "./least-rbac.ts";
import { judge } from "./test-judge.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(leastRbac, {
  good: {
    role: {
      type: "kubernetes:rbac.authorization.k8s.io/v1:Role",
      props: { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] },
    },
    binding: {
      type: "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
      props: {
        roleRef: { name: "reader" },
        subjects: [{ kind: "ServiceAccount", name: "gateway" }],
      },
    },
  },
  passes: {
    "one Secret by name": [
      [
        "role",
        "rules",
        [{ apiGroups: [""], resources: ["secrets"], resourceNames: ["one"], verbs: ["get"] }],
      ],
    ],
  },
  fails: {
    "rights of other roles": [
      [["role", "aggregationRule", { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] }]],
      /rights of other roles/,
    ],
    "every verb": [[["role", "rules.0.verbs", ["*"]]], /\* in verbs/],
    "every resource": [[["role", "rules.0.resources", ["*"]]], /\* in resources/],
    "every Secret": [[["role", "rules.0.resources", ["secrets"]]], /every Secret/],
    "more rights than one has": [[["role", "rules.0.verbs", ["escalate"]]], /may escalate/],
    "a shell": [[["role", "rules.0.resources", ["pods/exec"]]], /pods\/exec/],
    "a shell in every pod of a node": [
      [["role", "rules.0.resources", ["nodes/proxy"]]],
      /nodes\/proxy/,
    ],
    "somebody's token": [
      [["role", "rules.0.resources", ["serviceaccounts/token"]]],
      /serviceaccounts\/token/,
    ],
    "a shell in a container that is added": [
      [["role", "rules.0.resources", ["pods/ephemeralcontainers"]]],
      /ephemeralcontainers/,
    ],
    "every kind of shell": [[["role", "rules.0.resources", ["*/exec"]]], /\* in resources/],
    "certificates for anybody": [[["role", "rules.0.verbs", ["approve"]]], /may approve/],
    "who cannot be refused": [
      [["binding", "subjects.0", { kind: "Group", name: "system:masters" }]],
      /system:masters/,
    ],
    "who has no name": [
      [["binding", "subjects.0", { kind: "User", name: "system:anonymous" }]],
      /system:anonymous/,
    ],
    "no rules": [[["role", "rules", undefined]], /no rules/],
    "the administrator's role": [
      [["binding", "roleRef.name", "cluster-admin"]],
      /gives cluster-admin/,
    ],
    everybody: [
      [["binding", "subjects.0", { kind: "Group", name: "system:authenticated" }]],
      /system:authenticated/,
    ],
    "a default account": [[["binding", "subjects.0.name", "default"]], /default account/],
  },
  unknown: ["binding", "roleRef.name"],
});

test.each([
  ["admissionregistration.k8s.io/v1:MutatingWebhookConfiguration", true],
  ["admissionregistration.k8s.io/v1beta1:MutatingAdmissionPolicy", true],
  ["admissionregistration.k8s.io/v1beta1:MutatingAdmissionPolicyBinding", true],
  ["admissionregistration.k8s.io/v1:MutatingWebhookConfigurationPatch", true],
  ["admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy", false],
  ["admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration", false],
])("%s changes what was judged: %s", async (type, changes) => {
  const { violations } = await judge(leastRbac, `kubernetes:${type}`, { metadata: { name: "a" } });
  expect(violations).toHaveLength(changes ? 1 : 0);
});
