/** The administrators' API: keys that serve at once and end at once, separate powers, no secrets. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { createApiKey, hashApiKey } from "../src/base/api-key.ts";
import { boot, endAll, MODEL, simulate, temporaryFolder } from "./test-harness.ts";

afterEach(endAll);

const TENANT = { id: "bank", name: "A bank" };
const CORE = { kind: "service", tenant: "bank", tier: "service" };

async function start() {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const file = `${temporaryFolder()}/keys`;
  writeFileSync(file, `test:${randomBytes(32).toString("base64")}\n`);
  const admins = { system: createApiKey(), security: createApiKey(), audit: createApiKey() };
  const harness = await boot({
    targets: [{ url }],
    env: { GW_DATA_KEY_FILE: file },
    directory: {
      tenants: [TENANT],
      principals: Object.keys(admins).map((id) => ({ ...CORE, id, roles: [`${id}-admin`] })),
      apiKeys: Object.entries(admins).map(([id, key]) => ({
        id: `${id}-key`,
        principal: id,
        sha256: hashApiKey(key),
      })),
    },
  });
  const as =
    (who: keyof typeof admins) =>
    async (method: string, path: string, body?: object, headers = {}) => {
      const response = await fetch(`${harness.base}/admin/v1/${path}`, {
        method,
        headers: { "x-api-key": admins[who], "content-type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answer = (await response.json()) as Record<string, never> & {
        error?: { code: string };
      };
      return {
        status: response.status,
        answer,
        etag: response.headers.get("etag"),
        code: answer.error?.code,
        allow: response.headers.get("allow"),
      };
    };
  const chat = async (key: string) => {
    const headers = { "x-api-key": key, "content-type": "application/json" };
    return (await harness.chat({ max_tokens: 1 }, { headers })).status;
  };
  return { harness, system: as("system"), security: as("security"), audit: as("audit"), chat };
}

describe("keys", () => {
  test("one that was made serves at once, is shown once, and ends when it is removed", async () => {
    const { security, chat } = await start();
    await security("PUT", "principals/core", CORE);
    const made = await security("POST", "api-keys", {
      id: "k1",
      principal: "core",
      models: [MODEL],
    });
    expect(made.status).toBe(201);
    const key = String(made.answer.key);
    expect(await chat(key)).toBe(200);
    const shown = await security("GET", "api-keys/k1");
    expect(shown.answer).toMatchObject({ principal: "core", source: "store" });
    expect(JSON.stringify(shown.answer)).not.toContain(key);
    expect(shown.answer).not.toHaveProperty("sha256");
    expect((await security("DELETE", "api-keys/k1")).status).toBe(200);
    expect(await chat(key)).toBe(401);
  });

  test("a rotation gives a new key with the same rights; the former one ends after the overlap", async () => {
    const { security, chat } = await start();
    await security("PUT", "principals/core", CORE);
    const first = await security("POST", "api-keys", { id: "k1", principal: "core", name: "n" });
    const next = await security("POST", "api-keys/k1/rotate", { overlapHours: 1 });
    expect(next.answer).toMatchObject({ principal: "core", name: "n", replaces: "k1" });
    expect(await chat(String(first.answer.key))).toBe(200);
    expect(await chat(String(next.answer.key))).toBe(200);
    const at = Date.parse(String((await security("GET", "api-keys/k1")).answer.expires));
    expect(at - Date.now()).toBeLessThanOrEqual(3_600_000);
    await security("POST", "api-keys/k1/rotate", { overlapHours: 0 });
    expect(await chat(String(first.answer.key))).toBe(401);
    // Without a body the overlap is a day.
    expect((await security("POST", "api-keys/k1/rotate")).status).toBe(201);
  });

  test("an access key's secret is shown once and kept sealed", async () => {
    const { security, harness } = await start();
    await security("PUT", "principals/core", CORE);
    const { answer } = await security("POST", "access-keys", { id: "a1", principal: "core" });
    expect(answer).toMatchObject({
      accessKey: expect.stringMatching(/^AK\w{20}$/),
      secretKey: expect.stringMatching(/^SK\w{40}$/),
    });
    const { sealedSecret } = harness.gateway.parts.directory.get("accessKey", "a1")?.entity ?? {};
    expect(sealedSecret).not.toContain(answer.secretKey);
    expect(JSON.stringify((await security("GET", "access-keys")).answer)).not.toContain("sealed");
  });
});

describe("what must hold", () => {
  test("each kind of administrator has a power of its own, callers have none", async () => {
    const { harness, system, security, audit } = await start();
    expect((await system("GET", "tenants")).status).toBe(200);
    expect((await system("GET", "api-keys")).code).toBe("permission_denied");
    expect((await security("GET", "tenants")).code).toBe("permission_denied");
    expect((await audit("GET", "tenants")).code).toBe("permission_denied");
    const caller = await fetch(`${harness.base}/admin/v1/tenants`, {
      headers: { "x-api-key": harness.key },
    });
    expect(caller.status).toBe(403);
    const both = { ...CORE, roles: ["system-admin", "audit-admin"] };
    const refused = await security("PUT", "principals/both", both);
    expect([refused.status, refused.code]).toEqual([409, "reference_conflict"]);
  });

  test("what configuration sets cannot be changed, and references must lead somewhere", async () => {
    const { security, system } = await start();
    expect((await system("PUT", "tenants/bank", TENANT)).code).toBe("managed_by_configuration");
    expect((await system("DELETE", "tenants/bank")).code).toBe("managed_by_configuration");
    const adrift = await security("PUT", "principals/x", { ...CORE, tier: "none" });
    expect(adrift.code).toBe("reference_conflict");
    await system("PUT", "tenants/clinic", { name: "A clinic" });
    await security("PUT", "principals/doctor", { ...CORE, tenant: "clinic" });
    expect((await system("DELETE", "tenants/clinic")).code).toBe("reference_conflict");
  });

  test("a change to what somebody else changed meanwhile is refused", async () => {
    const { system } = await start();
    const made = await system("PUT", "tenants/clinic", { name: "one" });
    expect([made.status, made.etag]).toEqual([201, '"1"']);
    const match = { "if-match": made.etag ?? "" };
    expect((await system("PUT", "tenants/clinic", { name: "two" }, match)).status).toBe(200);
    const late = await system("PUT", "tenants/clinic", { name: "three" }, match);
    expect([late.status, late.code]).toEqual([412, "revision_conflict"]);
  });

  test("faults are named with their member; hashes cannot be set; lists come in pages", async () => {
    const { system, security } = await start();
    const bad = await system("PUT", "tiers/t", { requestsPerMinute: -1 });
    expect(bad.answer.error).toMatchObject({ code: "invalid_request", param: "requestsPerMinute" });
    const hash = { principal: "core", sha256: "0".repeat(64) };
    expect((await security("POST", "api-keys", hash)).code).toBe("invalid_request");
    for (const id of ["a", "b", "c"]) await system("PUT", `tiers/${id}`, {});
    const page = await system("GET", "tiers?limit=2&after=a");
    expect(page.answer.data).toMatchObject([{ id: "b" }, { id: "c" }]);
    expect(page.answer.has_more).toBe(true);
    expect((await system("GET", "nothing")).status).toBe(404);
    expect((await system("GET", "tiers/none")).code).toBe("entity_not_found");
  });

  test("a model that an administrator adds is served at once", async () => {
    const { harness, system } = await start();
    const { url } = await simulate({ models: ["second"] });
    const model = { contextLength: 4096, capabilities: ["chat"], targets: [{ url }] };
    expect((await system("PUT", "models/second", model)).status).toBe(201);
    expect((await harness.chat({ model: "second" })).status).toBe(200);
    await system("DELETE", "models/second");
    expect((await harness.chat({ model: "second" })).status).toBe(404);
  });

  test("a user's first password must be changed by the user", async () => {
    const { harness, security } = await start();
    const password = "a password of some length";
    const made = await security("PUT", "principals/eve", { ...CORE, kind: "user", password });
    expect(made.answer).toMatchObject({ hasPassword: true, mustChangePassword: true });
    expect(JSON.stringify(made.answer)).not.toContain("scrypt");
    expect(JSON.stringify(harness.logLines())).not.toContain(password);
  });
});

describe("what the document says", () => {
  test("an id that is not the path's, a page beyond the largest and a made-up secret are refused", async () => {
    const { system, security } = await start();
    const other = await system("PUT", "tenants/bank-two", { id: "bank-three", name: "A bank" });
    expect([other.status, other.answer]).toMatchObject([400, { error: { param: "id" } }]);
    for (const limit of ["0", "1001", "1e2", "-1", ""]) {
      const page = await system("GET", `tenants?limit=${limit}`);
      expect([page.status, page.answer]).toMatchObject([400, { error: { param: "limit" } }]);
    }
    await security("PUT", "principals/core", CORE);
    const accessKey = `AK${"0".repeat(20)}`;
    const made = await security("POST", "access-keys", { principal: "core", accessKey });
    expect([made.status, made.answer]).toMatchObject([400, { error: { param: "accessKey" } }]);
    const numbered = await security("POST", "api-keys", { principal: "core", id: 7 });
    expect(numbered.code).toBe("invalid_request");
  });

  test("a method that a path does not take is refused with those that it takes", async () => {
    const { system, security } = await start();
    for (const [answer, allow] of [
      [await system("POST", "tenants"), "GET"],
      [await system("POST", "tenants/bank", {}), "GET, PUT, DELETE"],
      [await security("DELETE", "api-keys"), "GET, POST"],
      [await security("GET", "api-keys/security-key/rotate"), "POST"],
      [await security("PUT", "audit/verify"), "POST"],
      [await system("DELETE", "audit/events"), "GET"],
    ] as const) {
      expect([answer.status, answer.allow]).toEqual([405, allow]);
    }
  });

  test("a model's address that is none is the request's fault, not the directory's", async () => {
    const { system } = await start();
    for (const url of ["", "model", "http://", "http://host/path", "ftp://host"]) {
      const body = { contextLength: 1, capabilities: ["chat"], targets: [{ url }] };
      const answer = await system("PUT", "models/other", body);
      expect([url, answer.status, answer.code]).toEqual([url, 400, "invalid_request"]);
    }
  });
});
