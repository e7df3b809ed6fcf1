/** The files of two sites' Redis in real processes: one follows the other over TLS, and takes over. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../tools/base/process.ts";
import { ensurePackages } from "../tools/debian/packages.ts";
import { environmentFor } from "../tools/debian/root-folder.ts";
import { createAuthority, issueCertificate, type KeyPairPem } from "../tools/pki/authority.ts";
import { freePort, type SupervisedServer, supervise } from "../tools/servers/supervised.ts";
import { redisConfiguration, redisUsers } from "./redis-configuration.ts";
import { linkConfiguration, replicationSecrets, replicaUser } from "./redis-replication.ts";

const SOON = { timeout: 30_000, interval: 100 };
const PASSWORDS = { gateway: "gateway-password", probe: "probe", exporter: "exporter-password" };
const REPLICA = { replica: "replica-password" };

interface Site {
  readonly server: SupervisedServer;
  write(follows?: { host: string; port: number }, password?: string): Promise<void>;
}

let folder: string;
let program: string;
let client: string;
let environment: NodeJS.ProcessEnv;
let authority: KeyPairPem;
const sites: Site[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "redis-link-"));
  authority = await createAuthority("both sites", 1);
  const { root } = await ensurePackages(["redis-server"]);
  environment = { ...environmentFor(root) };
  program = path.join(root, "usr/bin/redis-server");
  client = path.join(root, "usr/bin/redis-cli");
  const primary = await startSite("primary");
  sites.push(primary);
  sites.push(await startSite("standby", { host: "127.0.0.1", port: primary.server.port }));
});

afterAll(async () => {
  for (const { server } of sites) await server.kill();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

async function startSite(name: string, follows?: { host: string; port: number }): Promise<Site> {
  const own = path.join(folder, name);
  await mkdir(own);
  const port = await freePort();
  const names = { commonName: name, addresses: ["127.0.0.1"], usage: "server" as const, days: 1 };
  const pair = await issueCertificate(authority, names);
  const paths = { tls: own, acl: own, data: own, sockets: own, configuration: own };
  const write = async (to?: { host: string; port: number }, replica = REPLICA.replica) => {
    const text = `${redisConfiguration(paths, 64)}${linkConfiguration(paths, to)}`;
    const files = {
      "ca.crt": authority.certificate,
      "tls.crt": pair.certificate,
      "tls.key": pair.key,
      "users.acl": `${redisUsers(PASSWORDS)}${replicaUser(REPLICA)}`,
      "replication.conf": replicationSecrets({ replica }),
      "redis.conf": text.replace("tls-port 6379", `tls-port ${port}`),
    };
    for (const [file, content] of Object.entries(files)) {
      await writeFile(path.join(own, file), content, { mode: 0o600 });
    }
  };
  await write(follows);
  const options = { env: environment, stdio: "ignore" as const };
  const launch = () => spawn(program, [path.join(own, "redis.conf")], options);
  return { server: await supervise(port, launch), write };
}

async function ask(site: Site | undefined, user: keyof typeof PASSWORDS, ...command: string[]) {
  const env = { ...environment, REDISCLI_AUTH: PASSWORDS[user] };
  const way = ["--tls", "--cacert", path.join(folder, "primary/ca.crt"), "--user", user];
  const to = ["-p", String(site?.server.port ?? 0)];
  const words = ["-e", "--no-auth-warning", ...way, ...to, ...command];
  const { stdout, stderr } = await run(client, words, { env });
  return `${stdout}${stderr}`.trim();
}

const link = async (site: Site | undefined) =>
  /^master_link_status:(\w+)/m.exec(await ask(site, "exporter", "info", "replication"))?.[1];

/** A first whole copy is in memory before its file is: a standby that ends between the two starts empty. */
async function keptOnDisk(site: Site | undefined): Promise<void> {
  const persistence = () => ask(site, "exporter", "info", "persistence");
  const rest = /^aof_rewrite_in_progress:0\s+aof_rewrite_scheduled:0/m;
  await expect.poll(persistence, SOON).toMatch(rest);
}

/** As a pod is stopped. */
async function stop(site: Site | undefined): Promise<void> {
  await keptOnDisk(site);
  const pid = site?.server.pid() ?? 0;
  process.kill(pid, "SIGTERM");
  const runs = () => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  await expect.poll(runs, SOON).toBe(false);
  await site?.server.kill();
}

test("what the primary keeps is at the standby, which takes no writes", async () => {
  const [primary, standby] = sites;
  await expect.poll(() => link(standby), SOON).toBe("up");
  expect(await ask(primary, "gateway", "set", "gw:nonce", "used")).toBe("OK");
  await expect.poll(() => ask(standby, "gateway", "get", "gw:nonce"), SOON).toBe("used");
  expect(await ask(standby, "gateway", "set", "gw:nonce", "other")).toMatch(/^READONLY/);
});

test("with another password it hears nothing", async () => {
  const [primary, standby] = sites;
  await keptOnDisk(standby);
  await standby?.server.kill();
  await standby?.write({ host: "127.0.0.1", port: primary?.server.port ?? 0 }, "guess");
  await standby?.server.start();
  expect(await ask(primary, "gateway", "set", "gw:nonce", "again")).toBe("OK");
  await expect.poll(() => link(standby), SOON).toBe("down");
  expect(await ask(standby, "gateway", "get", "gw:nonce")).toBe("used");
});

test("made the primary, it has what it heard and takes writes", async () => {
  const [primary, standby] = sites;
  await standby?.server.kill();
  await standby?.write({ host: "127.0.0.1", port: primary?.server.port ?? 0 });
  await standby?.server.start();
  await expect.poll(() => ask(standby, "gateway", "get", "gw:nonce"), SOON).toBe("again");
  await primary?.server.kill();
  await stop(standby);
  await standby?.write();
  await standby?.server.start();
  expect(await ask(standby, "gateway", "get", "gw:nonce")).toBe("again");
  expect(await ask(standby, "gateway", "set", "gw:nonce", "new")).toBe("OK");
});
