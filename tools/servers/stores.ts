/**
 * Real Redis and PostgreSQL from Debian packages, on loopback, as the stack runs them: TLS only,
 * an ACL user with named commands, SCRAM passwords, no rights beyond need.
 */
import { spawn } from "node:child_process";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../base/process.ts";
import { ensurePackages } from "../debian/packages.ts";
import { environmentFor } from "../debian/root-folder.ts";
import { writeCertificate } from "./certificate-files.ts";
import { freePort, type SupervisedServer, supervise } from "./supervised.ts";

/** PostgreSQL refuses to run as root. */
const NOBODY = 65_534;
/** A folder every Debian has and nothing needs: the packages are mounted over it, privately. */
const MOUNT = "/mnt";
const PASSWORD = "only-on-this-loopback";
const READY_ATTEMPTS = 100;
const READY_PAUSE_MS = 100;

/** What the gateway's README asks for its user, and nothing else. */
export const GATEWAY_REDIS_COMMANDS =
  "+eval +evalsha +script|load +zadd +zrem +zcard +zcount +zremrangebyscore +hset +hmget " +
  "+pexpire +pttl +set +get +del +scan +incr +time +ping +info +hello +auth";

export interface StoreServer extends SupervisedServer {
  readonly username: string;
  readonly password: string;
  /** Verifies its certificate, PEM. */
  readonly ca: string;
}

/** `commands`: the ACL rules of the user `gateway`, such as "+get +set". */
export async function startRedisServer(folder: string, commands: string): Promise<StoreServer> {
  const { root } = await ensurePackages(["redis-server"]);
  const files = await writeCertificate(folder);
  const port = await freePort();
  const config = path.join(folder, "redis.conf");
  const lines = [
    "bind 127.0.0.1",
    "port 0",
    `tls-port ${port}`,
    `tls-cert-file ${files.certificate}`,
    `tls-key-file ${files.key}`,
    `tls-ca-cert-file ${files.ca}`,
    "tls-auth-clients no",
    "tls-protocols TLSv1.3",
    `dir ${folder}`,
    'save ""',
    "appendonly no",
    "user default off",
    `user gateway on >${PASSWORD} ~gw:* -@all ${commands}`,
    "",
  ];
  writeFileSync(config, lines.join("\n"), { mode: 0o600 });
  const env = { ...environmentFor(root) };
  const program = path.join(root, "usr/bin/redis-server");
  const server = await supervise(port, () => spawn(program, [config], { env, stdio: "ignore" }));
  return { ...server, username: "gateway", password: PASSWORD, ca: files.caText };
}

/** With a role and a database `gateway` that the role owns. Needs root. */
export async function startPostgresServer(folder: string): Promise<StoreServer> {
  const { root } = await ensurePackages(["postgresql-15"]);
  const files = await writeCertificate(folder);
  const port = await freePort();
  const data = path.join(folder, "data");
  const passwordFile = path.join(folder, "password");
  writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
  mkdirSync(data, { mode: 0o700 });
  for (const owned of [folder, data, passwordFile, files.certificate, files.key]) {
    chownSync(owned, NOBODY, NOBODY);
  }
  await initialise(root, data, passwordFile);
  const settings = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: folder,
    ssl: "on",
    ssl_cert_file: files.certificate,
    ssl_key_file: files.key,
    ssl_min_protocol_version: "TLSv1.3",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const bin = `${MOUNT}/usr/lib/postgresql/15/bin`;
  const [command, args, { env }] = asNobody(root, [`${bin}/postgres`, "-D", data, ...options]);
  const server = await supervise(port, () => spawn(command, args, { env, stdio: "ignore" }));
  await createDatabase(root, folder, port);
  return { ...server, username: "gateway", password: PASSWORD, ca: files.caText };
}

async function initialise(root: string, data: string, passwordFile: string): Promise<void> {
  const initdb = `${MOUNT}/usr/lib/postgresql/15/bin/initdb`;
  const access = ["-A", "scram-sha-256", "--pwfile", passwordFile];
  const words = [initdb, "-D", data, "-U", "postgres", ...access, "--locale", "C", "-E", "UTF8"];
  const created = await run(...asNobody(root, [...words, "--no-sync"]));
  if (created.code !== 0) throw new Error(created.stderr);
}

/** Through psql on the private socket, with the password in a file's place, not in the arguments. */
async function createDatabase(root: string, folder: string, port: number): Promise<void> {
  const script = path.join(folder, "create.sql");
  writeFileSync(
    script,
    `CREATE ROLE gateway LOGIN PASSWORD '${PASSWORD}';\nCREATE DATABASE gateway OWNER gateway;\n`,
    { mode: 0o600 },
  );
  chownSync(script, NOBODY, NOBODY);
  const psql = `${MOUNT}/usr/lib/postgresql/15/bin/psql`;
  const to = ["-h", folder, "-p", String(port), "-U", "postgres", "-d", "postgres"];
  const [command, args, { env }] = asNobody(root, [
    psql,
    ...to,
    "-v",
    "ON_ERROR_STOP=1",
    "-f",
    script,
  ]);
  for (let attempt = 1; ; attempt += 1) {
    const result = await run(command, args, { env: { ...env, PGPASSWORD: PASSWORD } });
    if (result.code === 0) return;
    // It listens before it has finished starting.
    if (attempt === READY_ATTEMPTS) throw new Error(result.stderr);
    await sleep(READY_PAUSE_MS);
  }
}

/** The packages at /mnt of a private mount namespace, readable by everyone there. */
export function asNobody(root: string, command: readonly string[]) {
  const environment = environmentFor(MOUNT);
  const script =
    'mount --bind "$0" /mnt && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"';
  const args = ["--mount", "--", "sh", "-c", script, root, ...command];
  return ["unshare", args, { env: { ...environment, TZ: "UTC", LC_ALL: "C" } }] as const;
}
