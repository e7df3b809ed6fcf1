/** Redis' and PostgreSQL's files: no plain port, no default user, no password in clear. */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import {
  exporterStatements,
  postgresAccess,
  postgresConfiguration,
  roleStatements,
  scramVerifier,
} from "./postgres-configuration.ts";
import { redisConfiguration, redisUsers } from "./redis-configuration.ts";
import { sentinelUsers } from "./redis-replication.ts";

const PASSWORDS = {
  gateway: "gateway-password",
  probe: "probe-password",
  exporter: "exporter-password",
};

describe("redis", () => {
  test("listens with TLS only", () => {
    const text = redisConfiguration(
      { tls: "/tls", acl: "/acl", data: "/data", sockets: "/run/redis" },
      150,
    );
    expect(text).toContain("\nport 0\n");
    expect(text).toContain('\ntls-protocols "TLSv1.3"\n');
    expect(text).toContain("\nmaxmemory 150mb\nmaxmemory-policy noeviction\n");
    expect(text).toContain("\nunixsocket /run/redis/redis.sock\nunixsocketperm 770\n");
    expect(text).toContain("\naclfile /acl/users.acl\n");
  });

  test("lets nobody be the default user, and has hashes instead of passwords", () => {
    const users = redisUsers(PASSWORDS);
    expect(users).toMatch(
      /^user default off resetpass .* ~gw:\* -@all [+]@write [+]select -@dangerous$/m,
    );
    expect(users).not.toMatch(/password|nopass/);
    expect(users).toContain(createHash("sha256").update("gateway-password").digest("hex"));
    expect(users).toMatch(/^user probe on #[0-9a-f]{64} resetkeys resetchannels -@all \+ping/m);
    const reader =
      /^user exporter on #[0-9a-f]{64} resetkeys resetchannels -@all \+auth \+info [^*~]*$/m;
    expect(users).toMatch(reader);
  });

  test("allows the gateway the commands its README lists, on its own keys", () => {
    const readme = readFileSync(
      path.resolve(import.meta.dirname, "../gateway-image/README.md"),
      "utf8",
    );
    const listed = /Rights in Redis[^`]*`~gw:\*`[^`]*`-@all ([^`]*)`/
      .exec(readme)?.[1]
      ?.split(/\s+/);
    const [line = ""] = /^user gateway .*$/m.exec(redisUsers(PASSWORDS)) ?? [];
    expect(line).toContain(" ~gw:* ");
    expect(line.match(/\+\S+/g)?.sort()).toEqual([...(listed ?? [])].sort());
  });
});

test("a sentinel allows the gateway the commands its README lists, and no channel", () => {
  const file = path.resolve(import.meta.dirname, "../gateway-image/README.md");
  const readme = readFileSync(file, "utf8");
  const listed = /Rights at the sentinels[^`]*`-@all ([^`]*)`/.exec(readme)?.[1]?.split(/\s+/);
  const passwords = { ...PASSWORDS, replica: "replica-password", sentinel: "sentinel-password" };
  const [line = ""] = /^user gateway .*$/m.exec(sentinelUsers(passwords)) ?? [];
  expect(line).toContain(" resetkeys resetchannels -@all ");
  expect(line).not.toMatch(/[&~]/);
  expect(line.match(/\+\S+/g)?.sort()).toEqual([...(listed ?? [])].sort());
});

describe("postgres", () => {
  test("takes TLS 1.3 with scram, and its superuser through its own socket only", () => {
    const paths = { tls: "/tls", configuration: "/conf", sockets: "/run" };
    const text = postgresConfiguration(paths, 128);
    expect(text).toContain("ssl_min_protocol_version = 'TLSv1.3'");
    expect(text).toContain("log_min_error_statement = panic");
    const rules = postgresAccess()
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    const beforeTls = rules.filter((line) => /^host(nossl)? /.test(line));
    expect(beforeTls.every((line) => line.endsWith(" reject"))).toBe(true);
    expect(rules.filter((line) => /trust|password|md5/.test(line))).toEqual([]);
    const local = rules.filter((line) => line.startsWith("local"));
    expect(local.map((line) => line.split(/\s+/).slice(1))).toEqual([
      ["all", "postgres", "peer"],
      ["postgres", "exporter", "scram-sha-256"],
    ]);
  });

  test("turns its exporter away from the network before it may name a password there", () => {
    const rules = postgresAccess().split("\n");
    const turned = rules.findLastIndex((line) => /\sexporter\s.*reject$/.test(line));
    expect(turned).toBeLessThan(rules.findIndex((line) => line.startsWith("hostssl")));
    expect(exporterStatements("x")).toMatch(/NOSUPERUSER .* CONNECTION LIMIT 5/);
  });

  test("gets a verifier that proves the password without holding it", () => {
    const verifier = scramVerifier("correct horse", "sixteen byte salt");
    const match = /^SCRAM-SHA-256\$4096:([^$]+)\$([^:]+):(.+)$/.exec(verifier);
    expect(match).not.toBeNull();
    const [, salt = "", stored = "", server = ""] = match ?? [];
    // RFC 5802, section 3, computed the other way round.
    const salted = pbkdf2Sync("correct horse", Buffer.from(salt, "base64"), 4096, 32, "sha256");
    const clientKey = createHmac("sha256", salted).update("Client Key").digest();
    expect(createHash("sha256").update(clientKey).digest("base64")).toBe(stored);
    expect(createHmac("sha256", salted).update("Server Key").digest("base64")).toBe(server);
    expect(roleStatements("gateway", verifier)).not.toContain("correct horse");
  });
});
