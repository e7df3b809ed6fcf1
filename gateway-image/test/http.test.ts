/** Versions by every way to name one, and calls of browsers from other pages. */
import { afterEach, describe, expect, test } from "vitest";
import { API_VERSION } from "../src/steps/api-version.ts";
import { boot, endAll, simulate } from "./test-harness.ts";

afterEach(endAll);

async function start(env: Record<string, string> = {}) {
  const { url } = await simulate();
  const harness = await boot({ targets: [{ url }], env });
  const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    fetch(`${harness.base}${path}`, { method, headers: { "x-api-key": harness.key, ...headers } });
  return { harness, get };
}

describe("versions", () => {
  test("path, header, query and media type name the one there is", async () => {
    const { get } = await start();
    for (const headers of [
      {},
      { "x-api-version": "1" },
      { "x-api-version": API_VERSION },
      { accept: "application/vnd.deepseek.v1+json" },
    ]) {
      const response = await get("/v1/models?api-version=v1", headers);
      expect([response.status, response.headers.get("x-api-version")]).toEqual([200, API_VERSION]);
    }
  });

  test("any other is refused, and the ones that exist are named", async () => {
    const { get } = await start();
    for (const [path, headers] of [
      ["/v1/models", { "x-api-version": "2" }],
      ["/v1/models?api-version=2023-08-01", {}],
      ["/v1/models?api-version=v1&api-version=v2", {}],
      ["/v1/models", { accept: "application/vnd.deepseek.v9+json" }],
    ] as const) {
      const response = await get(path, headers);
      const { error } = (await response.json()) as { error: { code: string; message: string } };
      expect([response.status, error.code]).toEqual([400, "unsupported_version"]);
      expect(error.message).toContain(API_VERSION);
    }
  });
});

test("a method that no path takes is refused in our own shape", async () => {
  const { get } = await start();
  for (const method of ["PATCH", "QUERY", "PURGE"]) {
    const response = await get("/v1/models", {}, method);
    expect(response.status).toBe(405);
    expect(await response.json()).toMatchObject({ error: { code: "method_not_allowed" } });
  }
});

describe("browsers", () => {
  const page = "https://app.bank.example";
  const env = { GW_CORS_ORIGINS: `${page},https://other.example` };

  test("a listed origin may ask, call and read the quota's headers", async () => {
    const { get } = await start(env);
    const asked = await get("/v1/chat/completions", { origin: page }, "OPTIONS");
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-origin")).toBe(page);
    expect(asked.headers.get("access-control-allow-headers")).toBe("authorization, *");
    expect(asked.headers.get("access-control-allow-credentials")).toBeNull();
    const called = await get("/v1/models", { origin: page });
    expect(called.headers.get("access-control-allow-origin")).toBe(page);
    expect(called.headers.get("access-control-expose-headers")).toBe("*");
    expect(called.headers.get("vary")).toBe("origin");
  });

  test("any other origin is told nothing, and none where none is listed", async () => {
    const { get } = await start(env);
    const stranger = { origin: "https://evil.example" };
    expect((await get("/v1/models", stranger, "OPTIONS")).status).toBe(403);
    const called = await get("/v1/models", stranger);
    expect(called.headers.get("access-control-allow-origin")).toBeNull();
    const closed = await start();
    expect((await closed.get("/v1/models", { origin: page }, "OPTIONS")).status).toBe(403);
  });

  test("a setting that is no list of origins stops the start", async () => {
    await expect(start({ GW_CORS_ORIGINS: "*" })).rejects.toThrow("GW_CORS_ORIGINS");
    await expect(start({ GW_CORS_ORIGINS: "https://a.example/path" })).rejects.toThrow();
  });
});
