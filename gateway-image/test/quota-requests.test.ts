/** Asking for more than the tier gives: the wish, the decision, and that it counts at once. */
import { afterEach, expect, test } from "vitest";
import { createApiKey, hashApiKey } from "../src/base/api-key.ts";
import { boot, endAll, simulate } from "./test-harness.ts";

afterEach(endAll);

const CORE = { kind: "service", tenant: "bank", tier: "narrow" };

interface Asked {
  readonly id: string;
  readonly status: string;
  readonly limits: object;
  readonly error?: { readonly code: string };
}

async function start() {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const people = { system: "system-admin", security: "security-admin", stuck: "caller" };
  const keys = Object.fromEntries(Object.keys(people).map((id) => [id, createApiKey()]));
  const harness = await boot({
    targets: [{ url }],
    tiers: { service: { concurrency: 10 }, narrow: { requestsPerMinute: 2, concurrency: 10 } },
    directory: {
      tenants: [{ id: "bank", name: "A bank" }],
      principals: Object.entries(people).map(([id, role]) => ({ ...CORE, id, roles: [role] })),
      apiKeys: Object.entries(keys).map(([id, key]) => ({
        id,
        principal: id,
        sha256: hashApiKey(key),
      })),
    },
  });
  const call = async (key: string, method: string, path: string, body?: object) => {
    const answer = await fetch(`${harness.base}${path}`, {
      method,
      headers: { "x-api-key": key, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Asked };
  };
  const as = (who: string) => keys[who] ?? "";
  await call(as("security"), "PUT", "/admin/v1/principals/core", CORE);
  const issued = await call(as("security"), "POST", "/admin/v1/api-keys", { principal: "core" });
  const core = (issued.body as unknown as { key: string }).key;
  const chat = async () => {
    const headers = { "x-api-key": core, "content-type": "application/json" };
    return (await harness.chat({ max_tokens: 1 }, { headers })).status;
  };
  const ask = (body: object, key = core) => call(key, "POST", "/v1/quota/requests", body);
  const decide = (body: object, who = "system") =>
    call(as(who), "POST", "/admin/v1/quota-decisions", body);
  return { call, as, core, chat, ask, decide };
}

test("what is granted counts from the next call on, and who asked sees it", async () => {
  const { call, as, core, chat, ask, decide } = await start();
  expect([await chat(), await chat(), await chat()]).toEqual([200, 200, 429]);
  const wish = { limits: { requestsPerMinute: 9 }, reason: "month's end" };
  const { status, body } = await ask(wish);
  expect([status, body.status]).toEqual([201, "open"]);
  const list = await call(as("system"), "GET", "/admin/v1/quota-requests");
  expect(list.body).toMatchObject({
    data: [{ id: body.id, principal: "core", reason: wish.reason }],
  });
  const granted = await decide({
    request: body.id,
    decision: "grant",
    limits: { requestsPerMinute: 4 },
    note: "four are enough",
  });
  expect(granted.body).toMatchObject({ status: "granted", limits: { requestsPerMinute: 4 } });
  // What was used up comes back at the new rate.
  expect((await call(core, "GET", "/v1/quota")).body).toMatchObject({
    data: [
      { limit: "requestsPerMinute", max: 4 },
      { limit: "concurrency", max: 10 },
    ],
  });
  expect((await call(core, "GET", "/v1/quota/requests")).body).toMatchObject({
    data: [{ status: "granted", note: "four are enough", decidedBy: "system" }],
  });
  expect((await decide({ request: body.id, decision: "refuse" })).status).toBe(412);
});

test("what is refused changes nothing", async () => {
  const { chat, ask, decide } = await start();
  const { body } = await ask({ limits: { requestsPerMinute: 9 } });
  expect((await decide({ request: body.id, decision: "refuse" })).body.status).toBe("refused");
  expect([await chat(), await chat(), await chat()]).toEqual([200, 200, 429]);
});

test("one may wait for few decisions, sees only one's own, and decides none", async () => {
  const { call, as, core, ask, decide } = await start();
  const wish = { limits: { requestsPerMinute: 9 } };
  for (let count = 0; count < 5; count += 1) expect((await ask(wish)).status).toBe(201);
  expect((await ask(wish)).body.error?.code).toBe("too_many_quota_requests");
  expect((await call(as("stuck"), "GET", "/v1/quota/requests")).body).toMatchObject({ data: [] });
  const [first] = (
    (await call(core, "GET", "/v1/quota/requests")).body as unknown as { data: Asked[] }
  ).data;
  const grant = { request: first?.id ?? "", decision: "grant" };
  expect((await decide(grant, "security")).status).toBe(403);
  const one = `/admin/v1/quota-requests/${first?.id}`;
  expect((await call(as("system"), "PUT", one, { status: "granted" })).status).toBe(405);
});

test("bad wishes and decisions are refused, and a principal of a file is the file's to raise", async () => {
  const { as, ask, decide } = await start();
  for (const limits of [{}, { requestsPerMinute: 0 }, { wishes: 3 }, { concurrency: "all" }]) {
    expect((await ask({ limits })).status).toBe(400);
  }
  expect((await decide({ request: "nobody", decision: "grant" })).status).toBe(404);
  const { body } = await ask({ limits: { concurrency: 20 } }, as("stuck"));
  const { status, body: answer } = await decide({ request: body.id, decision: "grant" });
  expect([status, answer.error?.code]).toEqual([409, "managed_by_configuration"]);
  expect((await decide({ request: body.id, decision: "grant", more: 1 })).status).toBe(400);
});
