/**
 * The contract of the store that all gateways of a site share for short-lived things: nonces that
 * were seen, failed logins, conversation contexts, cached answers. Values are opaque bytes; what is private is
 * sealed before it comes here. Every entry has an end.
 */
export interface SharedStore {
  /** True for the first caller within `ttlMs`, false for everyone after. */
  claim(key: string, ttlMs: number): Promise<boolean>;
  /** Counts one more within a window that begins with the first; returns the count. */
  count(key: string, windowMs: number): Promise<number>;
  get(key: string): Promise<Buffer | null>;
  set(key: string, value: Buffer, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** All whose keys begin so; returns how many. Looks at every key, so it is for rare things. */
  deleteAll(prefix: string): Promise<number>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
