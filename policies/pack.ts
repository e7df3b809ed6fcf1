/**
 * The policy pack: every rule, mandatory unless a stack's policy configuration says otherwise. It
 * runs unchanged under the Pulumi CLI (`--policy-pack policies`) and under the embedded engine.
 */
import { PolicyPack } from "@pulumi/policy";
import { RULES } from "./all-rules.ts";
import { EXEMPTIONS } from "./exemptions.ts";
import { asPolicy } from "./judging/as-policy.ts";

const today = new Date().toISOString().slice(0, 10);

new PolicyPack("deepseek", {
  enforcementLevel: "mandatory",
  policies: RULES.map((rule) => asPolicy(rule, { exemptions: EXEMPTIONS, today })),
});
