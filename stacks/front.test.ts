/** The front of the local stack under mocks: whom the edge sees, and what its gateways do without Redis. */
import { expect, test } from "vitest";
import { completeValues } from "../config/test-settings.ts";
import { parseConfig } from "../gateway-image/src/config.ts";
import { local } from "./local.ts";
import { environmentOf, named, settingsOf } from "./test-objects.ts";
import { runProgram } from "./test-program.ts";

test("the edge sees who calls; what one pod serves is reached by way of any node", async () => {
  const program = await runProgram(local, settingsOf(await completeValues()));
  expect(named("Service", "edge", program).spec).toMatchObject({
    ...{ type: "NodePort", externalTrafficPolicy: "Local" },
  });
  const { spec } = named("Service", "prometheus", program);
  expect(spec).not.toHaveProperty("externalTrafficPolicy");
});

test("while Redis is away each pod lets in its part, where the stack says so", async () => {
  const values = await completeValues();
  const gateway = { replicas: 3, quotasWithoutRedis: "localShare" };
  const program = await runProgram(local, settingsOf({ ...values, "deepseek:gateway": gateway }));
  const result = parseConfig(environmentOf(named("StatefulSet", "gateway", program)));
  expect("config" in result && result.config).toMatchObject({
    ...{ GW_SHARED_STORE_DOWN: "local-share", GW_REPLICAS: 3 },
  });
  const plain = await runProgram(local, settingsOf(values));
  expect(environmentOf(named("StatefulSet", "gateway", plain))).not.toHaveProperty("GW_REPLICAS");
});
