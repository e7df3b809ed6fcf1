import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { buildImages } from "./build.ts";
import { postgres } from "./recipes/postgres.ts";
import { PROGRAM_UID } from "./recipes/program-user.ts";
import { killContainer, runContainer, startContainer, unpackImage } from "./test-container.ts";

// Goal: the entry point makes a database cluster once, whatever is killed when, and never damages
// one. The image runs as in a pod; its volume is a folder of this machine.
let folder = "";
let root = "";
let volume = "";
let running: ChildProcessWithoutNullStreams[] = [];

const DATA = "/var/lib/postgresql/data";
const SOCKETS = "/run/postgresql";
const ROLES = `SELECT 'CREATE ROLE app LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app')
\\gexec
`;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "images-postgres-"));
  await chmod(folder, 0o755);
  const { images } = await buildImages({ stateDir: folder, names: ["postgres"] });
  await mkdir(path.join(folder, "image"));
  root = await unpackImage(images[0]?.archive ?? "", path.join(folder, "image"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  volume = await mkdtemp(path.join(folder, "volume-"));
  for (const name of ["data", "sockets"]) await mkdir(path.join(volume, name));
  await writeFile(path.join(volume, "sockets/roles.sql"), ROLES);
  for (const name of [".", "data", "sockets", "sockets/roles.sql"]) {
    await chown(path.join(volume, name), PROGRAM_UID, PROGRAM_UID);
  }
});
afterEach(async () => {
  await Promise.all(running.map(killContainer));
  running = [];
});

function options() {
  return {
    mounts: { [path.join(volume, "data")]: DATA, [path.join(volume, "sockets")]: SOCKETS },
    environment: { POSTGRES_SQL_FILE: `${SOCKETS}/roles.sql` },
  };
}

interface Server {
  readonly process: ChildProcessWithoutNullStreams;
  output(): string;
}

function start(): Server {
  const child = startContainer(root, postgres, {
    ...options(),
    command: [...postgres.entrypoint, "-c", "listen_addresses="],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  running.push(child);
  return { process: child, output: () => output };
}

async function query(statement: string): Promise<string> {
  const command = ["psql", "-XAtq", "-U", "postgres", "-c", statement];
  return (await runContainer(root, postgres, { ...options(), command })).output.trim();
}

async function serves(server: Server): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if ((await query("SELECT 'up'")) === "up") return;
    if (server.process.exitCode !== null) break;
    await sleep(100);
  }
  throw new Error(`PostgreSQL does not serve:\n${server.output()}`);
}

describe("the entry point of PostgreSQL", () => {
  test("makes a cluster with checksums, UTF-8 and the roles, for its own user alone", async () => {
    await serves(start());
    expect(await query("SHOW data_checksums")).toBe("on");
    expect(await query("SHOW server_encoding")).toBe("UTF8");
    expect(await query("SHOW lc_collate")).toBe("C.UTF-8");
    expect(await query("SHOW password_encryption")).toBe("scram-sha-256");
    expect(await query("SELECT rolname FROM pg_roles WHERE rolname = 'app'")).toBe("app");
    const cluster = await stat(path.join(volume, "data/cluster"));
    expect([cluster.uid, cluster.mode & 0o777]).toEqual([PROGRAM_UID, 0o700]);
  });

  test("goes on after a kill at any moment of the first start", async () => {
    // A whole first start takes about three seconds here; the last kills hit the running server.
    for (const afterMs of [150, 400, 700, 1_000, 1_400, 1_900, 2_500, 3_200]) {
      const server = start();
      await sleep(afterMs);
      await killContainer(server.process);
    }
    await serves(start());
    expect(await readdir(path.join(volume, "data"))).toEqual(["cluster"]);
  });

  test("keeps acknowledged rows over a kill, and mends roles at the next start", async () => {
    const first = start();
    await serves(first);
    await query("CREATE TABLE rows (n int)");
    await query("INSERT INTO rows SELECT generate_series(1, 1000)");
    await query("DROP ROLE app");
    await killContainer(first.process);
    await serves(start());
    expect(await query("SELECT count(*) FROM rows")).toBe("1000");
    expect(await query("SELECT count(*) FROM pg_roles WHERE rolname = 'app'")).toBe("1");
  });

  test("refuses a folder with files that are no database, and leaves them", async () => {
    const cluster = path.join(volume, "data/cluster");
    await mkdir(cluster);
    await writeFile(path.join(cluster, "precious"), "");
    await chown(cluster, PROGRAM_UID, PROGRAM_UID);
    const { code, output } = await runContainer(root, postgres, options());
    expect(code).toBe(1);
    expect(output).toMatch(/left as they are/);
    expect(await readdir(cluster)).toEqual(["precious"]);
  });

  test("does not serve with roles that could not be set", async () => {
    await writeFile(path.join(volume, "sockets/roles.sql"), "CREATE ROLE;\n");
    const { code, output } = await runContainer(root, postgres, options());
    expect(code).toBe(1);
    expect(output).toMatch(/roles\.sql failed/);
  });
});
