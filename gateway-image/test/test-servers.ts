/**
 * Real Redis and PostgreSQL from Debian packages, on loopback, as the stack runs them: TLS only,
 * an ACL user with the commands that README.md names, SCRAM passwords, no rights beyond need.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import pg from "pg";
import { run } from "../../tools/base/process.ts";
import { ensurePackages } from "../../tools/debian/packages.ts";
import { environmentFor } from "../../tools/debian/root-folder.ts";
import { createAuthority, issueCertificate } from "../../tools/pki/authority.ts";
import { onEnd, temporaryFolder } from "./test-harness.ts";

/** PostgreSQL refuses to run as root. */
const NOBODY = 65_534;
/** A folder every Debian has and nothing needs: the packages are mounted over it, privately. */
const MOUNT = "/mnt";
const PASSWORD = "only-for-this-test";

export interface TestServer {
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly ca: string;
  /** As kill -9, or as a stop of the machine does. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export async function startRedis(): Promise<TestServer> {
  const folder = temporaryFolder();
  const { root } = await ensurePackages(["redis-server"]);
  const files = await writeCertificate(folder);
  const port = await freePort();
  const config = path.join(folder, "redis.conf");
  writeFileSync(config, redisConfig(folder, port, files));
  return supervise({ port, username: "gateway", ca: files.caText }, () =>
    spawn(path.join(root, "usr/bin/redis-server"), [config], {
      env: { ...environmentFor(root) },
      stdio: "ignore",
    }),
  );
}

function redisConfig(folder: string, port: number, files: CertificateFiles): string {
  const commands =
    "+eval +evalsha +script|load +zadd +zrem +zcard +zcount +zremrangebyscore +hset +hmget " +
    "+pexpire +pttl +set +get +del +incr +time +ping +info +hello +auth";
  return [
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
  ].join("\n");
}

export async function startPostgres(): Promise<TestServer> {
  const folder = temporaryFolder();
  const { root } = await ensurePackages(["postgresql-15"]);
  const files = await writeCertificate(folder);
  const port = await freePort();
  const data = path.join(folder, "data");
  const passwordFile = path.join(folder, "password");
  writeFileSync(passwordFile, PASSWORD);
  mkdirSync(data, { mode: 0o700 });
  for (const owned of [folder, data, passwordFile, files.certificate, files.key]) {
    chownSync(owned, NOBODY, NOBODY);
  }
  const bin = `${MOUNT}/usr/lib/postgresql/15/bin`;
  const created = await run(
    ...asNobody(root, [
      `${bin}/initdb`,
      "-D",
      data,
      "-U",
      "postgres",
      "-A",
      "scram-sha-256",
      "--pwfile",
      passwordFile,
      "--locale",
      "C",
      "-E",
      "UTF8",
      "--no-sync",
    ]),
  );
  if (created.code !== 0) throw new Error(created.stderr);
  const settings = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    ssl: "on",
    ssl_cert_file: files.certificate,
    ssl_key_file: files.key,
    ssl_min_protocol_version: "TLSv1.3",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const [command, args, { env }] = asNobody(root, [`${bin}/postgres`, "-D", data, ...options]);
  const server = await supervise({ port, username: "gateway", ca: files.caText }, () =>
    spawn(command, args, { env, stdio: "ignore" }),
  );
  await createDatabase(server);
  return server;
}

/** The packages at /mnt of a private mount namespace, readable by everyone there. */
function asNobody(root: string, command: readonly string[]) {
  const environment = environmentFor(MOUNT);
  const script =
    'mount --bind "$0" /mnt && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"';
  const args = ["--mount", "--", "sh", "-c", script, root, ...command];
  return ["unshare", args, { env: { ...environment, TZ: "UTC", LC_ALL: "C" } }] as const;
}

async function createDatabase(server: TestServer): Promise<void> {
  const options = {
    host: "127.0.0.1",
    port: server.port,
    user: "postgres",
    password: PASSWORD,
    ssl: { ca: server.ca },
  };
  const client = await connectPatiently(options);
  await client.query(`CREATE ROLE gateway LOGIN PASSWORD '${PASSWORD}'`);
  await client.query("CREATE DATABASE gateway OWNER gateway");
  await client.end();
}

async function connectPatiently(options: pg.ClientConfig): Promise<pg.Client> {
  for (let attempt = 0; ; attempt += 1) {
    const client = new pg.Client({ ...options, database: "postgres" });
    try {
      await client.connect();
      return client;
    } catch (error) {
      // It listens before it has finished starting.
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
  readonly caText: string;
}

async function writeCertificate(folder: string): Promise<CertificateFiles> {
  const authority = await createAuthority("test authority", 1);
  const pair = await issueCertificate(authority, {
    commonName: "localhost",
    dnsNames: ["localhost"],
    addresses: ["127.0.0.1"],
    usage: "server",
    days: 2,
  });
  const write = (name: string, content: string) => {
    const file = path.join(folder, name);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  };
  return {
    certificate: write("server.crt", pair.certificate),
    key: write("server.key", pair.key),
    ca: write("ca.crt", authority.certificate),
    caText: authority.certificate,
  };
}

async function supervise(
  about: Pick<TestServer, "port" | "username" | "ca">,
  launch: () => ChildProcess,
): Promise<TestServer> {
  let child: ChildProcess | null = null;
  const kill = async () => {
    const ending = child;
    child = null;
    if (ending === null || ending.exitCode !== null) return;
    const ended = once(ending, "exit");
    ending.kill("SIGKILL");
    await ended;
  };
  const start = async () => {
    child = launch();
    await waitForPort(about.port, child);
  };
  onEnd(kill);
  await start();
  return { ...about, password: PASSWORD, kill, start };
}

async function waitForPort(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    if (await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the server does not listen");
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
