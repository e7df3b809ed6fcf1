/** One connection pool per model server; a new CA replaces the pools without cutting a request. */
import { Pool } from "undici";
import { limits } from "../limits.ts";

export interface PoolOptions {
  /** PEM; null: the CAs that Node ships. */
  readonly ca: string | null;
  /** First byte of an answer, and silence inside one. */
  readonly answerTimeoutMs: number;
}

export class UpstreamPools {
  #pools = new Map<string, Pool>();
  readonly #origins = new Map<string, string>();
  #options: PoolOptions;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get(url: string): Pool {
    const origin = this.#originOf(url);
    const known = this.#pools.get(origin);
    if (known !== undefined) return known;
    const pool = createPool(origin, this.#options);
    this.#pools.set(origin, pool);
    return pool;
  }

  /** Targets are few and calls are many. */
  #originOf(url: string): string {
    const known = this.#origins.get(url);
    if (known !== undefined) return known;
    const { origin } = new URL(url);
    this.#origins.set(url, origin);
    return origin;
  }

  /** Later requests verify with the new CA; running ones end on the connections they have. */
  setCa(ca: string | null): void {
    if (ca === this.#options.ca) return;
    this.#options = { ...this.#options, ca };
    const former = this.#pools;
    this.#pools = new Map();
    // A stop meanwhile destroys nothing here: these pools end with their last request.
    for (const pool of former.values()) pool.close().catch(() => {});
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }
}

function createPool(origin: string, options: PoolOptions): Pool {
  return new Pool(origin, {
    connections: limits.upstreamConnectionsMax,
    // One request per connection at a time: a stream must never wait behind another.
    pipelining: 1,
    connect: {
      timeout: limits.upstreamConnectTimeoutMs,
      ...(options.ca === null ? {} : { ca: options.ca }),
    },
    keepAliveTimeout: limits.upstreamKeepAliveTimeoutMs,
    keepAliveMaxTimeout: limits.upstreamKeepAliveTimeoutMs,
    headersTimeout: options.answerTimeoutMs,
    bodyTimeout: options.answerTimeoutMs,
  });
}
