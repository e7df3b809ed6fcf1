import { expect, test } from "vitest";
import { defaultDeny } from "./default-deny.ts";
import { judgeStack, UNKNOWN } from "./test-judge.ts";
import { DEPLOYMENT, deployment } from "./test-objects.ts";

const POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy";

function policy(spec: Record<string, unknown>, namespace: unknown = "deepseek") {
  return { type: POLICY, props: { metadata: { namespace }, spec } };
}

function pods(namespace: unknown = "deepseek") {
  return { type: DEPLOYMENT, props: deployment({}, { namespace }) };
}

const DENY = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };

async function faults(...objects: Parameters<typeof judgeStack>[1][number][]) {
  return (await judgeStack(defaultDeny, objects)).violations;
}

test("pods behind a default deny pass, in whatever order they come", async () => {
  expect(await faults(pods(), policy(DENY))).toEqual([]);
  expect(await faults(policy({ ...DENY, ingress: [], egress: [] }), pods())).toEqual([]);
  const split = [
    policy({ podSelector: {}, policyTypes: ["Ingress"] }),
    policy({ podSelector: {}, policyTypes: ["Egress"] }),
  ];
  expect(await faults(pods(), ...split)).toEqual([]);
});

test("a namespace without pods needs none", async () => {
  expect(
    await faults({ type: "kubernetes:core/v1:Namespace", props: { metadata: { name: "n" } } }),
  ).toEqual([]);
});

test.each([
  ["no policy", [], "Ingress and Egress"],
  ["one direction only", [policy({ podSelector: {}, policyTypes: ["Ingress"] })], "for Egress"],
  ["no policyTypes, which is ingress only", [policy({ podSelector: {} })], "for Egress"],
  [
    "some pods only",
    [policy({ ...DENY, podSelector: { matchLabels: { a: "b" } } })],
    "Ingress and Egress",
  ],
  [
    "an expression",
    [policy({ ...DENY, podSelector: { matchExpressions: [{ key: "a", operator: "Exists" }] } })],
    "Ingress and Egress",
  ],
  ["a rule that allows", [policy({ ...DENY, egress: [{}] })], "for Egress"],
  ["another namespace", [policy(DENY, "monitoring")], "Namespace deepseek"],
  ["a policy without a specification", [policy(undefined as never)], "Ingress and Egress"],
  [
    "a selector that is missing",
    [policy({ policyTypes: ["Ingress", "Egress"] })],
    "Ingress and Egress",
  ],
])("refuses %s", async (_, policies, message) => {
  expect(await faults(pods(), ...policies)).toEqual([expect.stringContaining(message)]);
});

test("each namespace is named once", async () => {
  expect(await faults(pods(), pods(), pods("monitoring"), policy(DENY))).toEqual([
    expect.stringContaining("Namespace monitoring"),
  ]);
});

test("pods without a namespace live in default", async () => {
  expect(await faults(pods(null))).toEqual([expect.stringContaining("Namespace default")]);
  expect(await faults(pods(null), policy(DENY, null))).toEqual([]);
});

test("an unknown namespace is not evaluated, and the others are", async () => {
  const verdict = await judgeStack(defaultDeny, [pods(UNKNOWN), pods("monitoring")]);
  expect([verdict.notEvaluated, verdict.violations.length]).toEqual([true, 1]);
});
