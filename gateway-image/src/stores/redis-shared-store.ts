/** Short-lived things in Redis, shared by all gateways of a site. */
import type { Redis } from "ioredis";
import type { SharedStore } from "./shared-store.ts";

/** Keys that one step of a search looks at: some hundred microseconds of the server's one thread. */
const SCAN_STEP = 1_000;

const keyOf = (key: string) => `gw:s:${key}`;

/** The first count sets the end of the window; later ones leave it. */
const COUNT = `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count
`;

export class RedisSharedStore implements SharedStore {
  readonly #redis: Redis & { gwCount(key: string, windowMs: number): Promise<number> };

  /** The connection stays its owner's to close. */
  constructor(redis: Redis) {
    redis.defineCommand("gwCount", { numberOfKeys: 1, lua: COUNT });
    this.#redis = redis as Redis & { gwCount(key: string, windowMs: number): Promise<number> };
  }

  async claim(key: string, ttlMs: number): Promise<boolean> {
    return (await this.#redis.set(keyOf(key), "", "PX", Math.ceil(ttlMs), "NX")) === "OK";
  }

  count(key: string, windowMs: number): Promise<number> {
    return this.#redis.gwCount(keyOf(key), Math.ceil(windowMs));
  }

  get(key: string): Promise<Buffer | null> {
    return this.#redis.getBuffer(keyOf(key));
  }

  async set(key: string, value: Buffer, ttlMs: number): Promise<void> {
    await this.#redis.set(keyOf(key), value, "PX", Math.ceil(ttlMs));
  }

  async delete(key: string): Promise<void> {
    await this.#redis.del(keyOf(key));
  }

  async deleteAll(prefix: string): Promise<number> {
    const pattern = `${keyOf(prefix).replace(/[*?[\]\\^-]/g, "\\$&")}*`;
    let [cursor, deleted] = ["0", 0];
    do {
      const [next, keys] = await this.#redis.scan(cursor, "MATCH", pattern, "COUNT", SCAN_STEP);
      if (keys.length > 0) deleted += await this.#redis.del(...keys);
      cursor = next;
    } while (cursor !== "0");
    return deleted;
  }

  async ping(): Promise<void> {
    await this.#redis.ping();
  }

  async close(): Promise<void> {}
}
