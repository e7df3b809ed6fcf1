/**
 * The files of a replicated Redis in real processes, as its pods run them: three members, each with its
 * sentinel and its own folder, that know each other by the names of a cluster. Who is the primary
 * survives the death of one, of all, and the loss of a volume. Needs root (a private /etc/hosts).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../tools/base/process.ts";
import { ensurePackages } from "../tools/debian/packages.ts";
import { environmentFor } from "../tools/debian/root-folder.ts";
import { createAuthority, issueCertificate } from "../tools/pki/authority.ts";
import { redisConfiguration, redisUsers } from "./redis-configuration.ts";
import {
  MASTER,
  memberHosts,
  memberScript,
  REDIS_PORT,
  replicationConfiguration,
  replicationSecrets,
  replicationUsers,
  SENTINEL_PORT,
  sentinelConfiguration,
  sentinelScript,
  sentinelSecrets,
  sentinelUsers,
} from "./redis-replication.ts";

/** Detection, vote and promotion take some 7 s; a busy machine takes longer. */
const SOON = { timeout: 90_000, interval: 250 };
const MEMBERS = { program: "redis", service: "redis.deepseek.svc" };
const HOSTS = memberHosts(MEMBERS);
/** A loopback address for each member, so that all have the ports that their pods have. */
const addressOf = (index: number) => `127.0.77.${10 + index}`;
const PASSWORDS = {
  gateway: "gateway-password",
  probe: "probe-password",
  exporter: "exporter-password",
  replica: "replica-password",
  sentinel: "sentinel-password",
};

const CONNECTION = path.resolve(
  import.meta.dirname,
  "../gateway-image/src/stores/redis-connection.ts",
);

let folder: string;
let environment: NodeJS.ProcessEnv;
const running = new Map<string, ChildProcess>();

const pathsOf = (index: number) => ({
  tls: folder,
  acl: folder,
  configuration: path.join(folder, `configuration-${index}`),
  data: path.join(folder, `data-${index}`),
  sockets: path.join(folder, `data-${index}`),
});

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "redis-members-"));
  const authority = await createAuthority("redis members", 1);
  const dnsNames = [MEMBERS.service, `*.${MEMBERS.service}`];
  const names = { commonName: "redis", dnsNames, usage: "server" as const, days: 1 };
  const pair = await issueCertificate(authority, names);
  const lines = HOSTS.map((host, index) => `${addressOf(index)} ${host} ${MEMBERS.service}`);
  await writeAll({
    "ca.crt": authority.certificate,
    "tls.crt": pair.certificate,
    "tls.key": pair.key,
    hosts: `127.0.0.1 localhost\n${lines.join("\n")}\n`,
  });
  await writeSecrets();
  for (const index of HOSTS.keys()) await writeMember(index);
  const { root } = await ensurePackages(["redis-server"]);
  const own = environmentFor(root);
  const programs = path.join(root, "usr/bin");
  environment = { ...own, PATH: `${programs}:${process.env["PATH"]}` };
  for (const index of HOSTS.keys()) start(index);
});

afterAll(async () => {
  for (const index of HOSTS.keys()) await kill(index);
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

function writeSecrets(): Promise<void> {
  return writeAll({
    "users.acl": `${redisUsers(PASSWORDS)}${replicationUsers(PASSWORDS)}`,
    "replication.conf": replicationSecrets(PASSWORDS),
    "sentinel.acl": sentinelUsers(PASSWORDS),
    "sentinel-secrets.conf": sentinelSecrets(PASSWORDS),
  });
}

async function writeAll(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await writeFile(path.join(folder, name), text, { mode: 0o600 });
  }
}

async function writeMember(index: number): Promise<void> {
  const paths = pathsOf(index);
  await mkdir(paths.configuration);
  await mkdir(paths.data);
  const bound = (text: string) => text.replace("bind 0.0.0.0", `bind ${addressOf(index)}`);
  const files = {
    "redis.conf": `${redisConfiguration(paths, 64)}${replicationConfiguration(paths, 64)}`,
    "sentinel.conf": sentinelConfiguration(paths),
    "start-redis.sh": memberScript(paths, MEMBERS),
    "start-sentinel.sh": sentinelScript(paths, MEMBERS),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(path.join(paths.configuration, name), bound(text));
  }
}

/** The names of a cluster, and a ConfigMap that nobody can write. */
const AS_IN_A_POD =
  'mount --bind "$0" /etc/hosts && mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"';

function inside(index: number, command: readonly string[]): string[] {
  const mounts = [path.join(folder, "hosts"), pathsOf(index).configuration];
  return ["--mount", "--", "sh", "-c", AS_IN_A_POD, ...mounts, ...command];
}

/** Both containers of a pod. */
function start(index: number): void {
  for (const program of ["redis", "sentinel"]) {
    const script = path.join(pathsOf(index).configuration, `start-${program}.sh`);
    const env = {
      ...environment,
      POD_NAME: `${MEMBERS.program}-${index}`,
      REDISCLI_AUTH: PASSWORDS.probe,
    };
    const child = spawn("unshare", inside(index, ["sh", script]), { env, stdio: "ignore" });
    running.set(`${program}-${index}`, child);
  }
}

async function kill(index: number): Promise<void> {
  for (const program of ["redis", "sentinel"]) {
    const child = running.get(`${program}-${index}`);
    running.delete(`${program}-${index}`);
    if (child === undefined || child.exitCode !== null) continue;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

async function ask(
  index: number,
  port: number,
  user: keyof typeof PASSWORDS,
  ...command: readonly string[]
): Promise<string> {
  const env = { ...environment, REDISCLI_AUTH: PASSWORDS[user] };
  const tls = ["--tls", "--cacert", path.join(folder, "ca.crt"), "--user", user];
  const to = ["-h", HOSTS[index] ?? "", "-p", String(port)];
  const words = ["timeout", "5", "redis-cli", "-e", "--no-auth-warning", ...tls, ...to, ...command];
  const { stdout, stderr } = await run("unshare", inside(index, words), { env });
  return `${stdout}${stderr}`.trim();
}

/** What each member says that it is, once it follows somebody or is followed. */
async function roles(): Promise<(string | undefined)[]> {
  const told = await Promise.all(
    [...HOSTS.keys()].map((index) => ask(index, REDIS_PORT, "exporter", "info", "replication")),
  );
  return told.map((text) => {
    const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(text)?.[1];
    if (field("role") === "master") return `primary of ${field("connected_slaves")}`;
    return field("master_link_status") === "up" ? `follows ${field("master_host")}` : undefined;
  });
}

async function primary(): Promise<number> {
  return (await roles()).indexOf("primary of 2");
}

/** Until every sentinel knows both replicas and both others: before that none could elect. */
async function watched(): Promise<boolean> {
  const told = await Promise.all(
    [...HOSTS.keys()].map((index) =>
      ask(index, SENTINEL_PORT, "probe", "sentinel", "master", MASTER),
    ),
  );
  return told.every((text) => /num-slaves\n2\nnum-other-sentinels\n2/.test(text));
}

async function settled(): Promise<number> {
  await expect.poll(watched, SOON).toBe(true);
  await expect.poll(primary, SOON).toBeGreaterThanOrEqual(0);
  const found = await primary();
  const others = HOSTS.map((_, index) =>
    index === found ? "primary of 2" : `follows ${HOSTS[found]}`,
  );
  await expect.poll(roles, SOON).toEqual(others);
  return found;
}

/** As the gateway keeps things; the answer of the primary says that a replica was there to follow. */
async function keep(index: number, value: string): Promise<void> {
  await expect
    .poll(() => ask(index, REDIS_PORT, "gateway", "set", "gw:test", value), SOON)
    .toBe("OK");
}

const kept = (index: number) => ask(index, REDIS_PORT, "gateway", "get", "gw:test");

describe("a replicated Redis", () => {
  test("begins with its first member, which the others follow, and whom every sentinel knows", async () => {
    expect(await settled()).toBe(0);
    for (const index of HOSTS.keys()) {
      const told = async () =>
        (await ask(index, SENTINEL_PORT, "gateway", "sentinel", "get-master-addr-by-name", MASTER))
          .split("\n")
          .join(":");
      await expect.poll(told, SOON).toBe(`${HOSTS[0]}:${REDIS_PORT}`);
    }
  });

  test("is written to by a caller that knows it by one name only, whichever address that leads to first", async () => {
    const primary = await settled();
    const program = `
      import { readFileSync } from "node:fs";
      import { setTimeout as sleep } from "node:timers/promises";
      import { connectRedis } from ${JSON.stringify(CONNECTION)};
      const redis = connectRedis({
        server: { host: "${MEMBERS.service}", port: ${REDIS_PORT} },
        username: "gateway",
        password: () => "${PASSWORDS.gateway}",
        tls: { ca: () => readFileSync(${JSON.stringify(path.join(folder, "ca.crt"))}, "utf8") },
        onError: () => {},
      });
      while ((await redis.set("gw:by-one-name", "kept").catch(() => "")) !== "OK") await sleep(50);
      process.exit(0);`;
    const words = [process.execPath, "--input-type=module", "--eval", program];
    const { code, stderr } = await run("unshare", inside(primary, ["timeout", "60", ...words]));
    expect([code, stderr]).toEqual([0, ""]);
    expect(await ask(primary, REDIS_PORT, "gateway", "get", "gw:by-one-name")).toBe("kept");
  });

  test("elects another one when the pod of the primary is gone, with all that was written", async () => {
    const before = await settled();
    await keep(before, "first");
    // Until both have it: Redis itself waits for nobody.
    for (const index of HOSTS.keys()) await expect.poll(() => kept(index), SOON).toBe("first");
    await kill(before);
    const elected = async () => (await roles()).indexOf("primary of 1");
    await expect.poll(elected, SOON).toBeGreaterThanOrEqual(0);
    const next = await elected();
    expect(next).not.toBe(before);
    expect(await kept(next)).toBe("first");
    await keep(next, "second");
    start(before);
    expect(await settled()).toBe(next);
    await expect.poll(() => kept(before), SOON).toBe("second");
  });

  test("has the same primary after all of its pods were gone at once", async () => {
    const before = await settled();
    expect(before).not.toBe(0);
    await keep(before, "third");
    for (const index of HOSTS.keys()) await expect.poll(() => kept(index), SOON).toBe("third");
    const ids = await sentinelIds();
    await Promise.all([...HOSTS.keys()].map(kill));
    for (const index of HOSTS.keys()) start(index);
    expect(await settled()).toBe(before);
    expect(await kept(before)).toBe("third");
    expect(await sentinelIds()).toEqual(ids);
  });

  test("is not emptied by a primary that lost its volume", async () => {
    const before = await settled();
    await keep(before, "fourth");
    for (const index of HOSTS.keys()) await expect.poll(() => kept(index), SOON).toBe("fourth");
    await kill(before);
    await rm(pathsOf(before).data, { recursive: true });
    await mkdir(pathsOf(before).data);
    start(before);
    expect(await settled()).not.toBe(before);
    for (const index of HOSTS.keys()) await expect.poll(() => kept(index), SOON).toBe("fourth");
  });
});

describe("three again after it was one pod for a time", () => {
  test("begins with the first, whatever the volumes of the others remember", async () => {
    if ((await settled()) === 0) {
      await kill(0);
      await expect
        .poll(async () => (await roles()).indexOf("primary of 1"), SOON)
        .toBeGreaterThan(0);
      start(0);
    }
    expect(await settled()).not.toBe(0);
    await Promise.all([...HOSTS.keys()].map(kill));
    // Each time that there are three, the stack draws passwords for them.
    Object.assign(PASSWORDS, { replica: "another-replica", sentinel: "another-sentinel" });
    await writeSecrets();
    for (const index of [1, 2]) start(index);
    const follows = async () => (await roles()).filter((role) => role?.startsWith("primary"));
    await expect.poll(() => ask(1, SENTINEL_PORT, "probe", "ping"), SOON).toBe("PONG");
    expect(await follows()).toEqual([]);
    start(0);
    expect(await settled()).toBe(0);
  });
});

describe("a sentinel", () => {
  test("tells the gateway where the primary is, and takes no orders from it", async () => {
    const gateway = (...words: string[]) => ask(1, SENTINEL_PORT, "gateway", ...words);
    expect(await gateway("ping")).toBe("PONG");
    expect(await gateway("sentinel", "sentinels", MASTER)).toContain("runid");
    for (const order of ["failover", "reset", "remove", "master"]) {
      expect(await gateway("sentinel", order, MASTER)).toMatch(/^NOPERM/);
    }
    expect(await gateway("acl", "list")).toMatch(/^NOPERM/);
  });

  test("and the users of replication and election have no way to a key", async () => {
    const index = await settled();
    for (const user of ["replica", "sentinel"] as const) {
      expect(await ask(index, REDIS_PORT, user, "ping")).toBe("PONG");
      for (const command of [["get", "gw:test"], ["keys", "*"], ["acl", "list"], ["flushall"]]) {
        expect(await ask(index, REDIS_PORT, user, ...command)).toMatch(/^NOPERM/);
      }
    }
  });
});

async function sentinelIds(): Promise<(string | undefined)[]> {
  return Promise.all(
    [...HOSTS.keys()].map(async (index) => {
      const text = await readFile(path.join(pathsOf(index).data, "sentinel.conf"), "utf8");
      return /^sentinel myid (\S+)$/m.exec(text)?.[1];
    }),
  );
}
