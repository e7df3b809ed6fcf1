/** Two gateways over one directory: what was changed by way of one is in force when it is asked for by way of the other. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { createApiKey, hashApiKey } from "../src/base/api-key.ts";
import { boot, endAll, type Harness, MODEL, simulate, temporaryFolder } from "./test-harness.ts";

afterEach(endAll);

const SERVICE = { kind: "service", tenant: "bank", tier: "service" };
const [FORMER, NEXT] = ["the first password of alice", "the second password of alice"];

/** Each looks at the file once a second, as it would look into the database of a stack. */
async function start() {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const folder = temporaryFolder();
  const write = (name: string, text: string) => {
    writeFileSync(`${folder}/${name}`, text);
    return `${folder}/${name}`;
  };
  const env = {
    GW_DATABASE: "sqlite",
    GW_DATABASE_FILE: `${folder}/gateway.db`,
    GW_DATA_KEY_FILE: write("data-key", `test:${randomBytes(32).toString("base64")}\n`),
    GW_JWT_SECRET_FILE: write("jwt", `${randomBytes(32).toString("base64")}\n`),
  };
  const admins = { system: createApiKey(), security: createApiKey() };
  const directory = {
    tenants: [{ id: "house", name: "The house" }],
    principals: Object.keys(admins).map((id) => ({
      ...{ ...SERVICE, tenant: "house" },
      ...{ id, roles: [`${id}-admin`] },
    })),
    apiKeys: Object.entries(admins).map(([id, key]) => ({
      ...{ id: `${id}-key`, principal: id },
      sha256: hashApiKey(key),
    })),
  };
  const one = await boot({ targets: [{ url }], env, directory });
  const other = await boot({ targets: [{ url }], env, directory });
  const ask = async (at: Harness, method: string, path: string, key: string, body?: object) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${at.base}${path}`, { method, headers, ...sent });
    return { status: response.status, answer: (await response.json()) as Record<string, string> };
  };
  const logIn = async (at: Harness, password: string) => {
    const body = new URLSearchParams({ username: "alice", password });
    const response = await fetch(`${at.base}/token`, { method: "POST", body });
    return ((await response.json()) as { access_token: string }).access_token;
  };
  return { one, other, admins, ask, logIn };
}

test("an administrator's steps may go to one and the other, and a new key serves at once", async () => {
  const { one, other, admins, ask } = await start();
  const { system, security } = admins;
  const put = (at: Harness, path: string, key: string, body: object) =>
    ask(at, "PUT", `/admin/v1/${path}`, key, body);
  expect((await put(one, "tenants/bank", system, { name: "A bank" })).status).toBe(201);
  expect((await put(other, "principals/core", security, SERVICE)).status).toBe(201);
  const made = await ask(one, "POST", "/admin/v1/api-keys", security, { principal: "core" });
  expect(made.status).toBe(201);
  const { key = "", id } = made.answer;
  const called = await ask(other, "POST", "/v1/chat/completions", key, {
    model: MODEL,
    messages: [{ role: "user", content: "hi" }],
  });
  expect(called.status).toBe(200);
  expect((await ask(other, "DELETE", `/admin/v1/api-keys/${id}`, security)).status).toBe(200);
  expect((await ask(one, "GET", `/admin/v1/api-keys/${id}`, security)).status).toBe(404);
});

test("a user's password outlives a change of the entry, and a new one serves at once", async () => {
  const { one, other, admins, ask, logIn } = await start();
  const { system, security } = admins;
  await ask(one, "PUT", "/admin/v1/tenants/bank", system, { name: "A bank" });
  const alice = { kind: "user", tenant: "bank", tier: "user" };
  const path = "/admin/v1/principals/alice";
  await ask(one, "PUT", path, security, { ...alice, password: FORMER });
  const renamed = await ask(other, "PUT", path, security, { ...alice, name: "Alice" });
  expect(renamed.answer).toMatchObject({ hasPassword: true });
  const first = await logIn(one, FORMER);
  const change = { password: FORMER, new_password: NEXT };
  expect((await ask(one, "POST", "/users/me/password", first, change)).status).toBe(200);
  const second = await logIn(other, NEXT);
  for (const at of [one, other])
    expect((await ask(at, "GET", "/v1/models", second)).status).toBe(200);
  await ask(one, "PUT", path, security, { ...alice, password: FORMER });
  const third = await logIn(one, FORMER);
  expect((await ask(other, "GET", "/users/me", third)).status).toBe(200);
});
