/**
 * The gateway's audit trail can neither be lost with its pod nor changed unseen: it lies on a volume,
 * each segment is sealed with a key, and calls stop where nobody could record them. An archive in a folder
 * lies on a claim, too, which its owners attest is write-once.
 */
import type { Report, Rule } from "../judging/rule.ts";
import { containersOf, hasPods, kindOf, type Pod, podsOf, whereOf } from "../kubernetes/pods.ts";
import { gatewayIn, hasVariable, runs, variableOf } from "../kubernetes/read.ts";
import { at, type Fields, isPresent } from "../kubernetes/values.ts";

/** What the gateway does where it cannot record. */
const DOWN = "GW_AUDIT_DOWN";

export const auditSealed: Rule = {
  name: "audit-sealed",
  description: "The audit trail lies on a volume, is sealed, and calls stop without it.",
  severity: "critical",
  sees: "resource",
  about: "gateways",
  applies: ({ type, props }) =>
    hasPods(type) && podsOf(type, props).items.some((pod) => runs(pod, "gateway")),
  judge: ({ type, props }, report) => {
    for (const pod of podsOf(type, props).items.filter((one) => runs(one, "gateway"))) {
      judgeArchives(pod, report);
      for (const container of gatewayIn(pod, report)) {
        const where = whereOf(pod, container);
        if (variableOf(container, "GW_AUDIT_SEAL_KEY_FILE") === undefined) {
          report.fails(`${where} does not seal its audit trail. Set GW_AUDIT_SEAL_KEY_FILE.`);
        }
        if (hasVariable(container, DOWN) && variableOf(container, DOWN) !== "closed") {
          report.fails(`${where} serves what it cannot record. Remove ${DOWN}.`);
        }
        const folder = variableOf(container, "GW_DATA_FOLDER");
        judgeTrail(where, folder, kindOf(type) ?? "", props, container.fields, report);
      }
    }
  },
};

function judgeTrail(
  where: string,
  folder: string | undefined,
  kind: string,
  props: Fields,
  container: Fields,
  report: Report,
): void {
  const claims = listOf(at(props, "spec", "volumeClaimTemplates")).map((one) =>
    at(one, "metadata", "name"),
  );
  if (folder === undefined || kind !== "StatefulSet" || !isMounted(container, folder, claims)) {
    report.fails(
      `${where} loses its audit trail with its pod. Keep GW_DATA_FOLDER on a volume claim.`,
    );
  }
}

function judgeArchives(pod: Pod, report: Report): void {
  const claims = listOf(pod.spec["volumes"])
    .filter((one) => isPresent(at(one, "persistentVolumeClaim")))
    .map((one) => at(one, "name"));
  for (const container of containersOf(pod).items) {
    const [, folder] = /^file:\/\/(.*)$/.exec(variableOf(container, "ARCHIVE_TO") ?? "") ?? [];
    if (folder === undefined || isMounted(container.fields, folder, claims)) continue;
    report.fails(
      `${whereOf(pod, container)} archives into its pod. Mount a write-once claim at ${folder}.`,
    );
  }
}

function isMounted(container: Fields, folder: string, volumes: readonly unknown[]): boolean {
  return listOf(container["volumeMounts"]).some(
    (mount) => at(mount, "mountPath") === folder && volumes.includes(at(mount, "name")),
  );
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
