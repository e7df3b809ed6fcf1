/** Both sources of certificates end in the same Secrets. */
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test } from "vitest";
import type { CertificateSource } from "./certificates.ts";

interface Made {
  readonly type: string;
  readonly inputs: Record<string, unknown>;
}

let made: Made[];

beforeEach(async () => {
  made = [];
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      made.push({ type, inputs });
      return { id: name, state: inputs };
    },
    call: () => ({}),
  });
});

const servers = [{ program: "redis", namespace: "deepseek", hosts: ["redis.deepseek.svc"] }];

async function create(source: CertificateSource) {
  const { Certificates } = await import("./certificates.ts");
  const certificates = new Certificates("certificates", { servers, source });
  const { secret, checksum } = certificates.of("redis");
  const known = await new Promise<[string, string]>((resolve) => {
    pulumi.all([secret, checksum]).apply(resolve);
  });
  return { certificates, known };
}

describe("certificates", () => {
  test("that are given become a TLS Secret with the authority beside them", async () => {
    const names = { redis: { certificate: "CERT", key: "KEY" } };
    const { known } = await create({ mode: "given", ca: "CA", names });
    expect(known).toEqual(["tls-redis", expect.stringMatching(/^[0-9a-f]{16}$/)]);
    const secret = made.find(({ type }) => type === "kubernetes:core/v1:Secret");
    expect(secret?.inputs).toMatchObject({
      metadata: { name: "tls-redis", namespace: "deepseek" },
      type: "kubernetes.io/tls",
    });
  });

  test("of cert-manager are asked for under the same name", async () => {
    const issuer = { kind: "ClusterIssuer", name: "internal" };
    const { known } = await create({ mode: "certManager", issuer });
    expect(known[0]).toBe("tls-redis");
    const certificate = made.find(
      ({ type }) => type === "kubernetes:cert-manager.io/v1:Certificate",
    );
    expect(certificate?.inputs).toMatchObject({
      spec: {
        secretName: "tls-redis",
        dnsNames: ["redis.deepseek.svc"],
        issuerRef: { kind: "ClusterIssuer", name: "internal", group: "cert-manager.io" },
      },
    });
    expect(made.some(({ type }) => type === "kubernetes:core/v1:Secret")).toBe(false);
  });

  test("that nobody declared are a mistake of the stack", async () => {
    const names = { redis: { certificate: "CERT", key: "KEY" } };
    const { certificates } = await create({ mode: "given", ca: "CA", names });
    expect(() => certificates.of("edge")).toThrow("no certificate is declared for edge");
    await expect(create({ mode: "given", ca: "CA", names: {} })).rejects.toThrow("redis");
  });
});
