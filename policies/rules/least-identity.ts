/**
 * A pod gets no token of the API server that it does not use. One that needs it names its own account
 * and mounts a short-lived token itself; the namespace's default account is nobody's. A Secret that the
 * cluster fills with a token holds one for ever, and whoever may read Secrets has it.
 */
import type { Rule } from "../judging/rule.ts";
import { podRule } from "../kubernetes/pod-rule.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { at } from "../kubernetes/values.ts";

/** Kubernetes puts a token without an end into a Secret of this type. */
const TOKEN_SECRET = "kubernetes.io/service-account-token";
/** A projected token that lives longer than this is as good as one for ever. */
const TOKEN_SECONDS_MAX = 3_600;

const ofPods = podRule({
  name: "least-identity",
  description: "Pods carry no token of the API server but one they ask for, and briefly.",
  severity: "medium",
  pod: (pod, report) => {
    if (pod.spec["automountServiceAccountToken"] !== false) {
      report.fails(
        `${pod.owner} gets a token of the API server. Set automountServiceAccountToken: false.`,
      );
    }
    const { volumes } = pod.spec;
    const sources = (Array.isArray(volumes) ? volumes : []).flatMap((volume) => {
      const list = at(volume, "projected", "sources");
      return Array.isArray(list) ? list : [];
    });
    for (const source of sources) {
      const token = at(source, "serviceAccountToken");
      if (token === undefined) continue;
      const seconds = at(token, "expirationSeconds") ?? TOKEN_SECONDS_MAX;
      if (typeof seconds !== "number" || seconds > TOKEN_SECONDS_MAX) {
        report.fails(
          `${pod.owner} asks for a token of ${String(seconds)} s. At most ${TOKEN_SECONDS_MAX}.`,
        );
      }
      const account = pod.spec["serviceAccountName"];
      if (account === undefined || account === "default") {
        report.fails(`${pod.owner} uses the namespace's default account. Give it one of its own.`);
      }
    }
  },
});

export const leastIdentity: Rule = {
  ...ofPods,
  about: "pods or Secrets with tokens",
  applies: (resource, context) =>
    (kindOf(resource.type) === "Secret" && resource.props["type"] === TOKEN_SECRET) ||
    ofPods.applies(resource, context),
  judge: (resource, report, context) => {
    if (kindOf(resource.type) !== "Secret") return ofPods.judge(resource, report, context);
    report.fails(
      `Secret ${nameIn(resource.props)} holds a token without an end. Project one into the pod.`,
    );
  },
};
