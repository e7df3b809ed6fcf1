/** Access by attributes over HTTP: who is refused, also by way of a fallback, and what is said of it. */
import { afterEach, expect, test } from "vitest";
import { createApiKey, hashApiKey } from "../src/base/api-key.ts";
import { boot, endAll, MODEL, simulate, testModel } from "./test-harness.ts";

afterEach(endAll);

const nurse = createApiKey();
const clerk = createApiKey();

function directory(accessRules: readonly object[]) {
  const principal = (id: string, department: string) => ({
    id,
    kind: "user",
    tenant: "hospital",
    tier: "service",
    attributes: { department },
  });
  const key = (id: string, secret: string) => ({ id, principal: id, sha256: hashApiKey(secret) });
  return {
    tenants: [{ id: "hospital", name: "A hospital" }],
    principals: [principal("nurse", "icu"), principal("clerk", "billing")],
    apiKeys: [key("nurse", nurse), key("clerk", clerk)],
    accessRules,
  };
}

const WARD = {
  id: "patient-data",
  dataClasses: ["patient"],
  requires: { attributes: { department: ["icu", "cardiology"] } },
};

const as = (key: string, dataClass?: string) => ({
  headers: {
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
    ...(dataClass === undefined ? {} : { "x-data-class": dataClass }),
  },
});

test("patient data is for the wards alone; other data for everybody", async () => {
  const { url } = await simulate();
  const harness = await boot({ targets: [{ url }], directory: directory([WARD]) });
  expect((await harness.chat({}, as(nurse, "patient"))).status).toBe(200);
  expect((await harness.chat({}, as(clerk))).status).toBe(200);
  const refused = await harness.chat({}, as(clerk, "patient"));
  expect(refused.status).toBe(403);
  expect(await refused.json()).toMatchObject({ error: { code: "access_rule_refused" } });
  expect(await harness.rows()).toHaveLength(2);
});

test("a misspelt class is refused, never taken for an open one", async () => {
  const { url } = await simulate();
  const harness = await boot({ targets: [{ url }], directory: directory([WARD]) });
  const answer = await harness.chat({}, as(nurse, "Patient"));
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { param: "x-data-class" } });
});

test("a fallback that a rule keeps from the caller does not serve", async () => {
  const { url } = await simulate();
  const dead = { url: "http://127.0.0.1:9" };
  const models = [testModel([dead], { id: "first", fallbacks: [MODEL] }), testModel([{ url }])];
  const rule = { id: "spare", models: [MODEL], requires: { attributes: { department: ["icu"] } } };
  const harness = await boot({ targets: [], models, directory: directory([rule]) });
  const served = await harness.chat({ model: "first" }, as(nurse));
  expect([served.status, served.headers.get("x-model-used")]).toEqual([200, MODEL]);
  expect((await harness.chat({ model: "first" }, as(clerk))).status).toBe(503);
});
