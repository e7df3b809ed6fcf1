import { restoredBackups } from "./restored-backups.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(restoredBackups, {
  good: {
    database: { type: "aws:rds/instance:Instance", props: { arn: "db" } },
    selection: {
      type: "aws:backup/restoreTestingSelection:RestoreTestingSelection",
      props: { restoreTestingPlanName: "p", protectedResourceArns: ["db"] },
    },
    plan: {
      type: "aws:backup/restoreTestingPlan:RestoreTestingPlan",
      props: { name: "p", scheduleExpression: "cron(0 20 ? * SUN *)" },
    },
    cluster: {
      type: "kubernetes:postgresql.cnpg.io/v1:Cluster",
      props: {
        metadata: { name: "postgres", namespace: "n" },
        spec: {
          plugins: [{ parameters: { barmanObjectName: "store", serverName: "ledger" } }],
        },
      },
    },
    store: {
      type: "kubernetes:barmancloud.cnpg.io/v1:ObjectStore",
      props: {
        metadata: { name: "store", namespace: "n" },
        spec: { configuration: { destinationPath: "s3://backups/" } },
      },
    },
    test: {
      type: "kubernetes:apps/v1:StatefulSet",
      props: {
        metadata: { name: "restore-test", namespace: "n" },
        spec: {
          template: {
            spec: {
              containers: [
                {
                  env: [
                    { name: "RESTORE_FROM", value: "s3://backups/ledger" },
                    { name: "RESTORE_EVERY_HOURS", value: "168" },
                  ],
                },
                {},
              ],
            },
          },
        },
      },
    },
  },
  passes: {
    "a standby, which follows the other site": [
      ["cluster", "spec", { replica: { primary: "a", self: "b" } }],
      ["store", "", undefined],
      ["test", "", undefined],
    ],
  },
  fails: {
    "a test that runs nowhere": [[["test", "spec.replicas", 0]], /nobody restores/],
    "a database that no test selects": [
      [["selection", "protectedResourceArns", ["other"]]],
      /no restore testing plan/,
    ],
    "a selection of every database, by no name": [
      [["selection", "protectedResourceArns", "*"]],
      /no restore testing plan/,
    ],
    "a selection of another plan": [
      [["selection", "restoreTestingPlanName", "q"]],
      /no restore testing plan/,
    ],
    "a plan without a schedule": [[["plan", "scheduleExpression", undefined]], /with a schedule/],
    "a cluster without a test": [[["test", "", undefined]], /nobody restores/],
    "a test of another archive": [
      [["cluster", "spec.plugins.0.parameters.serverName", "patients"]],
      /nobody restores/,
    ],
    "a test of another store": [
      [["store", "spec.configuration.destinationPath", "s3://others"]],
      /nobody restores/,
    ],
    "a test in another namespace": [[["test", "metadata.namespace", "m"]], /nobody restores/],
    "a test that is switched off": [
      [["test", "spec.template.spec.containers.0.env.1.value", "0"]],
      /nobody restores/,
    ],
    "a pod without settings": [
      [["test", "spec.template.spec.containers.0", {}]],
      /nobody restores/,
    ],
    "an archive that is not there": [[["store", "", undefined]], /nobody restores/],
  },
  unknown: ["database", "arn"],
});
