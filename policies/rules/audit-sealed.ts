/**
 * The gateway's audit trail can neither be lost with its pod nor changed unseen: it lies on a volume,
 * each segment is sealed with a key, and calls stop where nobody could record them. An archive in a folder
 * lies on a claim, too, which its owners attest is write-once.
 */
import type { Context, Report, Rule } from "../judging/rule.ts";
import { judgeEach } from "../kubernetes/judge.ts";
import {
  type Container,
  containersOf,
  hasPods,
  kindOf,
  type Pod,
  podsOf,
  whereOf,
} from "../kubernetes/pods.ts";
import { gatewayIn, runs } from "../kubernetes/read.ts";
import { at, type Fields, isPresent, listOf } from "../kubernetes/values.ts";
import { hasVariable, statedVariable, variableOf } from "../kubernetes/variables.ts";

/** What the gateway does where it cannot record. */
const DOWN = "GW_AUDIT_DOWN";

export const auditSealed: Rule = {
  name: "audit-sealed",
  description: "The audit trail lies on a volume, is sealed, and calls stop without it.",
  severity: "critical",
  sees: "stack",
  about: "gateways",
  applies: ({ type, props }) =>
    hasPods(type) && podsOf(type, props).items.some((pod) => runs(pod, "gateway")),
  judge: ({ type, props }, report, context) => {
    const claims = kindOf(type) === "StatefulSet" ? claimsOf(props) : [];
    for (const pod of podsOf(type, props).items.filter((one) => runs(one, "gateway"))) {
      for (const gateway of gatewayIn(pod, report)) judgeGateway(gateway, claims, report, context);
      judgeEach(containersOf(pod).items, (one) => judgeArchive(one, report, context));
    }
  },
};

function judgeGateway(
  gateway: Container,
  claims: readonly unknown[],
  report: Report,
  context: Context,
): void {
  const where = whereOf(gateway.pod, gateway);
  const stated = (name: string) => statedVariable(gateway, name, context);
  if (stated("GW_AUDIT_SEAL_KEY_FILE") === undefined) {
    report.fails(`${where} does not seal its audit trail. Set GW_AUDIT_SEAL_KEY_FILE.`);
  }
  if (hasVariable(gateway, DOWN, context) && stated(DOWN) !== "closed") {
    report.fails(`${where} serves what it cannot record. Remove ${DOWN}.`);
  }
  const folder = stated("GW_DATA_FOLDER");
  if (folder === undefined || !isMounted(gateway, folder, claims)) {
    report.fails(
      `${where} loses its audit trail with its pod. Keep GW_DATA_FOLDER on a volume claim.`,
    );
  }
}

function judgeArchive(container: Container, report: Report, context: Context): void {
  const to = variableOf(container, "ARCHIVE_TO", context) ?? "";
  const [, folder] = /^file:\/\/(.*)$/.exec(to) ?? [];
  if (folder === undefined || isMounted(container, folder, claimedBy(container.pod))) return;
  const where = whereOf(container.pod, container);
  report.fails(`${where} archives into its pod. Mount a write-once claim at ${folder}.`);
}

function claimsOf(props: Fields): readonly unknown[] {
  return listOf(at(props, "spec", "volumeClaimTemplates")).map((one) =>
    at(one, "metadata", "name"),
  );
}

function claimedBy(pod: Pod): readonly unknown[] {
  return listOf(pod.spec["volumes"])
    .filter((one) => isPresent(at(one, "persistentVolumeClaim")))
    .map((one) => at(one, "name"));
}

function isMounted({ fields }: Container, folder: string, volumes: readonly unknown[]): boolean {
  return listOf(fields["volumeMounts"]).some(
    (mount) => at(mount, "mountPath") === folder && volumes.includes(at(mount, "name")),
  );
}
