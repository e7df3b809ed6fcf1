/**
 * PostgreSQL, which keeps the ledger, as RDS runs it: a second zone takes over by itself, backups go
 * back to any second of their days, TLS 1.3 only, and only the cluster's nodes reach it.
 */
import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { Instance, type InstanceArgs } from "@pulumi/aws/rds/instance.js";
import { ParameterGroup } from "@pulumi/aws/rds/parameterGroup.js";
import { SubnetGroup } from "@pulumi/aws/rds/subnetGroup.js";
import * as pulumi from "@pulumi/pulumi";
import { Component, type Transform } from "../component.ts";
import { POSTGRES_PORT, type PostgresHandle } from "../postgres.ts";
import { ofGeneration, randomPassword } from "../secret-data.ts";
import { databaseParameters, majorVersion } from "./database-parameters.ts";
import type { KeysHandle } from "./keys.ts";
import { subnetIds } from "./network.ts";
import { names, nameTag } from "./place.ts";
import { type StorePlace, storeGroup } from "./store-network.ts";

export interface DatabaseArgs extends StorePlace {
  readonly keys: KeysHandle;
  /** Major and minor, 16 or newer: older ones have no TLS 1.3 on RDS. */
  readonly engineVersion: string;
  readonly instanceClass: string;
  readonly storageGibibytes: number;
  /** RDS grows the volume up to here by itself. */
  readonly storageGibibytesMax: number;
  /** A second instance in another zone that takes over; dev goes without. */
  readonly multiZone: boolean;
  /** Days that one can go back to any second of; 35 at most. */
  readonly backupDays: number;
  readonly logDays: number;
  /** How often the role's password was rotated. */
  readonly generation?: number | undefined;
  /** Whether `destroy` may end it, and without a last snapshot. */
  readonly deletable: boolean;
  readonly transform?: { readonly instance?: Transform<InstanceArgs> };
}

/** RDS' own user is no superuser; it owns the one database of the instance, as the gateway needs. */
const GATEWAY_ROLE = "gateway";
const LOGS = ["postgresql", "upgrade"];
/** What costs nothing (RDS' price list). */
const INSIGHTS_DAYS = 7;

export class Database extends Component implements PostgresHandle {
  readonly host: pulumi.Output<string>;
  readonly port = POSTGRES_PORT;
  readonly user = GATEWAY_ROLE;
  readonly password: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: DatabaseArgs, options?: pulumi.ComponentResourceOptions) {
    super("aws:Database", name, options);
    const parent = { parent: this };
    this.password = pulumi.secret(
      randomPassword(ofGeneration(`${name}-gateway`, args.generation), parent),
    );
    const group = storeGroup(name, args, { name: "ledger", port: POSTGRES_PORT }, parent);
    const plain = instanceArgs(args, this.password, {
      vpcSecurityGroupIds: [group.id],
      dbSubnetGroupName: subnetGroup(name, args, parent).name,
      parameterGroupName: parameterGroup(name, args, parent).name,
    });
    const instance = new Instance(name, args.transform?.instance?.(plain) ?? plain, {
      parent: this,
      // RDS would make the log groups itself, without our key and for ever.
      dependsOn: logGroups(name, args, parent),
    });
    this.host = instance.address;
    this.arn = instance.arn;
    this.registerOutputs({ host: this.host });
  }
}

function instanceArgs(
  args: DatabaseArgs,
  password: pulumi.Output<string>,
  inside: Pick<InstanceArgs, "vpcSecurityGroupIds" | "dbSubnetGroupName" | "parameterGroupName">,
): InstanceArgs {
  const identifier = names.database(args.site);
  return {
    ...inside,
    identifier,
    engine: "postgres",
    engineVersion: args.engineVersion,
    // By itself RDS would move to another minor version than the one that is written here.
    autoMinorVersionUpgrade: false,
    instanceClass: args.instanceClass,
    dbName: GATEWAY_ROLE,
    username: GATEWAY_ROLE,
    password,
    port: POSTGRES_PORT,
    multiAz: args.multiZone,
    publiclyAccessible: false,
    storageType: "gp3",
    allocatedStorage: args.storageGibibytes,
    maxAllocatedStorage: args.storageGibibytesMax,
    storageEncrypted: true,
    kmsKeyId: args.keys.arn("database"),
    // The authority behind the certificate; the gateway's file of authorities must hold it.
    caCertIdentifier: "rds-ca-rsa2048-g1",
    backupRetentionPeriod: args.backupDays,
    copyTagsToSnapshot: true,
    deleteAutomatedBackups: args.deletable,
    deletionProtection: !args.deletable,
    skipFinalSnapshot: args.deletable,
    ...(args.deletable ? {} : { finalSnapshotIdentifier: `${identifier}-final` }),
    performanceInsightsEnabled: true,
    performanceInsightsKmsKeyId: args.keys.arn("database"),
    performanceInsightsRetentionPeriod: INSIGHTS_DAYS,
    enabledCloudwatchLogsExports: LOGS,
    tags: nameTag(identifier),
  };
}

function subnetGroup(name: string, args: DatabaseArgs, parent: pulumi.CustomResourceOptions) {
  return new SubnetGroup(
    name,
    {
      name: names.database(args.site),
      description: "Private subnets of the site",
      subnetIds: subnetIds(args.network),
    },
    parent,
  );
}

/** Its name says the major version: on an upgrade the new one is there before the old one goes. */
function parameterGroup(name: string, args: DatabaseArgs, parent: pulumi.CustomResourceOptions) {
  const major = majorVersion(args.engineVersion);
  return new ParameterGroup(
    `${name}-${major}`,
    {
      name: `${names.database(args.site)}-${major}`,
      family: `postgres${major}`,
      description: "TLS 1.3 only, and no statement in the log",
      parameters: databaseParameters(),
    },
    parent,
  );
}

function logGroups(
  name: string,
  args: DatabaseArgs,
  parent: pulumi.CustomResourceOptions,
): LogGroup[] {
  return LOGS.map(
    (kind) =>
      new LogGroup(
        `${name}-${kind}`,
        {
          name: names.logGroups(args.site).database(kind),
          retentionInDays: args.logDays,
          kmsKeyId: args.keys.arn("logs"),
        },
        parent,
      ),
  );
}
