/**
 * An archive as Barman Cloud lays it out, made of a real PostgreSQL's own copy and log, in an object store of
 * this process that lists and gives what is signed.
 */
import { spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { run } from "../base/process.ts";
import { ensurePackages } from "../debian/packages.ts";
import { environmentFor } from "../debian/root-folder.ts";
import { asNobody } from "../servers/stores.ts";

const NOBODY = 65_534;
const BIN = "/mnt/usr/lib/postgresql/15/bin";
export const BUCKET_FOLDER = "bank/ledger";

/** Objects by their name below the archive. */
export class TestArchive {
  readonly objects = new Map<string, Buffer>();
  readonly #server = http.createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://store");
    if (request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 ") !== true) {
      return void response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
    }
    if (url.searchParams.get("list-type") === "2") return void response.end(this.#page(url));
    const name = decodeURIComponent(url.pathname).replace(`/backups/${BUCKET_FOLDER}/`, "");
    const found = this.objects.get(name);
    if (found === undefined) response.writeHead(404).end("<Error><Code>NoSuchKey</Code></Error>");
    else response.end(found);
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Two names a page, so that there is a second one. */
  #page(url: URL): string {
    const prefix = url.searchParams.get("prefix") ?? "";
    const from = Number(url.searchParams.get("continuation-token") ?? 0);
    const keys = [...this.objects.keys()].sort().map((name) => `${BUCKET_FOLDER}/${name}`);
    const all = keys.filter((key) => key.startsWith(prefix));
    const rows = all.slice(from, from + 2).map((key) => `<Contents><Key>${key}</Key></Contents>`);
    const next =
      from + 2 < all.length ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : "";
    return `<ListBucketResult>${rows.join("")}${next}</ListBucketResult>`;
  }
}

export interface Made {
  /** Segments that were archived, oldest first. */
  readonly wals: readonly string[];
}

/** 1,000 rows are in the copy, 234 more in the log behind it alone. */
export async function fillArchive(archive: TestArchive, folder: string): Promise<Made> {
  const { root } = await ensurePackages(["postgresql-15"]);
  const [data, log, copy] = ["primary", "archived", "copy"].map((name) => path.join(folder, name));
  if (data === undefined || log === undefined || copy === undefined) throw new Error("folders");
  chownSync(folder, NOBODY, NOBODY);
  for (const one of [data, log, copy]) {
    mkdirSync(one, { mode: 0o700 });
    chownSync(one, NOBODY, NOBODY);
  }
  const ask = async (...words: readonly string[]) => {
    const [command, args, options] = asNobody(root, words);
    const { code, stdout, stderr } = await run(command, args, options);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  const access = ["-U", "postgres", "-A", "trust", "--data-checksums", "--no-sync"];
  await ask(`${BIN}/initdb`, "-D", data, ...access, "--locale", "C", "-E", "UTF8");
  const settings = {
    ...{ listen_addresses: "", unix_socket_directories: folder, archive_mode: "on" },
    ...{ archive_command: `cp %p ${log}/%f`, wal_level: "replica", fsync: "off" },
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const [command, args, { env }] = asNobody(root, [`${BIN}/postgres`, "-D", data, ...options]);
  const server = spawn(command, args, { env, stdio: "ignore" });
  try {
    const psql = (database: string, sql: string) =>
      ask(`${BIN}/psql`, "-XAtq", "-h", folder, "-U", "postgres", "-d", database, "-c", sql);
    await untilReady(() => psql("postgres", "CREATE DATABASE gateway"));
    await psql(
      "gateway",
      "CREATE TABLE gateway_ledger (call_id int PRIMARY KEY, started_at timestamptz)",
    );
    await psql("gateway", rows(1, 1_000));
    await ask(
      `${BIN}/pg_basebackup`,
      "-h",
      folder,
      "-U",
      "postgres",
      "-D",
      copy,
      "-Ft",
      "-z",
      "-X",
      "none",
      "-c",
      "fast",
    );
    await psql("gateway", rows(1_001, 1_234));
    await psql("postgres", "SELECT pg_switch_wal()");
    const segment = /^[0-9A-F]{24}$/;
    // The copy's own, the one it ended in, and the one with what came after.
    await untilReady(async () => {
      const name = readdirSync(log).filter((one) => segment.test(one));
      const last = (
        await psql("postgres", "SELECT last_archived_wal FROM pg_stat_archiver")
      ).trim();
      if (!name.includes(last) || readdirSync(log).every((one) => !one.endsWith(".backup"))) {
        throw new Error("not archived yet");
      }
      await sleep(200);
    });
    return put(archive, log, copy);
  } finally {
    server.kill("SIGINT");
    await new Promise((resolve) => server.once("close", resolve));
  }
}

function rows(from: number, to: number): string {
  return `INSERT INTO gateway_ledger SELECT one, now() - interval '1 minute' FROM generate_series(${from}, ${to}) AS one`;
}

function put({ objects }: TestArchive, log: string, copy: string): Made {
  const files = readdirSync(log).sort();
  const wals = files.filter((name) => /^[0-9A-F]{24}$/.test(name));
  const label = files.find((name) => name.endsWith(".backup")) ?? "";
  const text = readFileSync(path.join(log, label), "utf8");
  const inside = (name: string) => new RegExp(`${name}.*file ([0-9A-F]{24})`).exec(text)?.[1] ?? "";
  for (const name of files) {
    objects.set(
      `wals/${name.slice(0, 16)}/${name}.gz`,
      gzipSync(readFileSync(path.join(log, name))),
    );
  }
  const info = {
    ...{ backup_label: "None", begin_wal: inside("START WAL LOCATION"), compression: "gzip" },
    ...{ end_time: new Date().toISOString(), end_wal: inside("STOP WAL LOCATION") },
    ...{ status: "DONE", tablespaces: "None" },
  };
  const lines = Object.entries(info).map(([name, value]) => `${name}=${value}\n`);
  objects.set("base/20261120T013000/backup.info", Buffer.from(lines.join("")));
  objects.set("base/20261120T013000/data.tar.gz", readFileSync(path.join(copy, "base.tar.gz")));
  // A later one that was never finished, as a failed backup leaves it.
  objects.set("base/20261121T013000/backup.info", Buffer.from("status=FAILED\n"));
  return { wals };
}

/** Debian's PostgreSQL by the names that the database's container calls; it refuses to run as root. */
export async function databasePrograms(folder: string): Promise<{ path: string; root: string }> {
  const { root } = await ensurePackages(["postgresql-15"]);
  mkdirSync(folder, { recursive: true });
  for (const program of ["postgres", "psql"]) {
    const file = path.join(folder, program);
    const lower = "exec setpriv --reuid 65534 --regid 65534 --clear-groups";
    writeFileSync(file, `#!/bin/sh\nchown -R 65534 "$PWD"\n${lower} ${BIN}/${program} "$@"\n`);
    chmodSync(file, 0o755);
  }
  return { path: folder, root };
}

/** The environment of programs at /mnt. */
export function mountedEnvironment(): Record<string, string> {
  return { ...environmentFor("/mnt") };
}

async function untilReady(work: () => Promise<unknown>): Promise<void> {
  // 20 s: a server on a busy machine starts within two.
  for (let attempt = 1; ; attempt += 1) {
    try {
      return void (await work());
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(200);
    }
  }
}
