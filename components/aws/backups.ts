/**
 * Backups that outlive the database's own: a vault under our key, a plan, a lock that keeps them from
 * being deleted early, copies elsewhere, and a restore that is tried again and again, since a backup
 * that was never restored is a hope.
 */
import { Plan } from "@pulumi/aws/backup/plan.js";
import { RestoreTestingPlan } from "@pulumi/aws/backup/restoreTestingPlan.js";
import { RestoreTestingSelection } from "@pulumi/aws/backup/restoreTestingSelection.js";
import { Selection } from "@pulumi/aws/backup/selection.js";
import { Vault } from "@pulumi/aws/backup/vault.js";
import { VaultLockConfiguration } from "@pulumi/aws/backup/vaultLockConfiguration.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../component.ts";
import type { KeysHandle } from "./keys.ts";
import { type AwsSite, managedPolicy, servicePrincipal } from "./place.ts";
import { serviceTrust } from "./policy.ts";

export interface BackupsArgs {
  readonly site: AwsSite;
  readonly keys: KeysHandle;
  /** The database's ARN. */
  readonly database: pulumi.Input<string>;
  /** When, as AWS writes it in UTC: "cron(0 18 * * ? *)". */
  readonly schedule: string;
  readonly keepDays: number;
  readonly lock: VaultLock;
  /** ARN of a vault in a standby's region that gets a copy of each backup. */
  readonly copyTo?: string | undefined;
  /** When a restore is tried; absent: never. The result stands in AWS Backup's list of jobs. */
  readonly restoreTest?: { readonly schedule: string; readonly subnetGroup: string } | undefined;
  readonly deletable: boolean;
}

/**
 * `compliance`: after three days of grace nobody can end the lock, nor any backup before its time;
 * `governance`: whoever IAM allows to can.
 */
export type VaultLock = "compliance" | "governance" | "none";

/** The shortest time in which AWS lets a wrong lock be taken back. */
const GRACE_DAYS = 3;
/** AWS Backup starts when there is room; a backup that has not begun in an hour is told as failed. */
const START_MINUTES = 60;
/** And one that takes a day is one that the next overtakes. */
const COMPLETE_MINUTES = 1_440;

export class Backups extends Component {
  readonly vaultArn: pulumi.Output<string>;

  constructor(name: string, args: BackupsArgs, options?: pulumi.ComponentResourceOptions) {
    super("aws:Backups", name, options);
    const parent = { parent: this };
    const vault = new Vault(
      name,
      {
        name: `${args.site.prefix}-ledger`,
        kmsKeyArn: args.keys.arn("database"),
        forceDestroy: args.deletable,
      },
      parent,
    );
    if (args.lock !== "none") {
      new VaultLockConfiguration(
        name,
        {
          backupVaultName: vault.name,
          minRetentionDays: args.keepDays,
          ...(args.lock === "compliance" ? { changeableForDays: GRACE_DAYS } : {}),
        },
        parent,
      );
    }
    const role = backupRole(name, args.site, this);
    const plan = new Plan(
      name,
      { name: `${args.site.prefix}-ledger`, rules: [rule(args, vault)] },
      parent,
    );
    new Selection(
      name,
      { name: "ledger", planId: plan.id, iamRoleArn: role.arn, resources: [args.database] },
      { parent: this, dependsOn: role.policies },
    );
    if (args.restoreTest !== undefined) {
      restoreTest(name, args, args.restoreTest, { vault, role: role.arn }, this);
    }
    this.vaultArn = vault.arn;
    this.registerOutputs({ vaultArn: this.vaultArn });
  }
}

function rule(args: BackupsArgs, vault: Vault) {
  const lifecycle = { deleteAfter: args.keepDays };
  return {
    ruleName: "scheduled",
    targetVaultName: vault.name,
    schedule: args.schedule,
    scheduleExpressionTimezone: "Etc/UTC",
    startWindow: START_MINUTES,
    completionWindow: COMPLETE_MINUTES,
    lifecycle,
    ...(args.copyTo === undefined
      ? {}
      : { copyActions: [{ destinationVaultArn: args.copyTo, lifecycle }] }),
  };
}

function backupRole(name: string, site: AwsSite, parent: pulumi.Resource) {
  const role = new Role(
    name,
    {
      name: `${site.prefix}-backup`,
      assumeRolePolicy: serviceTrust(servicePrincipal(site, "backup"), {
        StringEquals: { "aws:SourceAccount": site.account },
      }),
    },
    { parent },
  );
  const policies = ["ForBackup", "ForRestores"].map(
    (purpose) =>
      new RolePolicyAttachment(
        `${name}-${purpose}`,
        {
          role: role.name,
          policyArn: managedPolicy(site, `service-role/AWSBackupServiceRolePolicy${purpose}`),
        },
        { parent },
      ),
  );
  return { arn: role.arn, policies };
}

/** AWS names them with underscores only. */
function testName(site: AwsSite): string {
  return `${site.prefix.replaceAll("-", "_")}_ledger`;
}

function restoreTest(
  name: string,
  { site, database }: BackupsArgs,
  test: { readonly schedule: string; readonly subnetGroup: string },
  made: { readonly vault: Vault; readonly role: pulumi.Output<string> },
  parent: pulumi.Resource,
): void {
  const plan = new RestoreTestingPlan(
    name,
    {
      name: testName(site),
      scheduleExpression: test.schedule,
      scheduleExpressionTimezone: "Etc/UTC",
      startWindowHours: 1,
      recoveryPointSelection: {
        algorithm: "LATEST_WITHIN_WINDOW",
        includeVaults: [made.vault.arn],
        recoveryPointTypes: ["SNAPSHOT"],
        // One day late is a fault that this test must find, two are let pass for a weekend's outage.
        selectionWindowDays: 3,
      },
    },
    { parent },
  );
  new RestoreTestingSelection(
    name,
    {
      name: "ledger",
      restoreTestingPlanName: plan.name,
      iamRoleArn: made.role,
      protectedResourceType: "RDS",
      protectedResourceArns: [database],
      // Else it would be restored into the account's default VPC, which need not exist.
      restoreMetadataOverrides: {
        dbSubnetGroupName: test.subnetGroup,
        publiclyAccessible: "false",
      },
      // Time to look into what was restored before AWS ends it.
      validationWindowHours: 4,
    },
    { parent },
  );
}
