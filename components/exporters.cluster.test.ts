/**
 * The exporters in their images, told what their pods tell them, beside the real nginx, Redis and
 * PostgreSQL with the files of the stack: the metrics that rules use come, over TLS 1.3 alone, and
 * an exporter outlives what it watches.
 */
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import https from "node:https";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Component as Exporter } from "../observability/catalogue/metric.ts";
import { STORE_METRICS } from "../observability/catalogue/stores.ts";
import { webConfiguration } from "../observability/prometheus-files.ts";
import { expositionFaults } from "../observability/test-exposition.ts";
import { buildImages } from "../tools/images/build.ts";
import { recipeNamed } from "../tools/images/catalogue.ts";
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
  EDGE_LOOPBACK,
  edgeExporter,
  METRICS_PORTS,
  postgresExporter,
  redisExporter,
} from "./exporters.ts";
import { nginxConfiguration } from "./nginx-configuration.ts";
import type { Container } from "./pod-template.ts";
import {
  exporterStatements,
  postgresAccess,
  postgresConfiguration,
  roleStatements,
  scramVerifier,
} from "./postgres-configuration.ts";
import { redisConfiguration, redisUsers } from "./redis-configuration.ts";

type Running = ReturnType<typeof startContainer>;

const TLS = "/etc/tls";
const FILES = "/etc/files";
const SOCKETS = { name: "sockets", path: "/run/sockets" };
const PASSWORD = "the-exporters-password";
const READY_MS = 60_000;

let folder: string;
let ca: string;
const roots = new Map<string, string>();
const running = new Map<string, Running>();
const output = new Map<string, string>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "exporters-test-"));
  await chmod(folder, 0o755);
  const programs = ["edge", "redis", "postgres"];
  const names = [...programs, ...programs.map((name) => `${name}-exporter`)];
  const { images } = await buildImages({ stateDir: folder, names });
  for (const { name, archive } of images) {
    const target = path.join(folder, "images", name);
    await mkdir(target, { recursive: true });
    const root = await unpackImage(archive, target);
    for (const mount of [TLS, FILES, SOCKETS.path]) {
      await mkdir(path.join(root, mount), { recursive: true });
    }
    roots.set(name, root);
  }
  for (const name of ["tls", "files", "sockets", "redis-data", "postgres-data"]) {
    await mkdir(path.join(folder, name));
    await chown(path.join(folder, name), PROGRAM_UID, PROGRAM_UID);
  }
  const authority = await createAuthority("exporters test", 1);
  ca = authority.certificate;
  const pair = await issueCertificate(authority, {
    commonName: "test",
    dnsNames: ["localhost"],
    usage: "server",
    days: 1,
  });
  await writeOwned("tls/ca.crt", ca);
  await writeOwned("tls/tls.crt", pair.certificate);
  await writeOwned("tls/tls.key", pair.key);
});

afterAll(async () => {
  await Promise.all([...running.values()].map(killContainer));
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** As a Secret volume with fsGroup has it: root's, readable by the program's group. */
async function writeOwned(name: string, text: string): Promise<void> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  await chown(file, 0, PROGRAM_UID);
  await chmod(file, 0o440);
}

function start(
  name: string,
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  mounts: Readonly<Record<string, string>> = {},
): void {
  const places = { tls: TLS, files: FILES, sockets: SOCKETS.path, ...mounts };
  const child = startContainer(roots.get(name) ?? "", recipeNamed(name), {
    command,
    environment,
    mounts: Object.fromEntries(
      Object.entries(places).map(([from, to]) => [path.join(folder, from), to]),
    ),
  });
  running.set(name, child);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output.set(name, (output.get(name) ?? "") + chunk.toString());
    });
  }
}

async function stop(name: string): Promise<void> {
  const child = running.get(name);
  if (child !== undefined) await killContainer(child);
}

/** As the pod starts it; ports of its own, since all share this machine's. */
function startExporter(
  { name, args = [], environment = {}, secrets = {} }: Container,
  ports: ReadonlyMap<number, number>,
): void {
  const changed = args.map((arg) =>
    [...ports].reduce((text, [from, to]) => text.replace(`:${from}`, `:${to}`), String(arg)),
  );
  const passwords = Object.fromEntries(Object.keys(secrets).map((key) => [key, PASSWORD]));
  start(name, [...recipeNamed(name).entrypoint, ...changed], {
    ...(environment as Record<string, string>),
    ...passwords,
  });
}

function ask(port: number, place: string, options: https.RequestOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = https.get(
      {
        ...{ host: "127.0.0.1", port, path: place, ca, servername: "localhost" },
        ...{ minVersion: "TLSv1.3", timeout: 5_000, agent: false },
        ...options,
      },
      (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on("end", () => resolve(`${response.statusCode}\n${body}`));
      },
    );
    request.on("timeout", () => request.destroy(new Error("no answer in 5 s")));
    request.on("error", reject);
  });
}

async function untilShows(exporter: string, port: number, line: string): Promise<string> {
  const deadline = Date.now() + READY_MS;
  let last = "";
  while (Date.now() < deadline) {
    last = await ask(port, "/metrics").catch(String);
    if (last.split("\n").includes(line)) return last;
    await sleep(200);
  }
  throw new Error(`${line} never came of ${exporter}\n${last}\n${[...output.values()].join("\n")}`);
}

/** Those of a replica's link are only there where there is one. */
function catalogued(exporter: Exporter) {
  return STORE_METRICS.filter(
    ({ name, component }) => component === exporter && !/_master_link|_slave_lag/.test(name),
  );
}

const TLS_1_2 = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;

describe("redis-exporter", () => {
  let port: number;
  const server = ["redis-server", `${FILES}/redis.conf`];
  const data = { "redis-data": "/data" };

  beforeAll(async () => {
    port = await freePort();
    const paths = { tls: TLS, acl: FILES, data: "/data", sockets: SOCKETS.path };
    const text = redisConfiguration(paths, 64).replace("tls-port 6379", "tls-port 0");
    await writeOwned("files/redis.conf", text);
    const passwords = { gateway: "a", probe: "b", exporter: PASSWORD };
    await writeOwned("files/users.acl", redisUsers(passwords));
    start("redis", server, {}, data);
    const exporter = redisExporter("", { name: "", key: "" }, SOCKETS);
    startExporter(exporter, new Map([[METRICS_PORTS.redis, port]]));
  });

  test("gives what rules use, and answers the probe's question", async () => {
    const metrics = await untilShows("redis-exporter", port, `redis_up 1`);
    expect(metrics).toMatch(/^redis_memory_used_bytes \d/m);
    expect(expositionFaults(metrics, catalogued("redis-exporter"))).toEqual([]);
    const bound = /^redis_memory_max_bytes (\S+)$/m.exec(metrics)?.[1];
    expect(Number(bound)).toBe(64 * 1_048_576);
    expect(await ask(port, "/health")).toMatch(/^200\n/);
    expect(output.get("redis-exporter") ?? "").not.toContain("NOPERM");
  });

  test("speaks TLS 1.3 only, and says no password", async () => {
    await expect(ask(port, "/metrics", TLS_1_2)).rejects.toThrow(/protocol version/);
    expect(output.get("redis-exporter") ?? "").not.toContain(PASSWORD);
  });

  test("outlives Redis, also one that was killed", async () => {
    await stop("redis");
    await untilShows("redis-exporter", port, `redis_up 0`);
    start("redis", server, {}, data);
    await untilShows("redis-exporter", port, `redis_up 1`);
  });
});

describe("postgres-exporter", () => {
  let port: number;
  const data = { "postgres-data": "/var/lib/postgresql/data" };
  const environment = {
    PGDATA: "/var/lib/postgresql/data/cluster",
    POSTGRES_SQL_FILE: `${FILES}/roles.sql`,
  };
  const server = () => {
    const configuration = ["-c", `config_file=${FILES}/postgresql.conf`];
    const command = [...recipeNamed("postgres").entrypoint, ...configuration];
    start("postgres", command, environment, data);
  };

  beforeAll(async () => {
    port = await freePort();
    const paths = { tls: TLS, configuration: FILES, sockets: SOCKETS.path };
    const text = postgresConfiguration(paths, 32).replace("'0.0.0.0'", "''");
    await writeOwned("files/postgresql.conf", text);
    await writeOwned("files/pg_hba.conf", postgresAccess());
    await writeOwned("files/web.yml", webConfiguration(TLS));
    const reading = exporterStatements(scramVerifier(PASSWORD, "a salt of some length"));
    const owning = roleStatements("gateway", scramVerifier("other", "a salt of some length"));
    await writeOwned("files/roles.sql", reading + owning);
    const files = { name: "configuration", path: FILES };
    const exporter = postgresExporter("", { name: "", key: "" }, SOCKETS, files);
    // Before its server, as a pod may start them.
    startExporter(exporter, new Map([[METRICS_PORTS.postgres, port]]));
    server();
  });

  test("gives what rules use, of the gateway's database, too", async () => {
    const metrics = await untilShows("postgres-exporter", port, `pg_up 1`);
    for (const name of ["pg_stat_activity_count", "pg_settings_max_connections"]) {
      expect(metrics).toMatch(new RegExp(`^${name}\\{[^}]*\\} \\d`, "m"));
    }
    expect(metrics).toMatch(/^pg_database_size_bytes\{datname="gateway"[^}]*\} [1-9]/m);
    expect(metrics).toMatch(/^pg_exporter_last_scrape_error 0$/m);
    expect(expositionFaults(metrics, catalogued("postgres-exporter"))).toEqual([]);
    expect(await ask(port, "/")).toMatch(/^200\n/);
  });

  test("speaks TLS 1.3 only, and says no password", async () => {
    await expect(ask(port, "/metrics", TLS_1_2)).rejects.toThrow(/protocol version/);
    expect(output.get("postgres-exporter") ?? "").not.toContain(PASSWORD);
    expect(await ask(port, "/metrics")).not.toContain(PASSWORD);
  });

  test("may change nothing, and enters no database of callers", async () => {
    const ask = (database: string, statement: string) =>
      runContainer(roots.get("postgres") ?? "", recipeNamed("postgres"), {
        command: ["psql", "-XAtq", "-U", "exporter", "-h", SOCKETS.path, "-c", statement, database],
        environment: { PGPASSWORD: PASSWORD },
        mounts: { [path.join(folder, "sockets")]: SOCKETS.path },
      });
    expect((await ask("postgres", "SELECT 1")).output.trim()).toBe("1");
    expect((await ask("postgres", "CREATE TABLE t (n int)")).output).toMatch(/read-only|denied/);
    expect((await ask("postgres", "TABLE pg_authid")).output).toMatch(/permission denied/);
    expect((await ask("gateway", "SELECT 1")).output).toMatch(/rejects|no pg_hba.conf entry/);
  });

  test("outlives PostgreSQL, also one that was killed", async () => {
    await stop("postgres");
    await untilShows("postgres-exporter", port, `pg_up 0`);
    server();
    await untilShows("postgres-exporter", port, `pg_up 1`);
  });
});

describe("edge-exporter", () => {
  let metrics: number;

  beforeAll(async () => {
    const free = await Promise.all(Array.from({ length: 5 }, freePort));
    const [https_ = 0, http = 0, port = 0, status = 0, exporter = 0] = free;
    metrics = port;
    const text = nginxConfiguration({
      hosts: ["localhost"],
      ports: { https: https_, http },
      metrics: { port, status, exporter },
      clients: null,
      publicPort: https_,
      gateway: { host: "127.0.0.1", port: 1 },
      tlsFolder: TLS,
      temporaryFolder: "/tmp",
      workers: 2,
      workerShutdownSeconds: 5,
      upstreamIdleSeconds: 5,
      bodyBytesMax: 1_048_576,
      connectionsPerAddressMax: 50,
      socketsPerAddressMax: 25,
    });
    // Node's pipes are sockets, which cannot be opened by name as a container's output can.
    await writeOwned("files/nginx.conf", text.replace("/dev/stdout", "/tmp/access.log"));
    const ports = [
      [EDGE_LOOPBACK.status, status],
      [EDGE_LOOPBACK.exporter, exporter],
    ] as const;
    // Before its server, as a pod may start them.
    startExporter(edgeExporter(""), new Map(ports));
    await sleep(500);
    start("edge", ["nginx", "-e", "stderr", "-c", `${FILES}/nginx.conf`]);
  });

  test("counts what nginx serves, and is seen through nginx over TLS 1.3", async () => {
    const shown = await untilShows("edge-exporter", metrics, "nginx_up 1");
    expect(shown).toMatch(/^nginx_http_requests_total \d+$/m);
    expect(expositionFaults(shown, catalogued("edge-exporter"))).toEqual([]);
    await expect(ask(metrics, "/metrics", TLS_1_2)).rejects.toThrow(/protocol version/);
  });
});
