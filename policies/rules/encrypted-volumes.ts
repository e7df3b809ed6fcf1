/**
 * Volumes of the cluster come from classes that encrypt. A class that the stack makes must say so with a
 * key of ours; one that the cluster's owners made is only known by its name, which the settings list,
 * and they attest it.
 */
import type { Context, Report, Rule } from "../judging/rule.ts";
import { isPostgresCluster, kindOf, nameIn, podsOf, valuesAt } from "../kubernetes/pods.ts";
import { asFields, at, type Fields, isPresent, textAt } from "../kubernetes/values.ts";

/** Classes that an owner attests: a stack names one of these where it does not make its own. */
const ENCRYPTED_CLASSES = ["encrypted", "patient-encrypted", "shared-encrypted"];

export const encryptedVolumes: Rule = {
  name: "encrypted-volumes",
  description: "Volumes come from storage classes that encrypt.",
  severity: "high",
  configSchema: {
    properties: {
      encryptedClasses: { type: "array", items: { type: "string" }, default: ENCRYPTED_CLASSES },
    },
  },
  sees: "stack",
  about: "volumes of the cluster",
  applies: ({ type, props }) =>
    kindOf(type) === "StorageClass" ||
    kindOf(type) === "PersistentVolumeClaim" ||
    isPostgresCluster(type) ||
    ephemeralClasses(type, props).length > 0 ||
    (kindOf(type) === "StatefulSet" && isPresent(at(props, "spec", "volumeClaimTemplates"))),
  judge: ({ type, props }, report, context) => {
    const where = `${kindOf(type)} ${nameIn(props)}`;
    if (kindOf(type) === "StorageClass") return judgeClass(where, props, report);
    for (const name of classesOf(type, props)) {
      if (name !== undefined && known(context).has(name)) continue;
      const which = name === undefined ? "the cluster's default class" : `class ${name}`;
      report.fails(
        `${where} keeps its data in ${which}, which nobody says encrypts. Name one that does.`,
      );
    }
  },
};

function judgeClass(where: string, props: Fields, report: Report): void {
  const { provisioner } = props;
  if (provisioner !== "ebs.csi.aws.com" && provisioner !== "efs.csi.aws.com") {
    report.notEvaluated(
      `Not known: whether ${where} encrypts, since ${String(provisioner)} does not say.`,
    );
    return;
  }
  const key = at(props, "parameters", "kmsKeyId");
  const ours =
    at(props, "parameters", "encrypted") === "true" &&
    isPresent(key) &&
    // The provider's own key is one that we can neither refuse nor destroy.
    !/(^|[:/])alias\/aws\//.test(String(key));
  if (!ours) report.fails(`${where} does not encrypt under our key. Set encrypted and kmsKeyId.`);
}

function classesOf(type: string, props: Fields): (string | undefined)[] {
  if (isPostgresCluster(type)) return clusterClasses(asFields(props["spec"]) ?? {});
  if (kindOf(type) === "PersistentVolumeClaim") return [textAt(props, "spec", "storageClassName")];
  const templates = at(props, "spec", "volumeClaimTemplates");
  return (Array.isArray(templates) ? templates : [])
    .map((one) => textAt(one, "spec", "storageClassName"))
    .concat(ephemeralClasses(type, props));
}

/** Of volumes that are made with a pod and go with it: they hold data as well. */
function ephemeralClasses(type: string, props: Fields): (string | undefined)[] {
  return podsOf(type, props)
    .items.flatMap((pod) =>
      valuesAt(pod.spec, ["volumes", "*", "ephemeral", "volumeClaimTemplate"]),
    )
    .filter(isPresent)
    .map((one) => textAt(one, "spec", "storageClassName"));
}

/** Of the data, of the log where it has a volume of its own, and of every tablespace. */
function clusterClasses(spec: Fields): (string | undefined)[] {
  const { tablespaces } = spec;
  const spaces = (Array.isArray(tablespaces) ? tablespaces : []).map((one) => at(one, "storage"));
  const log = isPresent(spec["walStorage"]) ? [spec["walStorage"]] : [];
  return [spec["storage"], ...log, ...spaces].map(
    (storage) =>
      textAt(storage, "storageClass") ?? textAt(storage, "pvcTemplate", "storageClassName"),
  );
}

function known({ resources, settings, once }: Context): ReadonlySet<string> {
  return once("classes", () => {
    const listed = Array.isArray(settings["encryptedClasses"])
      ? settings["encryptedClasses"]
      : ENCRYPTED_CLASSES;
    const made = resources.filter(({ type }) => kindOf(type) === "StorageClass");
    return new Set([...listed.map(String), ...made.map(({ props }) => nameIn(props))]);
  });
}
