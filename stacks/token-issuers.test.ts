/** Outside issuers of tokens through the whole local stack under mocks: who knows them, and who reaches them. */
import { expect, test } from "vitest";
import { parseSettings } from "../config/parse.ts";
import { asTexts, completeValues } from "../config/test-settings.ts";
import { oidcFileSchema } from "../gateway-image/src/identity/outside-tokens.ts";
import { local } from "./local.ts";
import { environmentOf, type Loose, named, settingsOf } from "./test-objects.ts";
import { runProgram } from "./test-program.ts";

const ISSUER = {
  issuer: "https://login.bank.internal/realms/staff",
  audience: "deepseek",
  jwksUri: "https://login.bank.internal:8443/realms/staff/certs",
};
const RANGES = ["10.40.0.5/32"];

test("gateways know an issuer, and reach it and nothing else beside", async () => {
  const values = await completeValues();
  const { ca: authority } = values["deepseek:certificates"] as { ca: string };
  const own = { ...ISSUER, authority, ranges: RANGES };
  const program = await runProgram(
    local,
    settingsOf({ ...values, "deepseek:tokenIssuers": [own] }),
  );
  const file = environmentOf(named("StatefulSet", "gateway", program))["GW_OIDC_FILE"];
  expect(file).toBe("/etc/gateway/routes/token-issuers.json");
  const text = named("ConfigMap", "gateway-routes", program).data["token-issuers.json"];
  expect(oidcFileSchema.parse(JSON.parse(text))).toEqual({ issuers: [{ ...ISSUER, authority }] });
  const outward = named("NetworkPolicy", "allow-gateway", program).spec.egress.filter(
    ({ to }: Loose) => to.some((peer: Loose) => peer.ipBlock !== undefined),
  );
  expect(outward).toEqual([
    {
      to: [{ ipBlock: { cidr: RANGES[0] } }],
      ports: [{ protocol: "TCP", port: 8443 }],
    },
  ]);
});

test("none is known where none is said, and one is said once", async () => {
  const values = await completeValues();
  const plain = await runProgram(local, settingsOf(values));
  expect(environmentOf(named("StatefulSet", "gateway", plain))).not.toHaveProperty("GW_OIDC_FILE");
  const own = { ...ISSUER, ranges: RANGES };
  const result = parseSettings(asTexts({ ...values, "deepseek:tokenIssuers": [own, own] }));
  expect("faults" in result && result.faults).toMatchObject([
    { path: "deepseek:tokenIssuers", right: "each issuer once" },
  ]);
});
