/**
 * The stores' contracts on real Redis and PostgreSQL over TLS, and what a caller sees while one
 * of them is away. Needs root (a private mount namespace) and Debian packages.
 */
import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ASYNC_JOBS } from "../src/jobs/job-store.ts";
import { auditAnchorStoreContract } from "../src/stores/audit-anchor-store.contract.ts";
import { directoryStoreContract } from "../src/stores/directory-store.contract.ts";
import { jobStoreContract } from "../src/stores/job-store.contract.ts";
import { ledgerStoreContract, testRow } from "../src/stores/ledger-store.contract.ts";
import { LedgerRowsRefused } from "../src/stores/ledger-store.ts";
import { PostgresAuditAnchorStore } from "../src/stores/postgres-audit-anchor-store.ts";
import { PostgresDirectoryStore } from "../src/stores/postgres-directory-store.ts";
import { PostgresJobStore } from "../src/stores/postgres-job-store.ts";
import { PostgresLedgerStore } from "../src/stores/postgres-ledger-store.ts";
import { createPostgresPool } from "../src/stores/postgres-pool.ts";
import { quotaStoreContract } from "../src/stores/quota-store.contract.ts";
import type { QuotaStore } from "../src/stores/quota-store.ts";
import { connectRedis } from "../src/stores/redis-connection.ts";
import { RedisQuotaStore } from "../src/stores/redis-quota-store.ts";
import { RedisSharedStore } from "../src/stores/redis-shared-store.ts";
import { sharedStoreContract } from "../src/stores/shared-store.contract.ts";
import type { SharedStore } from "../src/stores/shared-store.ts";
import { boot, endAll, eventually, MODEL, simulate } from "./test-harness.ts";
import { startPostgres, startRedis, type TestServer } from "./test-servers.ts";

let redis: TestServer;
let postgres: TestServer;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  redis = await startRedis();
  postgres = await startPostgres();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((store) => store.close()));
});
afterAll(endAll);

const credentials = (server: TestServer) => ({
  username: server.username,
  password: () => server.password,
  tls: { ca: () => server.ca },
  onError: () => {},
});

const redisConnection = () => ({
  server: { host: "127.0.0.1", port: redis.port },
  ...credentials(redis),
});

async function quotaStores(count: number): Promise<QuotaStore[]> {
  const stores = Array.from({ length: count }, () => {
    return new RedisQuotaStore(connectRedis(redisConnection()));
  });
  open.push(...stores);
  for (const store of stores) await eventually(() => answers(store)).toBe(true);
  return stores;
}

function answers(store: { ping(): Promise<void> }): Promise<boolean> {
  return store.ping().then(
    () => true,
    () => false,
  );
}

async function sharedStore(): Promise<SharedStore> {
  const connection = connectRedis(redisConnection());
  const store = new RedisSharedStore(connection);
  open.push({ close: async () => connection.disconnect() });
  await eventually(() => answers(store)).toBe(true);
  return store;
}

function pool() {
  const server = { host: "127.0.0.1", port: postgres.port, database: "gateway" };
  const made = createPostgresPool({ ...credentials(postgres), ...server });
  open.push({ close: () => made.end() });
  return made;
}

const ledger = async () => new PostgresLedgerStore(pool());

quotaStoreContract("Redis", { create: quotaStores });
sharedStoreContract("Redis", { create: sharedStore });
ledgerStoreContract("PostgreSQL", { create: ledger });
auditAnchorStoreContract("PostgreSQL", {
  create: async () => new PostgresAuditAnchorStore(pool()),
});
jobStoreContract("PostgreSQL", { create: async () => new PostgresJobStore(pool(), ASYNC_JOBS) });
directoryStoreContract("PostgreSQL", { create: async () => new PostgresDirectoryStore(pool()) });

test.each([1, 7, 64, 400])("of 1,000 callers over 3 gateways %i are admitted", async (cap) => {
  const stores = await quotaStores(3);
  const id = `user:${randomUUID()}`;
  const verdicts = await Promise.all(
    Array.from({ length: 1_000 }, (_, index) => {
      const tokens = 1 + (index % 5);
      // The cap in one limit at a time; a scope beside it must not disturb the count.
      const limits = index % 2 === 0 ? { concurrency: cap } : { concurrency: cap, costPerMonth: 1 };
      const scopes = [
        { id, limits },
        { id: `${id}:tenant`, limits: { tokensPerMinute: 1e9 } },
      ];
      const call = { callId: randomUUID(), scopes, tokens, costMicros: 0 };
      return stores[index % 3]?.reserve(call);
    }),
  );
  expect(verdicts.filter((verdict) => verdict?.admitted)).toHaveLength(cap);
});

test("PostgreSQL says which rows it will never take", async () => {
  const store = await ledger();
  await store.prepare();
  const bad = testRow({ requestId: "a\0b" });
  await expect(store.write([bad])).rejects.toBeInstanceOf(LedgerRowsRefused);
});

describe("a gateway on real stores", () => {
  const tiers = { service: { requestsPerDay: 5_000 } };
  async function start(env: Record<string, string> = {}) {
    const { url } = await simulate();
    const seed = await boot({ targets: [{ url }] });
    const secret = (name: string, server: TestServer) => ({
      [`GW_${name}_HOST`]: "127.0.0.1",
      [`GW_${name}_PORT`]: String(server.port),
      [`GW_${name}_USERNAME`]: server.username,
      [`GW_${name}_PASSWORD_FILE`]: seed.write(`${name}.password`, `${server.password}\n`),
    });
    const harness = await boot({
      targets: [{ url }],
      tiers,
      env: {
        GW_SHARED_STORE: "redis",
        GW_DATABASE: "postgres",
        GW_CA_FILE: seed.write("ca.pem", `${redis.ca}${postgres.ca}`),
        ...secret("REDIS", redis),
        ...secret("POSTGRES", postgres),
        ...env,
      },
    });
    return harness;
  }
  type Harness = Awaited<ReturnType<typeof start>>;
  const usage = async (harness: Harness) => {
    const headers = { "x-api-key": harness.key };
    const response = await fetch(`${harness.base}/v1/usage`, { headers });
    return ((await response.json()) as { data?: { requests: number }[] }).data?.[0]?.requests ?? 0;
  };

  test("answers, and the call is in the ledger with its tokens", async () => {
    const harness = await start();
    const before = await usage(harness);
    expect((await harness.chat({ max_tokens: 3 })).status).toBe(200);
    await eventually(() => usage(harness)).toBe(before + 1);
  });

  test("Redis away: refused with 503 at once, and admitted as soon as it is back", async () => {
    const harness = await start();
    await redis.kill();
    const response = await harness.chat();
    expect(await response.json()).toMatchObject({ error: { code: "quota_store_unavailable" } });
    expect(response.status).toBe(503);
    await redis.start();
    await eventually(async () => (await harness.chat()).status).toBe(200);
  });

  test("Redis away with a local share: this replica's part of the quota is admitted", async () => {
    const harness = await start({ GW_SHARED_STORE_DOWN: "local-share", GW_REPLICAS: "1000" });
    await redis.kill();
    // The 5,000 a day over 1,000 replicas are 5.
    const statuses: number[] = [];
    for (let count = 0; count < 7; count += 1) {
      statuses.push((await harness.chat({ max_tokens: 1 })).status);
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(5);
    await redis.start();
  });

  test("PostgreSQL away: calls are answered, and no row is lost when it is back", async () => {
    const harness = await start();
    const before = await usage(harness);
    await postgres.kill();
    for (let count = 0; count < 5; count += 1) expect((await harness.chat()).status).toBe(200);
    await eventually(() => harness.metric("gateway_ledger_write_failures_total")).toBeGreaterThan(
      0,
    );
    await postgres.start();
    await eventually(() => usage(harness)).toBe(before + 5);
    expect(await harness.metric("gateway_ledger_lost_total")).toBe(0);
  });

  test("a stop writes what waits before it ends", async () => {
    const harness = await start();
    const id = randomUUID();
    const headers = {
      "content-type": "application/json",
      "x-api-key": harness.key,
      "x-request-id": id,
    };
    await (await harness.chat({}, { headers })).text();
    await harness.gateway.stop();
    const client = new pg.Client({
      host: "127.0.0.1",
      port: postgres.port,
      user: "gateway",
      password: postgres.password,
      database: "gateway",
      ssl: { ca: postgres.ca },
    });
    await client.connect();
    const { rows } = await client.query(
      "SELECT state, model, status FROM gateway_ledger WHERE request_id = $1",
      [id],
    );
    await client.end();
    expect(rows).toEqual([{ state: "settled", model: MODEL, status: "success" }]);
  });
});
