/**
 * redis.conf and the access list in the real Redis: the gateway's own store does its work as its
 * user, the probe answers, and nobody else gets anything.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectRedis } from "../gateway-image/src/stores/redis-connection.ts";
import { RedisQuotaStore } from "../gateway-image/src/stores/redis-quota-store.ts";
import { RedisSharedStore } from "../gateway-image/src/stores/redis-shared-store.ts";
import { run } from "../tools/base/process.ts";
import { ensurePackages } from "../tools/debian/packages.ts";
import { environmentFor } from "../tools/debian/root-folder.ts";
import { createAuthority, issueCertificate } from "../tools/pki/authority.ts";
import { freePort } from "../tools/servers/supervised.ts";
import { redisConfiguration, redisUsers } from "./redis-configuration.ts";

const READY_MS = 20_000;
let folder: string;
let port: number;
let ca: string;
let server: ChildProcess;
let programs: { folder: string; environment: NodeJS.ProcessEnv };

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "redis-test-"));
  port = await freePort();
  const authority = await createAuthority("redis test", 1);
  ca = authority.certificate;
  const names = { commonName: "redis", dnsNames: ["localhost"], addresses: ["127.0.0.1"] };
  const pair = await issueCertificate(authority, { ...names, usage: "server", days: 1 });
  const text = redisConfiguration({ tls: folder, acl: folder, data: folder, sockets: folder }, 64);
  const files = {
    "ca.crt": ca,
    "tls.crt": pair.certificate,
    "tls.key": pair.key,
    "users.acl": redisUsers({
      gateway: "gateway-password",
      probe: "probe-password",
      exporter: "exporter-password",
    }),
    "redis.conf": text.replace("tls-port 6379", `tls-port ${port}`),
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(path.join(folder, name), content, { mode: 0o600 });
  }
  const { root } = await ensurePackages(["redis-server"]);
  const environment = { ...environmentFor(root) };
  programs = { folder: path.join(root, "usr/bin"), environment };
  await begin();
});

afterAll(async () => {
  server?.kill("SIGTERM");
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

async function begin(): Promise<void> {
  const options = { env: programs.environment, stdio: "ignore" as const };
  const program = path.join(programs.folder, "redis-server");
  server = spawn(program, [path.join(folder, "redis.conf")], options);
  const deadline = Date.now() + READY_MS;
  while ((await ask("probe", "probe-password", "ping")) !== "PONG") {
    if (Date.now() > deadline) throw new Error("redis did not start");
    await sleep(50);
  }
}

/** As the pod's probe asks: the password in the environment, the rest as arguments. */
async function ask(user: string | undefined, password: string, ...command: string[]) {
  const env = {
    ...programs.environment,
    ...(user === undefined ? {} : { REDISCLI_AUTH: password }),
  };
  const connection = ["--tls", "--cacert", path.join(folder, "ca.crt"), "-p", String(port)];
  const named = user === undefined ? [] : ["--user", user];
  const { code, stdout, stderr } = await run(
    path.join(programs.folder, "redis-cli"),
    ["-e", "--no-auth-warning", ...connection, ...named, ...command],
    { env },
  );
  return code === 0 ? stdout.trim() : `${stdout}${stderr}`.trim();
}

function connected(errors: Error[] = []) {
  return connectRedis({
    server: { host: "127.0.0.1", port },
    username: "gateway",
    password: () => "gateway-password",
    tls: { ca: () => ca },
    onError: (error) => errors.push(error),
  });
}

const answers = (store: RedisQuotaStore) =>
  expect.poll(() => store.ping().then(() => "answered", String)).toBe("answered");

describe("after kill -9", () => {
  test("quotas are as they were counted: the log is read whole, though its reader is nobody", async () => {
    const scopes = [{ id: "user:counted", limits: { requestsPerDay: 3, concurrency: 2 } }];
    const reserve = (store: RedisQuotaStore, callId: string) =>
      store.reserve({ callId, scopes, tokens: 1, costMicros: 0 });
    const before = new RedisQuotaStore(connected());
    await answers(before);
    for (const id of ["a", "b"])
      expect(await reserve(before, id)).toMatchObject({ admitted: true });
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
    await before.close();
    await begin();
    const after = new RedisQuotaStore(connected());
    try {
      await answers(after);
      expect(await reserve(after, "c")).toMatchObject({ admitted: false, limit: "concurrency" });
      const settled = { callId: "a", scopes, tokens: 1, costMicros: 0 };
      await after.settle({ reservation: settled, tokens: 1, costMicros: 0, month: "" });
      expect(await reserve(after, "d")).toMatchObject({ admitted: true });
      expect(await reserve(after, "e")).toMatchObject({ admitted: false });
    } finally {
      await after.close();
    }
    // Nobody is that reader: a connection is it, but may not say a word before it has proved itself.
    expect(await ask(undefined, "", "set", "gw:x", "1")).toMatch(/^NOAUTH/);
    expect(await ask("default", "", "set", "gw:x", "1")).toMatch(/WRONGPASS|NOAUTH/);
  });
});

describe("users", () => {
  test("the gateway's own store admits, counts and releases as its user", async () => {
    const errors: Error[] = [];
    const connection = connected(errors);
    const store = new RedisQuotaStore(connection);
    const shared = new RedisSharedStore(connection);
    const limits = { requestsPerMinute: 600, tokensPerMinute: 100, concurrency: 1 };
    const call = (callId: string) => ({
      callId,
      scopes: [{ id: "user:first", limits }],
      tokens: 10,
      costMicros: 0,
    });
    try {
      await answers(store);
      expect(await store.reserve(call("a"))).toMatchObject({ admitted: true });
      expect(await store.reserve(call("b"))).toMatchObject({ limit: "concurrency" });
      await store.settle({ reservation: call("a"), tokens: 5, costMicros: 0, month: "" });
      expect(await store.reserve(call("c"))).toMatchObject({ admitted: true });
      await store.renew([{ scope: "user:first", callId: "c" }]);
      expect(await store.read(call("c").scopes)).toHaveLength(3);
      expect(await shared.claim("nonce", 1_000)).toBe(true);
      expect(await shared.count("logins", 1_000)).toBe(1);
      await shared.set("context", Buffer.from("x"), 1_000);
      expect(await shared.get("context")).toEqual(Buffer.from("x"));
      await shared.delete("context");
    } finally {
      await store.close();
    }
    expect(errors).toEqual([]);
  });

  test("the gateway may neither read other keys nor run other commands", async () => {
    const gateway = (...command: string[]) => ask("gateway", "gateway-password", ...command);
    expect(await gateway("hget", "elsewhere", "x")).toMatch(/^NOPERM/);
    expect(await gateway("config", "get", "*")).toMatch(/^NOPERM/);
    expect(await gateway("flushall")).toMatch(/^NOPERM/);
    expect(await gateway("acl", "list")).toMatch(/^NOPERM/);
  });

  test("the probe may do nothing but ask", async () => {
    expect(await ask("probe", "probe-password", "keys", "*")).toMatch(/^NOPERM/);
  });

  test("the exporter may read statistics, and neither keys nor settings nor others' commands", async () => {
    const exporter = (...command: string[]) => ask("exporter", "exporter-password", ...command);
    expect(await exporter("info", "memory")).toContain("used_memory:");
    for (const command of [
      ["keys", "*"],
      ["config", "get", "*"],
      ["client", "list"],
      ["monitor"],
      ["slowlog", "get"],
    ]) {
      expect(await exporter(...command)).toMatch(/^NOPERM/);
    }
  });

  test("a wrong password and no password get nothing", async () => {
    expect(await ask("gateway", "guess", "ping")).toMatch(/WRONGPASS|NOAUTH/);
    expect(await ask(undefined, "", "ping")).toMatch(/^NOAUTH/);
  });
});

test("plain text gets no answer", async () => {
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString();
    });
    socket.on("close", () => resolve(received));
    socket.on("error", () => {});
    socket.setTimeout(3_000, () => socket.destroy());
  });
  expect(answer).not.toContain("PONG");
});
