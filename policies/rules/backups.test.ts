import { backups } from "./backups.ts";
import { stackOf } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(backups, {
  good: {
    stack: stackOf("cnGeneral"),
    database: {
      type: "aws:rds/instance:Instance",
      props: { arn: "db", backupRetentionPeriod: 35 },
    },
    selection: {
      type: "aws:backup/selection:Selection",
      props: { planId: "p", resources: ["db"] },
    },
    plan: {
      type: "aws:backup/plan:Plan",
      props: {
        id: "p",
        rules: [{ schedule: "cron(0 18 * * ? *)", lifecycle: { deleteAfter: 35 } }],
      },
    },
    cluster: {
      type: "kubernetes:postgresql.cnpg.io/v1:Cluster",
      props: {
        metadata: { name: "postgres", namespace: "n" },
        spec: { plugins: [{ parameters: { barmanObjectName: "store" } }] },
      },
    },
    scheduled: {
      type: "kubernetes:postgresql.cnpg.io/v1:ScheduledBackup",
      props: {
        metadata: { namespace: "n" },
        spec: { cluster: { name: "postgres" }, schedule: "0 0 0 * * *" },
      },
    },
    store: {
      type: "kubernetes:barmancloud.cnpg.io/v1:ObjectStore",
      props: {
        metadata: { name: "store", namespace: "n" },
        spec: {
          retentionPolicy: "35d",
          configuration: { data: { encryption: "AES256" }, wal: { encryption: "AES256" } },
        },
      },
    },
    cache: {
      type: "aws:elasticache/replicationGroup:ReplicationGroup",
      props: { snapshotRetentionLimit: 7 },
    },
  },
  passes: {
    "a standby, which follows the other site": [
      ["cluster", "spec", { replica: { primary: "a", self: "b" } }],
      ["scheduled", "", undefined],
      ["store", "", undefined],
    ],
  },
  fails: {
    "a schedule that is suspended": [
      [["scheduled", "spec.suspend", true]],
      /no ScheduledBackup that runs/,
    ],
    "a day of backups": [[["database", "backupRetentionPeriod", 1]], /1 days of 7/],
    "a database in no plan": [[["selection", "resources", ["other"]]], /in no backup plan/],
    "a plan without a schedule": [[["plan", "rules", []]], /in no backup plan/],
    "a plan that forgets": [[["plan", "rules.0.lifecycle.deleteAfter", 3]], /in no backup plan/],
    "a cluster without a schedule": [[["scheduled", "", undefined]], /no ScheduledBackup/],
    "a schedule of another cluster": [
      [["scheduled", "spec.cluster.name", "x"]],
      /no ScheduledBackup/,
    ],
    "no object store": [[["store", "", undefined]], /no object store/],
    "a store in another namespace": [[["store", "metadata.namespace", "m"]], /no object store/],
    "a store that forgets": [[["store", "spec.retentionPolicy", "2d"]], /2 days of 7/],
    "a log in clear": [[["store", "spec.configuration.wal", {}]], /writes wal in clear/],
    "a cache without snapshots": [[["cache", "snapshotRetentionLimit", 0]], /no snapshot/],
    "no profile": [[["stack", "plan", {}]], /names no profile/],
  },
  unknown: ["database", "backupRetentionPeriod"],
});
