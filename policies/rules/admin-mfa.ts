/** Administrators of the gateway need a second factor before anything else (GW_ADMIN_TOTP). */
import { podRule } from "../kubernetes/pod-rule.ts";
import { hasPods, podsOf, whereOf } from "../kubernetes/pods.ts";
import { gatewayIn, runs } from "../kubernetes/read.ts";
import { statedVariable } from "../kubernetes/variables.ts";

const VARIABLE = "GW_ADMIN_TOTP";

export const adminMfa = podRule({
  name: "admin-mfa",
  description: "Administrators need a second factor.",
  severity: "high",
  sees: "stack",
  about: "gateways",
  applies: ({ type, props }) =>
    hasPods(type) && podsOf(type, props).items.some((pod) => runs(pod, "gateway")),
  pod: (pod, report, context) => {
    for (const container of gatewayIn(pod, report)) {
      const value = statedVariable(container, VARIABLE, context) ?? "optional";
      if (value !== "required") {
        report.fails(
          `${whereOf(pod, container)}: an authenticator is ${value}. Set ${VARIABLE}: required.`,
        );
      }
    }
  },
});
