/** Everything a gateway is made of, built from its settings: files, stores, pools, telemetry. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { DestinationStream } from "pino";
import packageJson from "../package.json" with { type: "json" };
import { type Clock, systemClock } from "./base/clock.ts";
import { type WatchedFile, watchFiles } from "./base/watched-file.ts";
import type { Config } from "./config.ts";
import {
  keysFileSchema,
  parseDocument,
  routesFileSchema,
  type Tier,
  tiersFileSchema,
} from "./documents.ts";
import { limits } from "./limits.ts";
import { RouteTable } from "./proxy/route-table.ts";
import { UpstreamPools } from "./proxy/upstream-pools.ts";
import { createKeyStore, type KeyStore } from "./stores/key-store.ts";
import { LedgerQueue } from "./stores/ledger-queue.ts";
import type { LedgerStore } from "./stores/ledger-store.ts";
import { MemoryLedgerStore } from "./stores/memory-ledger-store.ts";
import { MemoryQuotaStore } from "./stores/memory-quota-store.ts";
import { PostgresLedgerStore } from "./stores/postgres-ledger-store.ts";
import { QuotaGuard } from "./stores/quota-guard.ts";
import type { QuotaStore } from "./stores/quota-store.ts";
import { RedisQuotaStore } from "./stores/redis-quota-store.ts";
import { createLog, type Log } from "./telemetry/log.ts";
import { createMetrics, type Metrics } from "./telemetry/metrics.ts";

export interface Parts {
  readonly config: Config;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly keys: KeyStore;
  readonly routes: RouteTable;
  readonly tierOf: (name: string) => Tier | undefined;
  readonly pools: UpstreamPools;
  readonly quotaStore: QuotaStore;
  readonly quota: QuotaGuard;
  readonly ledger: LedgerStore;
  readonly ledgerQueue: LedgerQueue;
  /** null: plain HTTP. */
  readonly certificate: WatchedFile<Certificate> | null;
  readonly close: () => Promise<void>;
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/**
 * What applies where no tiers file is given: 20 requests a minute for a person
 * who chats by hand, 200 requests a second and 200 at once for a service.
 */
const BUILT_IN_TIERS: Readonly<Record<string, Tier>> = {
  user: { requestsPerMinute: 20, concurrency: 20 },
  service: { requestsPerMinute: 12_000, concurrency: 200 },
};

/** Throws where a file cannot be read or is malformed: the gateway must not start half. */
export function createParts(config: Config, destination?: DestinationStream): Parts {
  const log = createLog({
    level: config.GW_LOG_LEVEL,
    site: config.GW_SITE,
    instance: config.GW_INSTANCE,
    ...(destination === undefined ? {} : { destination }),
  });
  const metrics = createMetrics(packageJson.version);
  const files = openFiles(config, (file, cause) => {
    metrics.reloadFaults.inc({ file });
    log.error({ file, cause }, "a new version of a file is refused; the former stays in force");
  });
  const clock = systemClock;
  const routes = new RouteTable(files.routes.current, clock);
  files.routes.onChange((file) => routes.replace(file));
  const ca = () => files.ca?.current ?? null;
  const pools = new UpstreamPools({ ca: ca(), answerTimeoutMs: config.GW_ANSWER_TIMEOUT_MS });
  files.ca?.onChange((pem) => pools.setCa(pem));
  const quotaStore = createQuotaStore(config, clock, ca, log);
  const quota = createGuard(config, quotaStore, clock, metrics, log);
  const ledger = createLedger(config, ca, log);
  const ledgerQueue = createQueue(config, ledger, metrics, log);
  const close = async () => {
    for (const file of Object.values(files)) file?.stop();
    await Promise.allSettled([quota.close(), ledger.close(), pools.destroy()]);
  };
  return {
    config,
    version: packageJson.version,
    clock,
    log,
    metrics,
    keys: createKeyStore(() => files.keys.current),
    routes,
    tierOf: (name) => (files.tiers?.current.tiers ?? BUILT_IN_TIERS)[name],
    pools,
    quotaStore,
    quota,
    ledger,
    ledgerQueue,
    certificate: files.certificate,
    close,
  };
}

function openFiles(config: Config, onFault: (file: string, error: unknown) => void) {
  const watch = <T>(
    name: string,
    paths: readonly string[],
    parse: (texts: readonly string[]) => T,
  ) =>
    watchFiles<T>({
      files: paths,
      parse,
      intervalMs: limits.reloadMs,
      onFault: (error) => onFault(name, error),
    });
  const first = (texts: readonly string[]) => texts[0] ?? "";
  const { GW_TLS_CERT_FILE: certFile, GW_TLS_KEY_FILE: keyFile, GW_CA_FILE: caFile } = config;
  const tiersFile = config.GW_TIERS_FILE;
  return {
    keys: watch("keys", [config.GW_KEYS_FILE], (texts) =>
      parseDocument(keysFileSchema, first(texts), "the keys file"),
    ),
    routes: watch("routes", [config.GW_ROUTES_FILE], (texts) =>
      parseDocument(routesFileSchema, first(texts), "the routes file"),
    ),
    tiers:
      tiersFile === undefined
        ? null
        : watch("tiers", [tiersFile], (texts) =>
            parseDocument(tiersFileSchema, first(texts), "the tiers file"),
          ),
    ca: caFile === undefined ? null : watch("ca", [caFile], parseCa),
    certificate:
      config.GW_TLS === "off" || certFile === undefined || keyFile === undefined
        ? null
        : watch("certificate", [certFile, keyFile], parseCertificate),
  };
}

/** Throws while only one of the two files is the new one. */
function parseCertificate([cert = "", key = ""]: readonly string[]): Certificate {
  createSecureContext({ cert, key });
  return { cert, key };
}

/** Node takes anything for a CA and then trusts nobody; a fault must show when it is made. */
function parseCa([pem = ""]: readonly string[]): string {
  new X509Certificate(pem);
  return pem;
}

function readPassword(file: string | undefined): () => string | null {
  if (file === undefined) return () => null;
  // Read at each connection: a rotated password needs no restart.
  return () => readFileSync(file, "utf8").replace(/\r?\n$/, "");
}

function createQuotaStore(
  config: Config,
  clock: Clock,
  ca: () => string | null,
  log: Log,
): QuotaStore {
  if (config.GW_SHARED_STORE === "memory") return new MemoryQuotaStore(clock);
  return new RedisQuotaStore({
    host: config.GW_REDIS_HOST ?? "",
    port: config.GW_REDIS_PORT,
    username: config.GW_REDIS_USERNAME ?? null,
    password: readPassword(config.GW_REDIS_PASSWORD_FILE),
    tls: config.GW_REDIS_TLS === "on" ? { ca } : null,
    onError: (cause) => log.warn({ cause }, "redis"),
  });
}

function createGuard(
  config: Config,
  store: QuotaStore,
  clock: Clock,
  metrics: Metrics,
  log: Log,
): QuotaGuard {
  const share = { store: new MemoryQuotaStore(clock), replicas: config.GW_REPLICAS };
  return new QuotaGuard({
    store,
    localShare: config.GW_SHARED_STORE_DOWN === "local-share" ? share : null,
    onFault: (cause) => {
      metrics.quotaFaults.inc();
      log.warn({ cause }, "the quota store does not answer");
    },
  });
}

function createLedger(config: Config, ca: () => string | null, log: Log): LedgerStore {
  if (config.GW_DATABASE === "memory") return new MemoryLedgerStore();
  return new PostgresLedgerStore({
    host: config.GW_POSTGRES_HOST ?? "",
    port: config.GW_POSTGRES_PORT,
    database: config.GW_POSTGRES_DATABASE,
    username: config.GW_POSTGRES_USERNAME,
    password: readPassword(config.GW_POSTGRES_PASSWORD_FILE),
    tls: config.GW_POSTGRES_TLS === "on" ? { ca } : null,
    onError: (cause) => log.warn({ cause }, "postgres"),
  });
}

function createQueue(config: Config, ledger: LedgerStore, metrics: Metrics, log: Log): LedgerQueue {
  return new LedgerQueue(ledger, config.GW_LEDGER_QUEUE_ROWS_MAX, {
    onFault: (cause) => {
      metrics.ledgerFaults.inc();
      log.error({ cause }, "the ledger does not take rows; they wait");
    },
    onLost: (rows, cause) => {
      metrics.ledgerLost.inc(rows);
      log.error({ rows, cause }, "rows of the ledger are lost");
    },
    onLength: (rows) => metrics.ledgerRows.set(rows),
  });
}
