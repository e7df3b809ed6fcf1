/** The stores that the settings name, on one connection to Redis and one database. */
import type { AuditAnchorStore } from "./audit/audit-anchor-store.ts";
import type { Clock } from "./base/clock.ts";
import type { Config } from "./config.ts";
import type { DirectoryStore } from "./directory/directory-store.ts";
import { passwordReader } from "./files.ts";
import { FINE_TUNINGS, type FineTuning } from "./fine-tuning/fine-tuning.ts";
import { ASYNC_JOBS, type JobStore } from "./jobs/job-store.ts";
import type { LedgerStore } from "./stores/ledger-store.ts";
import { type Transfer, tellTransfers } from "./stores/ledger-transfers.ts";
import { MemoryAuditAnchorStore } from "./stores/memory-audit-anchor-store.ts";
import { MemoryDirectoryStore } from "./stores/memory-directory-store.ts";
import { MemoryJobStore } from "./stores/memory-job-store.ts";
import { MemoryLedgerStore } from "./stores/memory-ledger-store.ts";
import { MemoryQuotaStore } from "./stores/memory-quota-store.ts";
import { MemorySharedStore } from "./stores/memory-shared-store.ts";
import { PostgresAuditAnchorStore } from "./stores/postgres-audit-anchor-store.ts";
import { PostgresDirectoryStore } from "./stores/postgres-directory-store.ts";
import { PostgresJobStore } from "./stores/postgres-job-store.ts";
import { PostgresLedgerStore } from "./stores/postgres-ledger-store.ts";
import { createPostgresPool } from "./stores/postgres-pool.ts";
import type { QuotaStore } from "./stores/quota-store.ts";
import { connectRedis, type RedisServer } from "./stores/redis-connection.ts";
import { RedisQuotaStore } from "./stores/redis-quota-store.ts";
import { RedisSharedStore } from "./stores/redis-shared-store.ts";
import type { SharedStore } from "./stores/shared-store.ts";
import { SqliteAuditAnchorStore } from "./stores/sqlite-audit-anchor-store.ts";
import { SqliteDatabase } from "./stores/sqlite-database.ts";
import { SqliteDirectoryStore } from "./stores/sqlite-directory-store.ts";
import { SqliteJobStore } from "./stores/sqlite-job-store.ts";
import { SqliteLedgerStore } from "./stores/sqlite-ledger-store.ts";
import type { Log } from "./telemetry/log.ts";

export interface SharedStores {
  readonly quota: QuotaStore;
  readonly shared: SharedStore;
}

export interface Database {
  readonly ledger: LedgerStore;
  readonly directory: DirectoryStore;
  readonly anchors: AuditAnchorStore;
  readonly jobs: JobStore;
  readonly fineTunings: JobStore<FineTuning>;
  /** Rows that were exported or merged, each to be told to the audit trail; absent: none ever are. */
  readonly tellTransfers?: (
    tell: (id: string, transfer: Transfer) => Promise<void>,
  ) => Promise<void>;
  readonly close: () => Promise<void>;
}

type Ca = () => string | null;

/** The quota store owns the connection and closes it. */
export function createSharedStores(config: Config, clock: Clock, ca: Ca, log: Log): SharedStores {
  if (config.GW_SHARED_STORE === "memory") {
    return { quota: new MemoryQuotaStore(clock), shared: new MemorySharedStore(clock) };
  }
  const redis = connectRedis({
    server: redisServer(config),
    username: config.GW_REDIS_USERNAME ?? null,
    password: passwordReader(config.GW_REDIS_PASSWORD_FILE),
    tls: config.GW_REDIS_TLS === "on" ? { ca } : null,
    onError: (cause) => log.warn({ cause }, "redis"),
  });
  return { quota: new RedisQuotaStore(redis), shared: new RedisSharedStore(redis) };
}

function redisServer(config: Config): RedisServer {
  const { GW_REDIS_SENTINELS: sentinels, GW_REDIS_MASTER: master = "" } = config;
  if (sentinels !== undefined) return { sentinels, master };
  return { host: config.GW_REDIS_HOST ?? "", port: config.GW_REDIS_PORT };
}

export function openDatabase(config: Config, ca: Ca, log: Log): Database {
  switch (config.GW_DATABASE) {
    case "memory":
      return {
        ledger: new MemoryLedgerStore(),
        directory: new MemoryDirectoryStore(),
        anchors: new MemoryAuditAnchorStore(),
        jobs: new MemoryJobStore(ASYNC_JOBS),
        fineTunings: new MemoryJobStore(FINE_TUNINGS),
        close: async () => {},
      };
    case "sqlite": {
      const database = new SqliteDatabase(config.GW_DATABASE_FILE ?? ":memory:");
      return {
        ledger: new SqliteLedgerStore(database),
        directory: new SqliteDirectoryStore(database),
        anchors: new SqliteAuditAnchorStore(database),
        jobs: new SqliteJobStore(database, ASYNC_JOBS),
        fineTunings: new SqliteJobStore(database, FINE_TUNINGS),
        close: async () => database.close(),
      };
    }
    case "postgres":
      return openPostgres(config, ca, log);
  }
}

function openPostgres(config: Config, ca: Ca, log: Log): Database {
  const pool = createPostgresPool({
    ...postgresOptions(config, ca),
    onError: (cause) => log.warn({ cause }, "postgres"),
  });
  return {
    ledger: new PostgresLedgerStore(pool),
    directory: new PostgresDirectoryStore(pool),
    anchors: new PostgresAuditAnchorStore(pool),
    jobs: new PostgresJobStore(pool, ASYNC_JOBS),
    fineTunings: new PostgresJobStore(pool, FINE_TUNINGS),
    tellTransfers: (tell) => tellTransfers(pool, tell),
    close: () => pool.end(),
  };
}

export function postgresOptions(config: Config, ca: Ca) {
  return {
    host: config.GW_POSTGRES_HOST ?? "",
    port: config.GW_POSTGRES_PORT,
    database: config.GW_POSTGRES_DATABASE,
    username: config.GW_POSTGRES_USERNAME,
    password: passwordReader(config.GW_POSTGRES_PASSWORD_FILE),
    tls: config.GW_POSTGRES_TLS === "on" ? { ca } : null,
  };
}
