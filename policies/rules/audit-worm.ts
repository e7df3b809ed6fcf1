/**
 * The audit trail in a cloud cannot be changed or deleted by anybody, its owner included: Object Lock in
 * compliance mode, versions, and for backups a locked vault. A site of one's own exports to a store that
 * can, which no stack of ours makes and whose owners attest it. A bucket is the trail's by what it is for,
 * whatever it is called: the gateways' archiver writes into it, or it was made to lock objects.
 */
import { isBucket, OBJECT_LOCK, pointingTo } from "../aws/resources.ts";
import type { Context, Resource, Rule } from "../judging/rule.ts";
import { containersOf, hasPods, podsOf } from "../kubernetes/pods.ts";
import { asFields, at, type Fields, isPresent } from "../kubernetes/values.ts";
import { statedVariable } from "../kubernetes/variables.ts";

const VERSIONS = "aws:s3/bucketVersioning:BucketVersioning";
const VAULT = "aws:backup/vault:Vault";
const VAULT_LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration";

export const auditWorm: Rule = {
  name: "audit-worm",
  description: "The audit trail and backups in a cloud cannot be changed before their time.",
  severity: "critical",
  sees: "stack",
  about: "audit bucket or backup vault",
  applies: (resource, context) => resource.type === VAULT || isArchive(resource, context),
  judge: ({ type, props, name }, report, context) => {
    if (type === VAULT) {
      const locks = pointingTo(context, VAULT_LOCK, "backupVaultName", props["name"]);
      const kept = locks.some(
        (one) =>
          isPresent(one.props["minRetentionDays"]) && isPresent(one.props["changeableForDays"]),
      );
      if (!kept)
        report.fails(
          `${name} lets backups be deleted. Lock it: minRetentionDays and changeableForDays.`,
        );
      return;
    }
    for (const fault of bucketFaults(props, context)) report.fails(`${name} ${fault}.`);
  },
};

function isArchive({ type, props, name }: Resource, context: Context): boolean {
  if (!isBucket(type)) return false;
  const called = [name, props["bucket"], ...Object.values(asFields(props["tags"]) ?? {})];
  return (
    called.some((one) => /audit/i.test(String(one))) ||
    props["objectLockEnabled"] === true ||
    pointingTo(context, OBJECT_LOCK, "bucket", props["bucket"]).length > 0 ||
    archivedInto(context).has(String(props["bucket"]))
  );
}

/** The buckets that archivers of pods write into. */
function archivedInto(context: Context): ReadonlySet<string> {
  const { resources, once } = context;
  return once("archives", () => {
    const pods = resources
      .filter(({ type }) => hasPods(type))
      .flatMap(({ type, props }) => podsOf(type, props).items);
    const places = pods
      .flatMap((pod) => containersOf(pod).items)
      .map((container) => statedVariable(container, "ARCHIVE_TO", context) ?? "");
    return new Set(places.flatMap((place) => /^s3:\/\/([^/]+)/.exec(place)?.[1] ?? []));
  });
}

function bucketFaults(props: Fields, context: Context): string[] {
  const named = (type: string) => pointingTo(context, type, "bucket", props["bucket"]);
  const faults: string[] = [];
  if (props["objectLockEnabled"] !== true)
    faults.push("has no Object Lock. Set objectLockEnabled: true");
  const modes = named(OBJECT_LOCK).map((one) => at(one.props, "rule", "defaultRetention", "mode"));
  if (!modes.includes("COMPLIANCE")) {
    const mode = modes.length === 0 ? "no default retention" : `mode ${String(modes[0])}`;
    faults.push(`has ${mode}. Set defaultRetention.mode: COMPLIANCE`);
  }
  const versioned = named(VERSIONS).some(
    (one) => at(one.props, "versioningConfiguration", "status") === "Enabled",
  );
  if (!versioned) faults.push("keeps no versions. Enable versioning");
  return faults;
}
