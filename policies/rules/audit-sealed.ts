/**
 * The gateway's audit trail can neither be lost with its pod nor changed unseen: it lies on a volume,
 * each segment is sealed with a key, and calls stop where nobody could record them.
 */
import type { Report, Rule } from "../judging/rule.ts";
import { hasPods, kindOf, podsOf, whereOf } from "../kubernetes/pods.ts";
import { gatewayIn, hasVariable, programOf, variableOf } from "../kubernetes/read.ts";
import { at, type Fields } from "../kubernetes/values.ts";

/** What the gateway does where it cannot record. */
const DOWN = "GW_AUDIT_DOWN";

export const auditSealed: Rule = {
  name: "audit-sealed",
  description: "The audit trail lies on a volume, is sealed, and calls stop without it.",
  severity: "critical",
  sees: "resource",
  about: "gateways",
  applies: ({ type, props }) =>
    hasPods(type) && podsOf(type, props).items.some((pod) => programOf(pod) === "gateway"),
  judge: ({ type, props }, report) => {
    for (const pod of podsOf(type, props).items.filter((one) => programOf(one) === "gateway")) {
      for (const container of gatewayIn(pod, report)) {
        const where = whereOf(pod, container);
        if (variableOf(container, "GW_AUDIT_SEAL_KEY_FILE") === undefined) {
          report.fails(`${where} does not seal its audit trail. Set GW_AUDIT_SEAL_KEY_FILE.`);
        }
        if (hasVariable(container, DOWN) && variableOf(container, DOWN) !== "closed") {
          report.fails(`${where} serves what it cannot record. Remove ${DOWN}.`);
        }
        const folder = variableOf(container, "GW_DATA_FOLDER");
        judgeVolume(where, folder, kindOf(type) ?? "", props, container.fields, report);
      }
    }
  },
};

function judgeVolume(
  where: string,
  folder: string | undefined,
  kind: string,
  props: Fields,
  container: Fields,
  report: Report,
): void {
  const templates = at(props, "spec", "volumeClaimTemplates");
  const claims = (Array.isArray(templates) ? templates : []).map((one) =>
    at(one, "metadata", "name"),
  );
  const mounts = container["volumeMounts"];
  const kept = (Array.isArray(mounts) ? mounts : []).some(
    (mount) => at(mount, "mountPath") === folder && claims.includes(at(mount, "name")),
  );
  if (folder === undefined || kind !== "StatefulSet" || !kept) {
    report.fails(
      `${where} loses its audit trail with its pod. Keep GW_DATA_FOLDER on a volume claim.`,
    );
  }
}
