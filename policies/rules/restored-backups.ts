/**
 * A backup that nobody has restored is a hope. Where a store of record is backed up, something restores the
 * newest copy by a schedule: AWS Backup's own test in a cloud, the site's test beside an operator's cluster.
 */
import { DATABASE, resourcesOf } from "../aws/resources.ts";
import type { Context, Resource, Rule } from "../judging/rule.ts";
import { isPostgresCluster, kindOf, nameIn } from "../kubernetes/pods.ts";
import { at, type Fields, listOf, textAt } from "../kubernetes/values.ts";

const PLAN = "aws:backup/restoreTestingPlan:RestoreTestingPlan";
const SELECTION = "aws:backup/restoreTestingSelection:RestoreTestingSelection";

export const restoredBackups: Rule = {
  name: "restored-backups",
  description:
    "Backups of stores of record are restored by a schedule, so that one knows they can be.",
  severity: "high",
  sees: "stack",
  about: "stores of record",
  applies: ({ type }) => type === DATABASE || isPostgresCluster(type),
  judge: (resource, report, context) => {
    const fault =
      resource.type === DATABASE
        ? databaseFault(resource.props, context)
        : clusterFault(resource.props, context);
    if (fault !== undefined) report.fails(`${resource.name} ${fault}.`);
  },
};

function databaseFault(props: Fields, context: Context): string | undefined {
  const chosen = resourcesOf(context, SELECTION).filter(({ props: one }) =>
    listOf(one["protectedResourceArns"]).includes(props["arn"]),
  );
  const scheduled = chosen.some(({ props: one }) =>
    resourcesOf(context, PLAN).some(
      ({ props: plan }) =>
        plan["name"] === one["restoreTestingPlanName"] &&
        textAt(plan, "scheduleExpression") !== undefined,
    ),
  );
  return scheduled ? undefined : "is in no restore testing plan with a schedule. Select it";
}

function clusterFault(props: Fields, { resources }: Context): string | undefined {
  // A standby follows the other site, which is the one that writes backups.
  const replica = at(props, "spec", "replica");
  if (replica !== undefined && at(replica, "primary") !== at(replica, "self")) return undefined;
  const namespace = textAt(props, "metadata", "namespace");
  const here = resources.filter((one) => textAt(one.props, "metadata", "namespace") === namespace);
  const archives = listOf(at(props, "spec", "plugins")).flatMap((plugin) => {
    const name = textAt(plugin, "parameters", "barmanObjectName");
    const store = here.find(
      ({ type, props: one }) => kindOf(type) === "ObjectStore" && nameIn(one) === name,
    );
    const path = store && textAt(store.props, "spec", "configuration", "destinationPath");
    const server = textAt(plugin, "parameters", "serverName") ?? nameIn(props);
    return path === undefined ? [] : [`${path.replace(/\/$/, "")}/${server}`];
  });
  const tried = here.some((one) => archives.some((archive) => restores(one, archive)));
  return tried ? undefined : "has backups that nobody restores. Add a RestoreTest of its archive";
}

/** Reads that archive over and over. */
function restores({ type, props }: Resource, archive: string): boolean {
  if (kindOf(type) !== "StatefulSet" || at(props, "spec", "replicas") === 0) return false;
  return listOf(at(props, "spec", "template", "spec", "containers")).some((container) => {
    const value = (name: string) =>
      textAt(
        listOf(at(container, "env")).find((one) => textAt(one, "name") === name),
        "value",
      );
    return value("RESTORE_FROM") === archive && Number(value("RESTORE_EVERY_HOURS")) > 0;
  });
}
