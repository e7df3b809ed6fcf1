/** What a stack is supplied with from outside of it: images, and certificates where they are given. */
import { z } from "zod";
import { pem } from "./values.ts";

const image = z.strictObject({
  tag: z.string().min(1).describe("Whole reference with its tag: repository:tag."),
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .meta({ right: "sha256: and 64 hexadecimal digits" })
    .nullable()
    .default(null)
    .meta({
      source:
        "ours: digests of outside images are looked up by `npm run images -- lock`, never invented",
    })
    .describe("What the tag must hold; null until the images are locked."),
  inputHash: z.string().optional().describe("Hash of what the image was built from."),
});

export const images = z
  .strictObject({
    gateway: image,
    simulator: image,
    edge: image,
    redis: image,
    postgres: image,
    "postgres-cluster": image,
    prometheus: image,
    alertmanager: image,
    collector: image,
    grafana: image,
    "edge-exporter": image,
    "redis-exporter": image,
    "postgres-exporter": image,
    weights: image,
    "audit-archive": image,
    "alert-relay": image,
    "restore-test": image,
    vllm: image,
    ray: image,
    "device-plugin": image,
    "efa-plugin": image,
    "dcgm-exporter": image,
  })
  .partial()
  .prefault({});

export const registry = z
  .string()
  .regex(/^[a-z0-9.-]+\.[a-z]+(:\d{1,5})?(\/[a-z0-9._-]+)*$/)
  .meta({ right: "a registry and path, as in registry.example.org/deepseek" })
  .optional();

const certificate = z.strictObject({
  certificate: pem.describe("Certificate chain, the leaf first."),
  key: pem.describe("Its private key."),
});

export const certificates = z.strictObject({
  ca: pem.describe("The authority that callers and peers verify against."),
  names: z
    .strictObject({
      edge: certificate,
      gateway: certificate,
      model: certificate,
      redis: certificate,
      postgres: certificate,
      prometheus: certificate,
      alertmanager: certificate,
      "alert-relay": certificate,
      collector: certificate,
      "log-agent": certificate,
      grafana: certificate,
      "gpu-exporter": certificate,
      patients: certificate,
      "restore-test": certificate,
    })
    .partial()
    .prefault({})
    .describe("One server certificate per program; required where tls.mode is given."),
});
