/**
 * PostgreSQL's files in the image's own program, run as a pod runs it: the gateway's ledger works as
 * its role over TLS, and every other way in is closed. A new password is taken at the next start.
 */
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PostgresLedgerStore } from "../gateway-image/src/stores/postgres-ledger-store.ts";
import { createPostgresPool } from "../gateway-image/src/stores/postgres-pool.ts";
import { buildImages } from "../tools/images/build.ts";
import { postgres } from "../tools/images/recipes/postgres.ts";
import { PROGRAM_UID } from "../tools/images/recipes/program-user.ts";
import {
  killContainer,
  runContainer,
  startContainer,
  unpackImage,
} from "../tools/images/test-container.ts";
import { createAuthority, issueCertificate } from "../tools/pki/authority.ts";
import { freePort } from "../tools/servers/supervised.ts";
import {
  postgresAccess,
  postgresConfiguration,
  roleStatements,
  scramVerifier,
} from "./postgres-configuration.ts";

const DATA = "/var/lib/postgresql/data";
const SOCKETS = "/run/postgresql";
const FILES = "/mnt";
const READY_MS = 60_000;

let folder: string;
let root: string;
let port: number;
let ca: string;
let server: ReturnType<typeof startContainer>;
let output = "";

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "postgres-test-"));
  await chmod(folder, 0o755);
  const { images } = await buildImages({ stateDir: folder, names: ["postgres"] });
  await mkdir(path.join(folder, "image"));
  root = await unpackImage(images[0]?.archive ?? "", path.join(folder, "image"));
  for (const name of ["data", "sockets", "files"]) {
    await mkdir(path.join(folder, name), { mode: 0o750 });
    await chown(path.join(folder, name), PROGRAM_UID, PROGRAM_UID);
  }
  await mkdir(path.join(root, FILES), { recursive: true });
  port = await freePort();
  await writeFiles();
  await writeRoles("first-password");
  await start();
});

afterAll(async () => {
  if (server !== undefined) await killContainer(server);
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** As a Secret volume with fsGroup has it: root's, readable by the program's group. */
async function writeFile0440(name: string, text: string): Promise<void> {
  const file = path.join(folder, "files", name);
  await writeFile(file, text);
  await chown(file, 0, PROGRAM_UID);
  await chmod(file, 0o440);
}

async function writeFiles(): Promise<void> {
  const authority = await createAuthority("postgres test", 1);
  ca = authority.certificate;
  const names = { commonName: "postgres", dnsNames: ["localhost"], addresses: ["127.0.0.1"] };
  const pair = await issueCertificate(authority, { ...names, usage: "server", days: 1 });
  const paths = { tls: FILES, configuration: FILES, sockets: SOCKETS };
  const text = postgresConfiguration(paths, 32)
    .replace("'0.0.0.0'", "'127.0.0.1'")
    .replace("port = 5432", `port = ${port}`);
  await writeFile0440("ca.crt", ca);
  await writeFile0440("tls.crt", pair.certificate);
  await writeFile0440("tls.key", pair.key);
  await writeFile0440("postgresql.conf", text);
  await writeFile0440("pg_hba.conf", postgresAccess());
}

async function writeRoles(password: string): Promise<void> {
  const statements = roleStatements("gateway", scramVerifier(password, "a salt of some length"));
  await writeFile0440("roles.sql", statements);
}

function options() {
  const mounts = { data: DATA, sockets: SOCKETS, files: FILES };
  return {
    mounts: Object.fromEntries(
      Object.entries(mounts).map(([from, to]) => [path.join(folder, from), to]),
    ),
    environment: { PGDATA: `${DATA}/cluster`, POSTGRES_SQL_FILE: `${FILES}/roles.sql` },
  };
}

async function start(): Promise<void> {
  const configuration = ["-c", `config_file=${FILES}/postgresql.conf`];
  server = startContainer(root, postgres, {
    ...options(),
    command: [...postgres.entrypoint, ...configuration],
  });
  for (const stream of [server.stdout, server.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const deadline = Date.now() + READY_MS;
  while ((await program("pg_isready", "-q", "-h", "127.0.0.1", "-p", String(port))).code !== 0) {
    if (Date.now() > deadline || server.exitCode !== null) throw new Error(output);
    await sleep(200);
  }
}

function program(...command: string[]) {
  return runContainer(root, postgres, { ...options(), command });
}

function query(connection: string, statement: string) {
  return program("psql", "-XAtq", connection, "-c", statement);
}

function ledger(password: string, tls = true) {
  const pool = createPostgresPool({
    host: "127.0.0.1",
    port,
    database: "gateway",
    username: "gateway",
    password: () => password,
    tls: tls ? { ca: () => ca } : null,
    onError: () => {},
  });
  const store = new PostgresLedgerStore(pool);
  return Object.assign(store, { close: () => pool.end() });
}

describe("the gateway's role", () => {
  test("makes the ledger and reads it, over verified TLS", async () => {
    const store = ledger("first-password");
    await store.prepare();
    await expect(
      store.usage({ principal: "first", from: new Date(0), to: new Date() }),
    ).resolves.toEqual([]);
    await store.close();
  });

  test("gets in neither with a wrong password nor without TLS", async () => {
    const wrong = ledger("guess");
    await expect(wrong.prepare()).rejects.toThrow(/password authentication failed/);
    await wrong.close();
    const plain = ledger("first-password", false);
    await expect(plain.prepare()).rejects.toThrow(/no encryption/);
    await plain.close();
  });

  test("is no more than a role", async () => {
    const socket = `host=${SOCKETS} port=${port} user=postgres dbname=postgres`;
    const rights = "rolsuper, rolcreatedb, rolcreaterole, rolreplication";
    const statement = `SELECT ${rights} FROM pg_roles WHERE rolname = 'gateway'`;
    expect((await query(socket, statement)).output.trim()).toBe("f|f|f|f");
  });
});

describe("the server", () => {
  test("lets its superuser in through the pod's socket, and nowhere else", async () => {
    const remote = `host=127.0.0.1 port=${port} user=postgres dbname=postgres sslmode=require`;
    const { code, output: answer } = await query(remote, "SELECT 1");
    expect(code).not.toBe(0);
    expect(answer).toMatch(/no password supplied|password authentication failed/);
  });

  test("turns the exporter's role away from the network, whatever password it names", async () => {
    const remote = `host=127.0.0.1 port=${port} user=exporter dbname=postgres sslmode=require`;
    const { code, output: answer } = await query(remote, "SELECT 1");
    expect(code).not.toBe(0);
    expect(answer).toMatch(/pg_hba.conf rejects connection/);
  });

  test("writes no statement and no password into its log", async () => {
    const socket = `host=${SOCKETS} port=${port} user=postgres dbname=postgres`;
    await query(socket, "SELECT 'hunter2' FROM no_such_table");
    expect(output).toContain("no_such_table");
    expect(output).not.toContain("hunter2");
    expect(output).not.toMatch(/first-password|SCRAM-SHA-256\$/);
  });

  test("takes a new password at its next start, with the ledger as it was", async () => {
    await killContainer(server);
    await writeRoles("second-password");
    await start();
    const old = ledger("first-password");
    await expect(old.prepare()).rejects.toThrow(/password authentication failed/);
    await old.close();
    const store = ledger("second-password");
    await store.prepare();
    await store.close();
  });
});
