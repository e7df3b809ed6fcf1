import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ensureCertificates } from "./certificates.ts";

describe("certificates of a stack", () => {
  test("are made once: a second call returns the same", async () => {
    const first = await ensureCertificates(undefined, ["deepseek-llm-7b-chat"]);
    expect(await ensureCertificates(first, ["deepseek-llm-7b-chat"])).toEqual(first);
  });

  test("name the host, every Service and nothing outside the cluster", async () => {
    const { certificates } = await ensureCertificates(undefined, ["m"]);
    const edge = new X509Certificate(certificates.names["edge"]?.certificate ?? "");
    expect(edge.checkHost("localhost")).toBe("localhost");
    expect(edge.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(edge.checkHost("example.com")).toBeUndefined();
    const model = new X509Certificate(certificates.names["model"]?.certificate ?? "");
    expect(model.checkHost("model-m.deepseek.svc")).toBeDefined();
    const redis = new X509Certificate(certificates.names["redis"]?.certificate ?? "");
    expect(redis.checkHost("redis-2.redis.deepseek.svc")).toBeDefined();
    expect(edge.verify(new X509Certificate(certificates.ca).publicKey)).toBe(true);
  });

  test("of a program that got a new name are made again, the others are kept", async () => {
    const first = await ensureCertificates(undefined, ["a"]);
    const second = await ensureCertificates(first, ["a", "b"]);
    const model = new X509Certificate(second.certificates.names["model"]?.certificate ?? "");
    expect(model.checkHost("model-b.deepseek")).toBeDefined();
    expect(second.certificates.names["edge"]).toEqual(first.certificates.names["edge"]);
  });

  test("are renewed before they expire, under the same authority", async () => {
    const first = await ensureCertificates(undefined, []);
    const later = new Date(Date.now() + 380 * 86_400_000);
    const second = await ensureCertificates(first, [], later);
    expect(second.authority).toEqual(first.authority);
    expect(second.certificates.names["edge"]).not.toEqual(first.certificates.names["edge"]);
  });
});
