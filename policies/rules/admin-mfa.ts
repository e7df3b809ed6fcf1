/** Administrators of the gateway need a second factor before anything else (GW_ADMIN_TOTP). */
import { podRule } from "../kubernetes/pod-rule.ts";
import { hasPods, podsOf, whereOf } from "../kubernetes/pods.ts";
import { gatewayIn, runs, variableOf } from "../kubernetes/read.ts";

const VARIABLE = "GW_ADMIN_TOTP";

export const adminMfa = podRule({
  name: "admin-mfa",
  description: "Administrators need a second factor.",
  severity: "high",
  about: "gateways",
  applies: ({ type, props }) =>
    hasPods(type) && podsOf(type, props).items.some((pod) => runs(pod, "gateway")),
  pod: (pod, report) => {
    for (const container of gatewayIn(pod, report)) {
      const value = variableOf(container, VARIABLE) ?? "optional";
      if (value !== "required") {
        report.fails(
          `${whereOf(pod, container)}: an authenticator is ${value}. Set ${VARIABLE}: required.`,
        );
      }
    }
  },
});
