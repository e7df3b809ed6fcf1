/** Settings: strict, all faults at once, and the committed schema is the current one. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { configJsonSchema, parseConfig } from "./config.ts";
import { keysFileSchema, parseDocument, routesFileSchema } from "./documents.ts";
import { errorTable } from "./error-answer.ts";
import { ERRORS } from "./error-table.ts";

const VALID = {
  GW_TLS_CERT_FILE: "/tls/tls.crt",
  GW_TLS_KEY_FILE: "/tls/tls.key",
  GW_KEYS_FILE: "/keys/keys.json",
  GW_ROUTES_FILE: "/routes/routes.json",
  GW_REDIS_HOST: "redis",
  GW_POSTGRES_HOST: "postgres",
};

const SENTINELS = {
  GW_REDIS_HOST: "",
  GW_REDIS_SENTINELS: "redis-0.redis:26379, [fd00::1]:26380",
  GW_REDIS_MASTER: "main",
};

describe("the environment", () => {
  test("a valid one has defaults for the rest, and other variables do not matter", () => {
    const result = parseConfig({ ...VALID, PATH: "/bin", GATEWAY_PORT: "tcp://10.0.0.1:8080" });
    expect(result).toMatchObject({ config: { GW_PORT: 8080, GW_SHARED_STORE_DOWN: "refuse" } });
  });

  test("sentinels stand instead of a host", () => {
    expect(parseConfig({ ...VALID, ...SENTINELS })).toMatchObject({
      config: {
        GW_REDIS_MASTER: "main",
        GW_REDIS_SENTINELS: [
          { host: "redis-0.redis", port: 26_379 },
          { host: "fd00::1", port: 26_380 },
        ],
      },
    });
  });

  test("all faults are named at once", () => {
    expect(parseConfig({ GW_PORT: "x", GW_FOO: "1", GW_ROUTES_FILE: "r" })).toEqual({
      faults: [
        "GW_PORT: must be a whole number from 0 to 65535",
        "GW_KEYS_FILE: is required",
        "GW_FOO: no such setting",
      ],
    });
  });

  test.each([
    [{ GW_TLS: "off" }, "GW_TLS: off needs GW_HOST to be a loopback address"],
    [{ GW_REDIS_TLS: "off" }, "GW_REDIS_TLS: off only for a loopback host"],
    [{ GW_POSTGRES_TLS: "off" }, "GW_POSTGRES_TLS: off only for a loopback host"],
    [{ GW_REDIS_HOST: "" }, "GW_REDIS_HOST: is required"],
    [{ GW_REDIS_MASTER: "main" }, "GW_REDIS_SENTINELS, GW_REDIS_MASTER: both or neither"],
    [{ ...SENTINELS, GW_REDIS_HOST: "redis" }, /^GW_REDIS_HOST, GW_REDIS_SENTINELS: one of them/],
    [{ ...SENTINELS, GW_REDIS_TLS: "off" }, "GW_REDIS_TLS: off only for a loopback host"],
    [{ ...SENTINELS, GW_REDIS_SENTINELS: "redis-0" }, /^GW_REDIS_SENTINELS: must be addresses/],
    [{ ...SENTINELS, GW_REDIS_SENTINELS: "a:1,,b:2" }, /^GW_REDIS_SENTINELS: must be addresses/],
    [{ ...SENTINELS, GW_REDIS_SENTINELS: "a:0" }, /^GW_REDIS_SENTINELS: must be addresses/],
    [{ ...SENTINELS, GW_REDIS_SENTINELS: "a:65536" }, /^GW_REDIS_SENTINELS: must be addresses/],
    [{ GW_DRAIN_TIMEOUT_MS: "600000" }, /^GW_DRAIN_TIMEOUT_MS: must exceed/],
    [{ GW_ANSWER_TIMEOUT_MS: "600001" }, /^GW_ANSWER_TIMEOUT_MS: must not exceed/],
  ])("%j is refused", (change, fault) => {
    const result = parseConfig({ ...VALID, ...change });
    expect("faults" in result && result.faults[0]).toMatch(fault);
  });

  test("the README names every variable, and no other", () => {
    const readme = readFileSync(path.join(import.meta.dirname, "../README.md"), "utf8");
    const named = new Set([...readme.matchAll(/`(GW_[A-Z_]+)`/g)].map((match) => match[1]));
    const schema = configJsonSchema() as {
      properties: { environment: { properties: Record<string, unknown> } };
    };
    const known = Object.keys(schema.properties.environment.properties);
    expect([...named].sort()).toEqual(known.sort());
  });

  test("config.schema.json is what the schemas say", () => {
    const file = path.join(import.meta.dirname, "../config.schema.json");
    const committed: unknown = JSON.parse(readFileSync(file, "utf8"));
    expect(committed).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });
});

describe("mounted files", () => {
  const key = {
    id: "a",
    sha256: "0".repeat(64),
    name: "n",
    tenant: "t",
    tier: "user",
    models: "*",
  };

  test.each([
    ["{", "the keys file is not JSON"],
    [{ keys: [{ ...key, sha256: "short" }] }, "keys.0.sha256"],
    [{ keys: [{ ...key, secret: "x" }] }, 'Unrecognized key: "secret"'],
    [{ keys: [key, { ...key, sha256: "1".repeat(64) }] }, "keys.1.id: is there twice"],
    [{ keys: [key, { ...key, id: "b" }] }, "keys.1.sha256: is there twice"],
    [{ keys: [{ ...key, expires: "tomorrow" }] }, "keys.0.expires"],
  ])("a faulty keys file %j is refused", (content, fault) => {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    expect(() => parseDocument(keysFileSchema, text, "the keys file")).toThrow(fault);
  });

  test("a target's URL has no path", () => {
    const model = { id: "m", contextLength: 1, capabilities: ["chat"] };
    const text = JSON.stringify({ models: [{ ...model, targets: [{ url: "https://a/v1" }] }] });
    expect(() => parseDocument(routesFileSchema, text, "routes")).toThrow("must have no path");
  });
});

describe("errors", () => {
  test("docs/errors.md is the table", () => {
    const file = path.join(import.meta.dirname, "../../docs/errors.md");
    expect(readFileSync(file, "utf8")).toContain(errorTable());
  });

  test("native codes are unique", () => {
    const natives = Object.values(ERRORS).map((entry) => entry.native);
    expect(new Set(natives).size).toBe(natives.length);
  });
});
