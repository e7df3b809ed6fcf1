/**
 * Quotas in Redis, shared by all gateways of a site. One script admits a request: it drops dead
 * leases, checks concurrency and rate, and takes both or none, on Redis's own clock.
 */
import { isIP } from "node:net";
import { Redis } from "ioredis";
import { limits } from "../limits.ts";
import {
  type Admission,
  CONCURRENCY_RETRY_MS,
  type QuotaStore,
  type Verdict,
} from "./quota-store.ts";

export interface RedisOptions {
  readonly host: string;
  readonly port: number;
  readonly username: string | null;
  /** Asked at each connection, so that a rotated password or CA is taken over. */
  readonly password: () => string | null;
  /** null: no TLS. */
  readonly tls: { readonly ca: () => string | null } | null;
  readonly onError: (error: Error) => void;
}

/** Braces keep both keys of one API key on one node of a Redis cluster. */
const bucketKey = (keyId: string) => `gw:{${keyId}}:bucket`;
const slotsKey = (keyId: string) => `gw:{${keyId}}:slots`;

const ADMIT = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local capacity, concurrency = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if redis.call('ZCARD', KEYS[2]) >= concurrency then return {0, 'concurrency', 0} end
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(bucket[1] or capacity)
local at = tonumber(bucket[2] or now)
tokens = math.min(capacity, tokens + math.max(0, now - at) * capacity / 60000)
if tokens < 1 then return {0, 'rate', math.ceil((1 - tokens) * 60000 / capacity)} end
tokens = tokens - 1
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', now)
redis.call('PEXPIRE', KEYS[1], 120000)
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[4]), ARGV[3])
redis.call('PEXPIRE', KEYS[2], tonumber(ARGV[4]))
return {1, '', math.floor(tokens)}
`;

const RENEW = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
for index = 2, #ARGV do redis.call('ZADD', KEYS[1], now + tonumber(ARGV[1]), ARGV[index]) end
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[1]))
return 1
`;

/** The scripts as ioredis makes them callable. */
interface Scripts {
  gwAdmit(
    bucket: string,
    slots: string,
    requestsPerMinute: number,
    concurrency: number,
    callId: string,
    leaseMs: number,
  ): Promise<[number, string, number]>;
  gwRenew(slots: string, leaseMs: number, ...callIds: string[]): Promise<number>;
}

export class RedisQuotaStore implements QuotaStore {
  readonly #redis: Redis & Scripts;

  constructor(options: RedisOptions) {
    this.#redis = connect(options);
  }

  async admit(admission: Admission): Promise<Verdict> {
    const [admitted, reason, number] = await this.#redis.gwAdmit(
      bucketKey(admission.keyId),
      slotsKey(admission.keyId),
      admission.requestsPerMinute,
      admission.concurrency,
      admission.callId,
      limits.leaseMs,
    );
    if (admitted === 1) return { admitted: true, requestsLeft: number };
    if (reason === "rate") return { admitted: false, reason, retryAfterMs: number };
    return { admitted: false, reason: "concurrency", retryAfterMs: CONCURRENCY_RETRY_MS };
  }

  async release(keyId: string, callId: string): Promise<void> {
    await this.#redis.zrem(slotsKey(keyId), callId);
  }

  async renew(slots: readonly { keyId: string; callId: string }[]): Promise<void> {
    const byKey = Map.groupBy(slots, (slot) => slot.keyId);
    await Promise.all(
      [...byKey].map(([keyId, group]) =>
        this.#redis.gwRenew(slotsKey(keyId), limits.leaseMs, ...group.map((slot) => slot.callId)),
      ),
    );
  }

  async ping(): Promise<void> {
    await this.#redis.ping();
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }
}

function connect(options: RedisOptions): Redis & Scripts {
  const redis = new Redis({
    host: options.host,
    port: options.port,
    ...(options.username === null ? {} : { username: options.username }),
    ...passwordOf(options),
    ...(options.tls === null ? {} : { tls: tlsOptions(options.host, options.tls.ca) }),
    connectTimeout: limits.upstreamConnectTimeoutMs,
    commandTimeout: limits.quotaTimeoutMs,
    // While Redis is away a call fails at once instead of waiting in a queue nobody bounds.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Two more commands the ACL would have to allow, for a name nobody reads.
    disableClientInfo: true,
    retryStrategy: (attempt) => {
      Object.assign(redis.options, passwordOf(options));
      return Math.min(attempt * 100, 2_000);
    },
  });
  redis.on("error", options.onError);
  redis.defineCommand("gwAdmit", { numberOfKeys: 2, lua: ADMIT });
  redis.defineCommand("gwRenew", { numberOfKeys: 1, lua: RENEW });
  return redis as Redis & Scripts;
}

function passwordOf(options: RedisOptions): { password?: string } {
  const password = options.password();
  return password === null ? {} : { password };
}

/** The CA is a getter because ioredis reads it at each connection. */
function tlsOptions(host: string, ca: () => string | null) {
  return {
    // A name is verified as such; an address is verified by itself and must not be sent (RFC 6066).
    ...(isIP(host) === 0 ? { servername: host } : {}),
    minVersion: "TLSv1.3" as const,
    get ca() {
      return ca() ?? undefined;
    },
  };
}
