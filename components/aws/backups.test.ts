import { expect, test } from "vitest";
import { Backups, type BackupsArgs } from "./backups.ts";
import { CHINA, keysHandle, make, SITE } from "./test-aws.ts";

const DATABASE = "arn:aws:rds:eu-central-1:111122223333:db:deepseek-prod-ledger";

const backups = (more: Partial<BackupsArgs> = {}) =>
  make(() => {
    const made = new Backups("backups", {
      site: SITE,
      keys: keysHandle(more.site),
      database: DATABASE,
      schedule: "cron(0 18 * * ? *)",
      keepDays: 365,
      lock: "compliance",
      deletable: false,
      ...more,
    });
    return { vaultArn: made.vaultArn };
  }, more.site);

test("the database goes into a vault under its key, daily, for its days", async () => {
  const made = await backups();
  expect(made.one("backup/vault:Vault").inputs).toMatchObject({
    name: "deepseek-prod-ledger",
    kmsKeyArn: "arn:aws:kms:eu-central-1:111122223333:key/database",
    forceDestroy: false,
  });
  const [rule] = made.one("backup/plan:Plan").inputs.rules;
  expect(rule).toMatchObject({
    targetVaultName: "deepseek-prod-ledger",
    schedule: "cron(0 18 * * ? *)",
    lifecycle: { deleteAfter: 365 },
  });
  expect(rule.copyActions).toBeUndefined();
  expect(made.one("backup/selection:Selection").inputs).toMatchObject({
    planId: made.one("backup/plan:Plan").outputs.id,
    resources: [DATABASE],
    iamRoleArn: made.one("iam/role:Role").outputs.arn,
  });
});

test("a lock keeps them: for everybody, for those without the right, or not at all", async () => {
  const lock = "backup/vaultLockConfiguration:VaultLockConfiguration";
  const compliance = (await backups()).one(lock).inputs;
  expect(compliance).toMatchObject({ minRetentionDays: 365, changeableForDays: 3 });
  const governance = (await backups({ lock: "governance" })).one(lock).inputs;
  expect(governance).toMatchObject({ minRetentionDays: 365 });
  expect(governance).not.toHaveProperty("changeableForDays");
  expect((await backups({ lock: "none" })).all(lock)).toEqual([]);
});

test("copies go where they are told to, for the same time", async () => {
  const copyTo = "arn:aws:backup:eu-west-1:111122223333:backup-vault:standby";
  const made = await backups({ copyTo });
  expect(made.one("backup/plan:Plan").inputs.rules[0].copyActions).toEqual([
    { destinationVaultArn: copyTo, lifecycle: { deleteAfter: 365 } },
  ]);
});

test("a restore is tried, inside of the network, and not by default", async () => {
  expect((await backups()).all("backup/restoreTestingPlan:RestoreTestingPlan")).toEqual([]);
  const made = await backups({
    restoreTest: { schedule: "cron(0 20 ? * SUN *)", subnetGroup: "deepseek-prod-ledger" },
  });
  const plan = made.one("backup/restoreTestingPlan:RestoreTestingPlan");
  expect(plan.inputs).toMatchObject({
    name: "deepseek_prod_ledger",
    scheduleExpression: "cron(0 20 ? * SUN *)",
    recoveryPointSelection: {
      algorithm: "LATEST_WITHIN_WINDOW",
      includeVaults: [made.result.vaultArn],
    },
  });
  const selection = made.one("backup/restoreTestingSelection:RestoreTestingSelection");
  expect(selection.inputs).toMatchObject({
    restoreTestingPlanName: "deepseek_prod_ledger",
    protectedResourceArns: [DATABASE],
    restoreMetadataOverrides: {
      dbSubnetGroupName: "deepseek-prod-ledger",
      publiclyAccessible: "false",
    },
  });
});

test("in China no name of another partition is left", async () => {
  const made = await backups({ site: CHINA, database: DATABASE.replace("aws", "aws-cn") });
  expect(JSON.stringify(made.resources.map(({ inputs }) => inputs))).not.toMatch(/arn:aws:/);
});
