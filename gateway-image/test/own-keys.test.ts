/** What owners do with their keys themselves: rotate in time, lend for a while; never more than they may. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { createApiKey, hashApiKey } from "../src/base/api-key.ts";
import { limits } from "../src/limits.ts";
import { boot, CHAT, endAll, MODEL, simulate, temporaryFolder, testModel } from "./test-harness.ts";

afterEach(endAll);

const CORE = { kind: "service", tenant: "bank", tier: "service" };
const DAY_MS = 86_400_000;

interface Key {
  readonly id: string;
  readonly key: string;
  readonly models: string | string[];
  readonly expires: string | null;
  readonly error?: { readonly code: string };
}

async function start() {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const dataKeys = `${temporaryFolder()}/keys`;
  writeFileSync(dataKeys, `test:${randomBytes(32).toString("base64")}\n`);
  const admin = createApiKey();
  const targets = [{ url }];
  const harness = await boot({
    targets,
    models: [testModel(targets), { ...testModel(targets), id: "other" }],
    env: { GW_DATA_KEY_FILE: dataKeys },
    directory: {
      tenants: [{ id: "bank", name: "A bank" }],
      principals: [{ ...CORE, id: "security", roles: ["security-admin", "caller"] }],
      apiKeys: [{ id: "security", principal: "security", sha256: hashApiKey(admin) }],
    },
  });
  const call = async (key: string, method: string, path: string, body?: object) => {
    const answer = await fetch(`${harness.base}${path}`, {
      method,
      headers: { "x-api-key": key, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { status, headers } = answer;
    return { status, ends: headers.get("x-key-expires"), body: (await answer.json()) as Key };
  };
  const chat = async (key: string, model = MODEL) => {
    const { status, body } = await call(key, "POST", "/v1/chat/completions", {
      ...CHAT,
      model,
      max_tokens: 1,
    });
    return status === 200 ? "ok" : (body.error?.code ?? status);
  };
  await call(admin, "PUT", "/admin/v1/principals/core", CORE);
  const issue = async (body: object = {}) =>
    (await call(admin, "POST", "/admin/v1/api-keys", { principal: "core", ...body })).body;
  return { harness, admin, call, chat, issue };
}

describe("rotation by its owner", () => {
  test("gives a successor with the same rights; the former serves until the overlap ends", async () => {
    const { call, chat, issue } = await start();
    const { id, key } = await issue({ models: [MODEL] });
    const rotated = await call(key, "POST", "/users/me/keys/rotate", { overlapHours: 0 });
    expect(rotated).toMatchObject({ status: 201, body: { replaces: id, models: [MODEL] } });
    expect(await chat(rotated.body.key)).toBe("ok");
    expect(await chat(rotated.body.key, "other")).toBe("model_not_allowed");
    expect(await chat(key)).toBe("expired_api_key");
    const overlapping = await call(rotated.body.key, "POST", "/users/me/keys/rotate");
    expect([await chat(rotated.body.key), await chat(overlapping.body.key)]).toEqual(["ok", "ok"]);
  });

  test("of a key that a file sets is the file's to make", async () => {
    const { harness, call } = await start();
    const { status, body } = await call(harness.key, "POST", "/users/me/keys/rotate", {});
    expect([status, body.error?.code]).toEqual([409, "managed_by_configuration"]);
  });
});

describe("a key that must be rotated", () => {
  test("says so two weeks before, is refused when it was not, and its successor begins anew", async () => {
    const { call, chat, issue } = await start();
    const now = Date.now();
    const made = await issue({
      rotateEveryDays: 90,
      created: new Date(now - 75 * DAY_MS).toISOString(),
    });
    expect((await call(made.key, "GET", "/users/me")).ends).toBeNull();
    const old = await issue({
      rotateEveryDays: 90,
      created: new Date(now - 77 * DAY_MS).toISOString(),
    });
    expect((await call(old.key, "GET", "/users/me")).ends).toBe(
      new Date(now + 13 * DAY_MS).toISOString(),
    );
    const successor = await call(old.key, "POST", "/users/me/keys/rotate", {});
    expect(Date.parse(successor.body.expires ?? "")).toBeGreaterThan(now + 89 * DAY_MS);
    const late = await issue({
      rotateEveryDays: 90,
      created: new Date(now - 90 * DAY_MS).toISOString(),
    });
    expect(await chat(late.key)).toBe("expired_api_key");
  });
});

describe("a temporary key", () => {
  test("serves for a while, no more than its maker may, and not after it", async () => {
    const { admin, call, chat, issue } = await start();
    const maker = await issue({ models: [MODEL], name: "maker" });
    const lend = (body: object) => call(maker.key, "POST", "/users/me/keys", body);
    const lent = await lend({ seconds: 3_600, name: "a notebook" });
    expect(lent).toMatchObject({ status: 201, body: { models: [MODEL] } });
    const leftMs = Date.parse(lent.body.expires ?? "") - Date.now();
    expect(leftMs).toBeGreaterThan(3_500_000);
    expect(leftMs).toBeLessThanOrEqual(3_600_000);
    expect(await chat(lent.body.key)).toBe("ok");
    expect(await chat(lent.body.key, "other")).toBe("model_not_allowed");
    expect((await lend({ seconds: 60, models: ["other"] })).body.error?.code).toBe(
      "model_not_allowed",
    );
    // Lending what was lent would make it last for ever.
    for (const path of ["/users/me/keys", "/users/me/keys/rotate"]) {
      const again = await call(
        lent.body.key,
        "POST",
        path,
        path.endsWith("keys") ? { seconds: 60 } : {},
      );
      expect([path, again.status]).toEqual([path, 400]);
    }
    await call(admin, "DELETE", `/admin/v1/api-keys/${maker.id}`);
    expect(await chat(lent.body.key)).toBe("expired_api_key");
  });

  test("counts on its maker's account", async () => {
    const { chat, call, issue } = await start();
    const maker = await issue({ limits: { requestsPerMinute: 2 } });
    const { body } = await call(maker.key, "POST", "/users/me/keys", { seconds: 60 });
    expect([await chat(maker.key), await chat(body.key)]).toEqual(["ok", "ok"]);
    expect(await chat(body.key)).toBe("rate_limit_exceeded");
    expect(await chat(maker.key)).toBe("rate_limit_exceeded");
  });

  test("is bounded in number and time, and not for administrators", async () => {
    const { admin, call, issue } = await start();
    const { key } = await issue();
    for (const seconds of [0, 59, 86_401, 1.5]) {
      expect((await call(key, "POST", "/users/me/keys", { seconds })).status).toBe(400);
    }
    expect((await call(admin, "POST", "/users/me/keys", { seconds: 60 })).status).toBe(400);
    for (let count = 0; count < limits.temporaryKeysMax; count += 1) {
      expect((await call(key, "POST", "/users/me/keys", { seconds: 60 })).status).toBe(201);
    }
    const { body } = await call(key, "POST", "/users/me/keys", { seconds: 60 });
    expect(body.error?.code).toBe("too_many_keys");
  });
});
