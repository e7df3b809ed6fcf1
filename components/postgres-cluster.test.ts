/** CloudNativePG's objects: no field that it does not know, nothing lost, nothing in clear. */
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { named } from "../stacks/test-objects.ts";
import type { Program } from "../stacks/test-program.ts";
import { PostgresCluster, type PostgresClusterArgs } from "./postgres-cluster.ts";
import {
  clusterFields,
  FIXED_PARAMETERS,
  objectStoreFields,
  scheduledBackupFields,
} from "./test-cnpg-fields.ts";
import { certificateOf, make, objectsOf } from "./test-program.ts";

const BACKUP = {
  destination: "s3://backups/ledger",
  endpoint: "https://store.bank.internal",
  schedule: "0 15 2 * * *",
  retentionDays: 35,
  encryption: "aws:kms" as const,
  archive: "ledger",
  accessKeyId: "the-access-key-id",
  secretAccessKey: "the-secret-access-key",
  authority: "-----BEGIN CERTIFICATE-----\n",
};

function settings(change: Partial<PostgresClusterArgs> = {}): PostgresClusterArgs {
  return {
    namespace: "deepseek",
    cluster: "postgres",
    role: "gateway",
    image: "ghcr.io/cloudnative-pg/postgresql:17.6",
    instances: 3,
    resources: { cpu: "1", memory: "4Gi" },
    volume: { storage: "50Gi", storageClass: "encrypted", onDestroy: "retain" },
    certificate: certificateOf("postgres"),
    backup: BACKUP,
    ...change,
  };
}

function makeCluster(change: Partial<PostgresClusterArgs> = {}): Promise<Program> {
  return make(() => {
    const { host, port, user, password } = new PostgresCluster("postgres", settings(change));
    return { host, port, user, password };
  });
}

const SITE = {
  self: "bank",
  other: "cloud",
  primary: "bank",
  host: "postgres.cloud.bank.internal",
  port: 5432,
  replication: certificateOf("postgres-replication"),
  password: pulumi.output("of-both-sites"),
};

describe("every way to declare one", () => {
  test.each<[string, Partial<PostgresClusterArgs>]>([
    ["with backups", {}],
    ["without", { backup: undefined }],
    ["with one instance", { instances: 1 }],
    ["restored", { restore: { archive: "former", time: "2026-11-01T00:00:00Z" } }],
    ["restored to the end", { restore: { archive: "former" } }],
    ["of two sites, written to", { site: SITE }],
    ["of two sites, standing by", { site: { ...SITE, primary: "cloud", promotionToken: "t" } }],
  ])("has only fields that the operator knows: %s", async (_what, change) => {
    const program = await makeCluster(change);
    const { apiVersion, spec } = named("Cluster", "postgres", program);
    expect(apiVersion).toBe("postgresql.cnpg.io/v1");
    expect(clusterFields.safeParse(spec).error).toBeUndefined();
    const parameters = Object.keys(spec.postgresql.parameters);
    expect(parameters.filter((name) => FIXED_PARAMETERS.includes(name))).toEqual([]);
    for (const { apiVersion: api, spec: store } of objectsOf(program, "ObjectStore")) {
      expect(api).toBe("barmancloud.cnpg.io/v1");
      expect(objectStoreFields.safeParse(store).error).toBeUndefined();
    }
    for (const { spec: schedule } of objectsOf(program, "ScheduledBackup")) {
      expect(scheduledBackupFields.safeParse(schedule).error).toBeUndefined();
    }
  });
});

describe("a cluster", () => {
  test("is reached where the gateway's certificate and role are", async () => {
    const { outputs, secretOutputs } = await makeCluster();
    expect(outputs).toMatchObject({
      host: "postgres-rw.deepseek.svc",
      port: 5432,
      user: "gateway",
    });
    expect(secretOutputs).toEqual(["password"]);
  });

  test("keeps a commit at two places before it answers, on nodes of their own", async () => {
    const { spec } = named("Cluster", "postgres", await makeCluster());
    expect(spec.postgresql.synchronous).toEqual({
      method: "any",
      number: 1,
      dataDurability: "required",
      failoverQuorum: true,
    });
    expect(spec.affinity.podAntiAffinityType).toBe("required");
    const alone = named("Cluster", "postgres", await makeCluster({ instances: 1 }));
    expect(alone.spec.postgresql.synchronous).toBeUndefined();
  });

  test("lets in its role with TLS 1.3 and scram, and nobody else", async () => {
    const { spec } = named("Cluster", "postgres", await makeCluster());
    expect(spec.postgresql.parameters.ssl_min_protocol_version).toBe("TLSv1.3");
    expect(spec.postgresql.pg_hba).toEqual([
      "hostssl gateway gateway all scram-sha-256",
      "host all all all reject",
    ]);
    expect(spec.enableSuperuserAccess).toBe(false);
    expect(spec.certificates).toEqual({
      serverTLSSecret: "tls-postgres",
      serverCASecret: "tls-postgres",
    });
  });

  test("archives under its own name, encrypted, for as long as it is said", async () => {
    const program = await makeCluster();
    const { spec } = named("ObjectStore", "postgres", program);
    expect(spec.retentionPolicy).toBe("35d");
    expect([spec.configuration.wal, spec.configuration.data]).toEqual(
      Array.from({ length: 2 }, () => ({ compression: "gzip", encryption: "aws:kms" })),
    );
    expect(named("Cluster", "postgres", program).spec.plugins).toEqual([
      {
        name: "barman-cloud.cloudnative-pg.io",
        isWALArchiver: true,
        parameters: { barmanObjectName: "postgres", serverName: "ledger" },
      },
    ]);
    const open = program.resources.filter(({ inputs }) => inputs["kind"] !== "Secret");
    const shown = JSON.stringify(open.map(({ inputs }) => inputs));
    expect(shown).not.toContain("the-secret-access-key");
    expect(shown).not.toContain("the-access-key-id");
  });

  test("is changed where there is an odd need", async () => {
    const program = await makeCluster({
      transform: {
        cluster: (args) => ({
          ...args,
          metadata: { ...args.metadata, annotations: { odd: "yes" } },
        }),
      },
    });
    expect(named("Cluster", "postgres", program).metadata.annotations).toEqual({ odd: "yes" });
  });
});

describe("a restore", () => {
  test("reads the former archive to the moment that is named, and writes to another", async () => {
    const restore = { archive: "former", time: "2026-11-01T00:00:00Z" };
    const { spec } = named("Cluster", "postgres", await makeCluster({ restore }));
    expect(spec.bootstrap.recovery).toEqual({
      source: "restored-from",
      database: "gateway",
      owner: "gateway",
      secret: { name: "postgres-gateway" },
      recoveryTarget: { targetTime: "2026-11-01T00:00:00Z" },
    });
    expect(spec.externalClusters[0].plugin.parameters).toEqual({
      barmanObjectName: "postgres",
      serverName: "former",
    });
  });

  test("into the archive that it reads, or from nowhere, is refused", () => {
    const refused = (change: Partial<PostgresClusterArgs>) =>
      expect(makeCluster({ restore: { archive: "ledger" }, ...change })).rejects;
    return Promise.all([
      refused({}).toThrow(/another folder/),
      refused({ backup: undefined }).toThrow(/needs the store/),
      refused({ site: { ...SITE, primary: "cloud" } }).toThrow(/follows the primary/),
    ]);
  });
});

describe("two sites", () => {
  test("name the same primary, and each follows the other when it is not that one", async () => {
    const primary = named("Cluster", "postgres", await makeCluster({ site: SITE })).spec;
    expect(primary.replica).toEqual({ self: "bank", primary: "bank", source: "cloud" });
    expect(primary.bootstrap.initdb).toBeDefined();
    const other = { ...SITE, self: "cloud", other: "bank", host: "postgres.bank.internal" };
    const standby = named("Cluster", "postgres", await makeCluster({ site: other })).spec;
    expect(standby.replica).toEqual({ self: "cloud", primary: "bank", source: "bank" });
    expect(standby.bootstrap.pg_basebackup).toMatchObject({ source: "bank", owner: "gateway" });
    expect(standby.externalClusters[0].connectionParameters).toMatchObject({
      host: "postgres.bank.internal",
      user: "streaming_replica",
      sslmode: "verify-full",
      ssl_min_protocol_version: "TLSv1.3",
    });
  });

  test("have the same role with the same password, and one authority of replicating clients", async () => {
    const program = await makeCluster({ site: SITE });
    const { data } = named("Secret", "postgres-gateway", program);
    expect(Buffer.from(data.password, "base64").toString()).toBe("of-both-sites");
    expect(named("Cluster", "postgres", program).spec.certificates).toMatchObject({
      replicationTLSSecret: "tls-postgres-replication",
      clientCASecret: "tls-postgres-replication",
    });
  });
});
