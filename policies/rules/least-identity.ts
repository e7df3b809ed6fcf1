/**
 * A pod gets no token of the API server that it does not use. One that needs it names its own account
 * and mounts a short-lived token itself; the namespace's default account is nobody's.
 */
import { podRule } from "../kubernetes/pod-rule.ts";
import { at } from "../kubernetes/values.ts";

/** A projected token that lives longer than this is as good as one for ever. */
const TOKEN_SECONDS_MAX = 3_600;

export const leastIdentity = podRule({
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
