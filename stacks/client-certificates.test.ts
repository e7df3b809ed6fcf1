/** Callers' certificates through the whole local stack under mocks: who knows what of whom. */
import { expect, test } from "vitest";
import { completeValues, type Values } from "../config/test-settings.ts";
import { local } from "./local.ts";
import { environmentOf, type Loose, named, settingsOf } from "./test-objects.ts";
import { runProgram } from "./test-program.ts";

test("gateway and edge share a proof where callers may show certificates, and none elsewhere", async () => {
  const values = await completeValues();
  const without = await runProgram(local, settingsOf(values));
  expect(named("Secret", "gateway-edge-token", without)).toBeUndefined();
  const { ca } = values["deepseek:certificates"] as { ca: string };
  const edge = { ...(values["deepseek:edge"] as Values), clientAuthorities: ca };
  const changed = await runProgram(local, settingsOf({ ...values, "deepseek:edge": edge }));
  const { data } = named("Secret", "gateway-edge-token", changed);
  const [token, trust] = [data.token, data["trust.conf"]].map((text) =>
    Buffer.from(text, "base64").toString("utf8"),
  );
  expect(trust).toBe(`proxy_set_header X-Edge-Token "${token}";\n`);
  const told = environmentOf(named("StatefulSet", "gateway", changed));
  expect(told).toMatchObject({
    GW_CLIENT_CERTIFICATE_HEADER: "x-client-certificate",
    GW_EDGE_TOKEN_FILE: "/etc/gateway/edge/token",
  });
  const files = named("ConfigMap", "edge-configuration", changed).data;
  expect(files["clients.crt"]).toBe(ca);
  expect(files["nginx.conf"]).toContain("include /etc/nginx/trust/trust.conf;");
  expect(files["nginx.conf"]).not.toContain(token);
  for (const pods of [
    named("Deployment", "edge", changed),
    named("StatefulSet", "gateway", changed),
  ]) {
    const secrets = pods.spec.template.spec.volumes.map((one: Loose) => one.secret?.secretName);
    expect(secrets).toContain("gateway-edge-token");
  }
});
