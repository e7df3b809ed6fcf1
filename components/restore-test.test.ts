/** The pod that tries backups: what it may reach, what its program reads of it, and who runs in it. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import type { Loose } from "../stacks/test-objects.ts";
import { readConfig } from "../tools/restore-test/config.ts";
import { ed25519Pem } from "./gateway-secrets.ts";
import { RestoreTest } from "./restore-test.ts";
import { certificateOf, make, objectsOf } from "./test-program.ts";

async function podOf(): Promise<Loose> {
  const made = await make(() => {
    new RestoreTest("restore-test", {
      ...{ namespace: "deepseek", image: "restore:test", databaseImage: "cluster:17" },
      certificate: certificateOf("restore-test"),
      archive: {
        ...{ from: "s3://backups/bank/ledger", endpoint: "https://objects.bank.example" },
        ...{ region: "us-east-1", secret: "backup-access" },
      },
      ...{ database: "gateway", everyHours: 168 },
      volume: { storage: "200Gi", storageClass: "fast", onDestroy: "retain" },
      databaseResources: { cpu: "50m", memory: "4Gi" },
    });
    return {};
  });
  return objectsOf(made, "StatefulSet")[0]?.spec;
}

test("it has no token, no right and no network of the database's own", async () => {
  const { template } = await podOf();
  const { containers, automountServiceAccountToken, serviceAccountName } = template.spec;
  expect([automountServiceAccountToken, serviceAccountName]).toEqual([false, undefined]);
  const [program, database] = containers;
  expect([program.image, database.image]).toEqual(["restore:test", "cluster:17"]);
  expect(database.ports).toEqual([]);
  // Of the pod's volume it sees the scratch folder: neither records, nor keys, nor certificate.
  expect(database.volumeMounts).toEqual([
    { name: "data", mountPath: "/scratch", subPath: "scratch" },
  ]);
  expect(database.securityContext).toEqual(program.securityContext);
});

test("its program understands what it is told, and the keys have the names that it reads", async () => {
  const { template } = await podOf();
  const [program] = template.spec.containers;
  const own = Object.fromEntries(program.env.map(({ name, value }: Loose) => [name, value]));
  const seal = path.join(mkdtempSync(path.join(tmpdir(), "seal-")), "seal.pem");
  writeFileSync(seal, ed25519Pem(Buffer.alloc(32, 7).toString("base64")));
  const { tester, watch } = readConfig({ ...own, RESTORE_SEAL_KEY_FILE: seal });
  expect(tester.source.where).toBe("s3://backups/bank/ledger");
  expect(tester).toMatchObject({ everyMs: 604_800_000, state: "/state", scratch: "/scratch" });
  expect(watch).toMatchObject({ port: 9467, tls: { certFile: "/etc/tls/tls.crt" } });
  const keys = template.spec.volumes.find(({ name }: Loose) => name === "archive-keys");
  expect(keys.projected.sources[0].secret.items).toEqual([
    { key: "access-key-id", path: "ACCESS_KEY_ID" },
    { key: "secret-access-key", path: "ACCESS_SECRET_KEY" },
  ]);
});

test.each([
  [{ RESTORE_FROM: "s3://backups" }, "RESTORE_FROM"],
  [{ RESTORE_EVERY_HOURS: "0" }, "RESTORE_EVERY_HOURS"],
  [{ AWS_ENDPOINT_URL_S3: "http://objects.bank.example" }, "is not https"],
  [{ RESTORE_TYPO: "1" }, "TYPO"],
])("a wrong setting is refused by name: %o", (more, named) => {
  const all = {
    ...{ RESTORE_FROM: "s3://backups/bank", RESTORE_KEYS_FOLDER: "/keys", RESTORE_STATE: "/state" },
    ...{ RESTORE_SCRATCH: "/scratch", RESTORE_SEAL_KEY_FILE: "/seal", AWS_REGION: "us-east-1" },
  };
  expect(() => readConfig({ ...all, ...more })).toThrow(named);
});
