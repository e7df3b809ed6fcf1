/** For tests: one small stack, judged: something that passes, fails, is exempt, and that nobody can know. */
import { RULES } from "../../policies/all-rules.ts";
import { PROFILES } from "../../policies/catalogue/profiles.ts";
import { CATALOGUE } from "../../policies/catalogue/whole.ts";
import type { Exemption } from "../../policies/judging/exemptions.ts";
import { judgeGraph } from "../../policies/judging/judge-graph.ts";
import { deployment, gateway, podSpec } from "../../policies/rules/test-objects.ts";
import type { ResourceState } from "../engine/resource.ts";
import { type PropertyMap, secret } from "../engine/values.ts";
import { type Assessment, assess } from "./assessment.ts";
import { dataMapOf } from "./data-map.ts";
import { judgedResources } from "./judged-resources.ts";
import type { Proof } from "./proof.ts";

export const PASSWORD = "hunter2-and-more";
const TODAY = "2026-11-26";

export const EXEMPTION: Exemption = {
  rule: "replicated-state",
  stacks: ["small"],
  resources: ["kubernetes:apps/v1:StatefulSet::prometheus"],
  reason: "It watches, and keeps <no> record | of it.",
  owner: "operations",
  approver: "security",
  ticket: "RISK-6",
  expires: "2027-05-31",
};

const made = (type: string, name: string, props: object): ResourceState => ({
  ...{ urn: `urn:pulumi:small::p::${type}::${name}`, custom: true, type },
  inputs: props as PropertyMap,
  outputs: props as PropertyMap,
});

/** One that passes, one that fails, one that is exempt, one that nobody can know. */
const RESOURCES: readonly ResourceState[] = [
  made("pulumi:pulumi:Stack", "p-small", { plan: { profile: "cnBank" }, models: ["m<1>"] }),
  made("kubernetes:apps/v1:Deployment", "gateway", {
    ...deployment({ containers: [gateway({ GW_AUDIT_RETENTION_DAYS: "90", GW_PROMPTS: "hash" })] }),
  }),
  made("kubernetes:apps/v1:StatefulSet", "prometheus", {
    metadata: { name: "prometheus", namespace: "monitoring" },
    spec: { replicas: 1, volumeClaimTemplates: [{}], template: { spec: podSpec() } },
  }),
  made("kubernetes:core/v1:Secret", "keys", {
    data: secret({ "users.acl": PASSWORD }),
    metadata: { name: "keys" },
  }),
  made("kubernetes:networking.k8s.io/v1:NetworkPolicy", "walls", {
    metadata: { name: "walls", namespace: "deepseek" },
    spec: {
      podSelector: { matchLabels: { "app.kubernetes.io/name": "gateway" } },
      ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" } }], ports: [{ port: 443 }] }],
      egress: [{ to: [{ ipBlock: { cidr: "10.1.0.0/16" } }], ports: [{ port: 5432 }] }],
    },
  }),
];

export function assessment(
  exemptions: readonly Exemption[] = [EXEMPTION],
  proofs: readonly Proof[] | null = null,
): Assessment {
  const resources = judgedResources(RESOURCES);
  const verdict = judgeGraph(RULES, resources, { exemptions, today: TODAY });
  const profile = PROFILES.cnBank;
  const input = { stack: "small", profile, today: TODAY, catalogue: CATALOGUE, verdict };
  return assess({ ...input, resources: resources.length, proofs });
}

export const MAP = dataMapOf(judgedResources(RESOURCES).map(({ outputs }) => outputs));

export const proof = (change: Partial<Proof>): Proof => ({
  ...{ id: "handshakes-edge", control: "handshakes", on: "https://edge <1>" },
  title: { zh: "握手", en: "Handshakes | all" },
  ...{ at: "2026-11-26T09:08:07.000Z", result: "pass", figures: { handshakes: 12 } },
  ...{ findings: [], raw: { name: "evidence/handshakes-edge.json", sha256: "ab".repeat(32) } },
  ...change,
});
export const OPEN = proof({
  ...{ id: "alert-delivery", control: "alert-proof", result: "notEvaluated", figures: {} },
  ...{ findings: ["no way to <Prometheus>"], raw: null },
});
export const BROKEN = proof({
  ...{ id: "audit-chain", control: "audit-sealed", result: "fail" },
  findings: ["gateway-0: 2026-11-20: no line"],
});
