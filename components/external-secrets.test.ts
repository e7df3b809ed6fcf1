/** Objects of External Secrets: no field that its operator does not know, and every key that is read. */
import { expect, test } from "vitest";
import { z } from "zod";
import { type ExternalSecretsArgs, externalSecretSpec } from "./external-secrets.ts";

/**
 * Of those that we use, as the operator's Go types have them:
 * https://github.com/external-secrets/external-secrets/blob/main/apis/externalsecrets/v1/externalsecret_types.go
 */
const dns = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
const fields = z.strictObject({
  secretStoreRef: z.strictObject({
    kind: z.enum(["SecretStore", "ClusterSecretStore"]),
    name: dns,
  }),
  refreshPolicy: z.enum(["CreatedOnce", "Periodic", "OnChange"]),
  refreshInterval: z.string().regex(/^\d+(ns|us|ms|s|m|h)$/),
  target: z.strictObject({
    name: dns,
    creationPolicy: z.enum(["Owner", "Orphan", "Merge", "None"]),
    deletionPolicy: z.enum(["Delete", "Merge", "Retain"]),
  }),
  data: z
    .array(
      z.strictObject({
        secretKey: z.string().regex(/^[-._a-zA-Z0-9]{1,253}$/),
        remoteRef: z.strictObject({ key: z.string().min(1), property: z.string().min(1) }),
      }),
    )
    .min(1),
});

const ARGS: ExternalSecretsArgs = {
  store: { kind: "ClusterSecretStore", name: "bank" },
  refreshMinutes: 60,
  secrets: [
    { name: "openbao", namespace: "deepseek", keys: ["token"], from: "deepseek/openbao" },
    { name: "backup-access", namespace: "deepseek", keys: ["a", "b"], from: "deepseek/backups" },
  ],
};

test.each(ARGS.secrets)("$name is asked for as the operator takes it, key by key", (secret) => {
  const spec = fields.parse(externalSecretSpec(ARGS, secret));
  expect(spec.target.name).toBe(secret.name);
  expect(spec.data).toEqual(
    secret.keys.map((key) => ({
      secretKey: key,
      remoteRef: { key: secret.from, property: key },
    })),
  );
});
