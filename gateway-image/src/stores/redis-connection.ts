/**
 * One connection to Redis for all stores of a gateway: TLS, ACL user, no waiting while it is away.
 * Where Redis is replicated its sentinels are asked at each connection which one is the primary.
 */
import { type LookupAddress, lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { Redis } from "ioredis";
import { verifiedTls } from "../base/verified-tls.ts";
import { limits } from "../limits.ts";

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Redis itself, or the sentinels that know it under a name. */
export type RedisServer =
  | Address
  | { readonly sentinels: readonly Address[]; readonly master: string };

export interface RedisOptions {
  readonly server: RedisServer;
  /** Of Redis and of its sentinels. */
  readonly username: string | null;
  /** Asked at each connection, so that a rotated password or CA is taken over. */
  readonly password: () => string | null;
  /** null: no TLS. */
  readonly tls: { readonly ca: () => string | null } | null;
  readonly onError: (error: Error) => void;
}

/** From the first failure on; a fail-over takes seconds, and a call meanwhile fails at once. */
const pauseMs = (attempt: number) => Math.min(attempt * 100, 2_000);

export function connectRedis(options: RedisOptions): Redis {
  const next = (attempt: number) => {
    Object.assign(redis.options, passwordOf(options));
    return pauseMs(attempt);
  };
  const redis: Redis = new GatheringRedis({
    ...serverOptions(options, next),
    ...(options.username === null ? {} : { username: options.username }),
    ...passwordOf(options),
    connectTimeout: limits.upstreamConnectTimeoutMs,
    commandTimeout: limits.quotaTimeoutMs,
    // A node that is gone says nothing, and a connection to it stands for a quarter of an hour.
    socketTimeout: 2 * limits.quotaTimeoutMs,
    // While Redis is away a call fails at once instead of waiting in a queue nobody bounds.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Two more commands the ACL would have to allow, for a name nobody reads.
    disableClientInfo: true,
    retryStrategy: next,
    // Of a primary that was demoted or cut off: another one may serve. The call is not sent again.
    reconnectOnError: ({ message }) => /^(READONLY|NOREPLICAS) /.test(message),
  });
  redis.on("error", options.onError);
  return redis;
}

/**
 * What all calls of one turn of the event loop have to say is written together: one record of TLS
 * and one system call for all of them, not one for each. Alone, a command leaves in the same turn.
 */
class GatheringRedis extends Redis {
  #gathers = false;

  override sendCommand(...command: Parameters<Redis["sendCommand"]>): unknown {
    this.#gather();
    return super.sendCommand(...command);
  }

  #gather(): void {
    const { stream } = this;
    if (this.#gathers || stream === undefined) return;
    this.#gathers = true;
    stream.cork();
    setImmediate(() => {
      this.#gathers = false;
      stream.uncork();
    });
  }
}

function serverOptions({ server, username, tls }: RedisOptions, next: (attempt: number) => number) {
  if ("host" in server) {
    const { host, port } = server;
    if (tls === null) return { host, port };
    return { host, port, tls: Object.assign(verifiedTls(host, tls.ca), ONE_OF_SEVERAL) };
  }
  // Each of them is verified by the name that it is called by.
  const verified = tls === null ? null : verifiedTls(null, tls.ca);
  return {
    sentinels: server.sentinels.map(({ host, port }) => ({ host, port })),
    name: server.master,
    ...(username === null ? {} : { sentinelUsername: username }),
    ...(verified === null
      ? {}
      : { tls: verified, sentinelTLS: verified, enableTLSForSentinelMode: true }),
    sentinelRetryStrategy: next,
    sentinelCommandTimeout: limits.quotaTimeoutMs,
  };
}

/**
 * One pod may become three under its name, and the system tells their addresses in the same order each
 * time: who always took the first might never meet the one that takes writes.
 */
const anyAddress: LookupFunction = (host, options, told) => {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error === null) told(null, shuffled(addresses));
    else told(error, "");
  });
};

/** Node asks for all addresses, and takes the next one where one does not answer. */
const ONE_OF_SEVERAL = { autoSelectFamily: true, lookup: anyAddress };

function shuffled(addresses: readonly LookupAddress[]): LookupAddress[] {
  return addresses
    .map((address) => ({ address, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ address }) => address);
}

function passwordOf({ server, ...options }: RedisOptions) {
  const password = options.password();
  if (password === null) return {};
  return "host" in server ? { password } : { password, sentinelPassword: password };
}
