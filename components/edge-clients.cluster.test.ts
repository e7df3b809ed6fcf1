/** What a real nginx makes of certificates that callers show. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Authority, createAuthority, issueCertificate } from "../tools/pki/authority.ts";
import { call, EDGE_TOKEN, startEdge, type TestEdge } from "./test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startEdge();
});
afterAll(() => edge?.stop());

describe("a client certificate", () => {
  const spoofed = { "x-client-certificate": "mine", "x-edge-token": "mine" };
  const shown = (authority: Authority) =>
    issueCertificate(authority, {
      commonName: "core",
      dnsNames: ["core.bank.internal"],
      usage: "client",
      days: 1,
    });

  test("that holds is told to the edge.gateway, with the proof that the edge says so", async () => {
    const { certificate, key } = await shown(edge.clientAuthority);
    const options = { cert: certificate, key, headers: spoofed, agent: false } as const;
    expect((await call("/v1/models", options)).status).toBe(200);
    const told = edge.seen.at(-1) ?? {};
    expect(decodeURIComponent(String(told["x-client-certificate"])).trim()).toBe(
      certificate.trim(),
    );
    expect(told["x-edge-token"]).toBe(EDGE_TOKEN);
  });

  test("of nobody known here is refused; none at all is no fault, and cannot be made up", async () => {
    const { certificate, key } = await shown(await createAuthority("strangers", 1));
    const refused = await call("/v1/models", { cert: certificate, key, agent: false });
    expect(refused.status).toBe(401);
    expect(JSON.parse(refused.body).error.code).toBe("invalid_certificate");
    // The authority of the servers is none of callers.
    expect((await call("/v1/models", { headers: spoofed, agent: false })).status).toBe(200);
    expect(edge.seen.at(-1)).not.toHaveProperty("x-client-certificate");
    expect(edge.seen.at(-1)?.["x-edge-token"]).toBe(EDGE_TOKEN);
  });
});
