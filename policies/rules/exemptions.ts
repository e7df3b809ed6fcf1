/**
 * Namespaces whose pods need what others must not have. Each has its reason; a stack's policy
 * configuration may name others under `exemptNamespaces`.
 */
import type { PolicyConfigSchema } from "@pulumi/policy";
import type { Pod } from "../kubernetes/pods.ts";
import { asFields, type Fields } from "../kubernetes/values.ts";

/** namespace → reason */
const EXEMPT: Readonly<Record<string, string>> = {
  "deepseek-gpu": "GPU device plugins register with the kubelet through the host's sockets.",
};

export const EXEMPTION_SCHEMA: PolicyConfigSchema = {
  properties: {
    exemptNamespaces: {
      type: "object",
      additionalProperties: { type: "string" },
      default: { ...EXEMPT },
    },
  },
};

export function isExempt(pod: Pod, config: Fields): boolean {
  const namespaces = asFields(config.exemptNamespaces) ?? EXEMPT;
  const reason = namespaces[pod.namespace];
  return typeof reason === "string" && reason.trim() !== "";
}
