/**
 * Every store of record is copied elsewhere by a schedule, encrypted, and kept for the profile's time.
 * Whether a copy can be restored shows only a restore; its record is evidence of a running site.
 */

import { DATABASE, pointingTo, REPLICATION_GROUP, resourcesOf } from "../aws/resources.ts";
import { profileOf } from "../judging/profile.ts";
import type { Context, Resource, Rule } from "../judging/rule.ts";
import { isPostgresCluster, kindOf, nameIn } from "../kubernetes/pods.ts";
import { NAME_LABEL } from "../kubernetes/read.ts";
import { at, type Fields, textAt } from "../kubernetes/values.ts";

const SELECTION = "aws:backup/selection:Selection";
const PLAN = "aws:backup/plan:Plan";

export const backups: Rule = {
  name: "backups",
  description: "Stores of record are backed up by a schedule, encrypted, for the profile's time.",
  severity: "critical",
  sees: "stack",
  about: "stores of record",
  applies: ({ type, props }) =>
    type === DATABASE ||
    type === REPLICATION_GROUP ||
    isPostgresCluster(type) ||
    isOwnPostgres(type, props),
  judge: (resource, report, context) => {
    const days = profileOf(context)?.floors.backupDaysMin;
    if (days === undefined) {
      report.fails(
        `${resource.name}: the stack names no profile, so that no time can be measured.`,
      );
      return;
    }
    for (const fault of faultsOf(resource, days, context))
      report.fails(`${resource.name} ${fault}.`);
  },
};

function isOwnPostgres(type: string, props: Fields): boolean {
  return (
    kindOf(type) === "StatefulSet" && textAt(props, "metadata", "labels", NAME_LABEL) === "postgres"
  );
}

function faultsOf({ type, props }: Resource, days: number, context: Context): string[] {
  if (type === DATABASE) return databaseFaults(props, days, context);
  if (type === REPLICATION_GROUP) {
    const kept = Number(props["snapshotRetentionLimit"] ?? 0);
    return kept >= 1 ? [] : ["keeps no snapshot. Set snapshotRetentionLimit"];
  }
  if (isPostgresCluster(type)) return clusterFaults(props, days, context);
  return ["is backed up by nobody. Use the operator's Cluster with backups, or a managed database"];
}

function databaseFaults(props: Fields, days: number, context: Context): string[] {
  const faults: string[] = [];
  const kept = Number(props["backupRetentionPeriod"] ?? 0);
  if (kept < days)
    faults.push(`keeps its own backups ${kept} days of ${days}. Set backupRetentionPeriod`);
  const chosen = resourcesOf(context, SELECTION).filter(({ props: one }) => {
    const list = one["resources"];
    return Array.isArray(list) && list.includes(props["arn"]);
  });
  const plans = chosen.flatMap((one) => pointingTo(context, PLAN, "id", one.props["planId"]));
  const known = plans.length > 0 ? plans : chosen.length > 0 ? resourcesOf(context, PLAN) : [];
  const scheduled = known.some(({ props: plan }) => {
    const rules = plan["rules"];
    return (Array.isArray(rules) ? rules : []).some(
      (rule) =>
        textAt(rule, "schedule") !== undefined &&
        Number(at(rule, "lifecycle", "deleteAfter")) >= days,
    );
  });
  if (!scheduled) faults.push(`is in no backup plan that keeps ${days} days. Select it`);
  return faults;
}

function clusterFaults(props: Fields, days: number, { resources }: Context): string[] {
  // A standby follows the other site, which is the one that writes backups.
  const replica = at(props, "spec", "replica");
  if (replica !== undefined && at(replica, "primary") !== at(replica, "self")) return [];
  const namespace = textAt(props, "metadata", "namespace");
  const here = (kind: string) =>
    resources.filter(
      (one) =>
        kindOf(one.type) === kind && textAt(one.props, "metadata", "namespace") === namespace,
    );
  const faults: string[] = [];
  const scheduled = here("ScheduledBackup").some(
    (one) =>
      textAt(one.props, "spec", "cluster", "name") === nameIn(props) &&
      textAt(one.props, "spec", "schedule") !== undefined &&
      at(one.props, "spec", "suspend") !== true,
  );
  if (!scheduled) faults.push("has no ScheduledBackup that runs. Add one");
  const plugins = at(props, "spec", "plugins");
  const names = (Array.isArray(plugins) ? plugins : []).map((one) =>
    textAt(one, "parameters", "barmanObjectName"),
  );
  const store = here("ObjectStore").find((one) => names.includes(nameIn(one.props)));
  if (store === undefined)
    return [...faults, "archives to no object store. Name one in its plugins"];
  const kept = Number(
    /^(\d+)d$/.exec(textAt(store.props, "spec", "retentionPolicy") ?? "")?.[1] ?? 0,
  );
  if (kept < days) faults.push(`keeps its backups ${kept} days of ${days}. Set retentionPolicy`);
  for (const part of ["data", "wal"]) {
    const how = textAt(store.props, "spec", "configuration", part, "encryption");
    if (how === undefined)
      faults.push(`writes ${part} in clear. Set configuration.${part}.encryption`);
  }
  return faults;
}
