import { describe, expect, test } from "vitest";
import { Database, type DatabaseArgs } from "./database.ts";
import { databaseParameters, majorVersion } from "./database-parameters.ts";
import { CHINA, clusterHandle, keysHandle, make, networkHandle, SITE } from "./test-aws.ts";

const KEY = "arn:aws:kms:eu-central-1:111122223333:key/database";

const database = (more: Partial<DatabaseArgs> = {}) =>
  make(() => {
    const { host, port, user, password, arn } = new Database("ledger", {
      site: SITE,
      network: networkHandle(),
      cluster: clusterHandle(),
      keys: keysHandle(more.site),
      engineVersion: "16.9",
      instanceClass: "db.m7g.large",
      storageGibibytes: 100,
      storageGibibytesMax: 500,
      multiZone: true,
      backupDays: 35,
      logDays: 365,
      deletable: false,
      ...more,
    });
    return { host, port, user, password, arn };
  }, more.site);

describe("the instance", () => {
  test("takes over by itself, is encrypted, reached from inside only, and not ended by mistake", async () => {
    const made = await database();
    expect(made.one("rds/instance:Instance").inputs).toMatchObject({
      identifier: "deepseek-prod-ledger",
      engine: "postgres",
      engineVersion: "16.9",
      autoMinorVersionUpgrade: false,
      multiAz: true,
      publiclyAccessible: false,
      storageEncrypted: true,
      kmsKeyId: KEY,
      backupRetentionPeriod: 35,
      deletionProtection: true,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: "deepseek-prod-ledger-final",
      deleteAutomatedBackups: false,
      performanceInsightsEnabled: true,
      performanceInsightsKmsKeyId: KEY,
      vpcSecurityGroupIds: [made.one("ec2/securityGroup:SecurityGroup").outputs.id],
      dbSubnetGroupName: "deepseek-prod-ledger",
      parameterGroupName: "deepseek-prod-ledger-16",
    });
  });

  test("lets in the cluster's nodes and nobody else", async () => {
    const made = await database();
    expect(made.one("vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs).toMatchObject({
      referencedSecurityGroupId: "sg-cluster",
      fromPort: 5432,
      toPort: 5432,
    });
    expect(made.all("vpc/securityGroupEgressRule:SecurityGroupEgressRule")).toEqual([]);
  });

  test("is a PostgreSQL as the gateway knows one: role and database of one name", async () => {
    const made = await database();
    const instance = made.one("rds/instance:Instance");
    expect(instance.inputs).toMatchObject({ dbName: "gateway", username: "gateway", port: 5432 });
    expect(made.result).toMatchObject({
      host: instance.outputs.address,
      port: 5432,
      user: "gateway",
      password: instance.inputs.password,
    });
    expect(instance.secrets).toContain("password");
  });

  test("its logs are under our key, and end", async () => {
    const made = await database();
    expect(made.one("rds/instance:Instance").inputs.enabledCloudwatchLogsExports).toEqual([
      "postgresql",
      "upgrade",
    ]);
    expect(
      made.all("cloudwatch/logGroup:LogGroup").map(({ inputs }) => [inputs.name, inputs.kmsKeyId]),
    ).toEqual(
      ["postgresql", "upgrade"].map((kind) => [
        `/aws/rds/instance/deepseek-prod-ledger/${kind}`,
        "arn:aws:kms:eu-central-1:111122223333:key/logs",
      ]),
    );
  });

  test("may be ended without a snapshot where it is for trying out", async () => {
    const made = await database({ deletable: true, multiZone: false });
    const { inputs } = made.one("rds/instance:Instance");
    expect(inputs).toMatchObject({
      deletionProtection: false,
      skipFinalSnapshot: true,
      multiAz: false,
    });
    expect(inputs.finalSnapshotIdentifier).toBeUndefined();
  });

  test("can be changed for the odd need; what AWS would refuse is refused", async () => {
    const window = { maintenanceWindow: "sun:20:00-sun:20:30" };
    const made = await database({ transform: { instance: (args) => ({ ...args, ...window }) } });
    expect(made.one("rds/instance:Instance").inputs).toMatchObject(window);
    await expect(database({ backupDays: 36 })).rejects.toThrow("backupRetentionPeriod");
  });

  test("in China no name of another partition is left", async () => {
    const made = await database({ site: CHINA });
    expect(JSON.stringify(made.resources.map(({ inputs }) => inputs))).not.toMatch(/arn:aws:/);
  });
});

describe("PostgreSQL's own settings", () => {
  test("TLS 1.3 and scram only, and no statement in the log", () => {
    const values = Object.fromEntries(databaseParameters().map(({ name, value }) => [name, value]));
    expect(values).toMatchObject({
      "rds.force_ssl": "1",
      ssl_min_protocol_version: "TLSv1.3",
      password_encryption: "scram-sha-256",
      log_statement: "none",
      log_min_error_statement: "panic",
    });
  });

  test("a new major version has a group of its own", async () => {
    const made = await database({ engineVersion: "17.5" });
    expect(made.one("rds/parameterGroup:ParameterGroup")).toMatchObject({
      name: "ledger-17",
      inputs: { name: "deepseek-prod-ledger-17", family: "postgres17" },
    });
  });

  test.each([
    ["15.13", "no TLS 1.3"],
    ["16", "pins nothing"],
    ["latest", "pins nothing"],
    ["", "pins nothing"],
  ])("version %s is refused: %s", (version, message) => {
    expect(() => majorVersion(version)).toThrow(message);
  });
});
