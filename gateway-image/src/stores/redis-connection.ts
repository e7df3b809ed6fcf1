/** One connection to Redis for all stores of a gateway: TLS, ACL user, no waiting while it is away. */
import { Redis } from "ioredis";
import { verifiedTls } from "../base/verified-tls.ts";
import { limits } from "../limits.ts";

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

export function connectRedis(options: RedisOptions): Redis {
  const redis = new Redis({
    host: options.host,
    port: options.port,
    ...(options.username === null ? {} : { username: options.username }),
    ...passwordOf(options),
    ...(options.tls === null ? {} : { tls: verifiedTls(options.host, options.tls.ca) }),
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
  return redis;
}

function passwordOf(options: RedisOptions): { password?: string } {
  const password = options.password();
  return password === null ? {} : { password };
}
