/**
 * The contract of a quota store: one atomic admission of a request against its rate and its
 * concurrency, a lease on the slot that must be renewed, and its release.
 */
export interface Admission {
  readonly keyId: string;
  /** Names the slot; unique for each request. */
  readonly callId: string;
  readonly requestsPerMinute: number;
  readonly concurrency: number;
}

export type Verdict =
  | { readonly admitted: true; readonly requestsLeft: number }
  | {
      readonly admitted: false;
      readonly reason: "rate" | "concurrency";
      readonly retryAfterMs: number;
    };

export interface QuotaStore {
  /** All or nothing: a refused request has used up neither rate nor slot. */
  admit(admission: Admission): Promise<Verdict>;
  /** Twice is as good as once; a lost release is mended by the lease. */
  release(keyId: string, callId: string): Promise<void>;
  /** Prolongs the leases of running requests. */
  renew(slots: readonly { readonly keyId: string; readonly callId: string }[]): Promise<void>;
  /** Resolves when the store answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** A slot is free again some time soon; nobody knows when, so the caller tries after a second. */
export const CONCURRENCY_RETRY_MS = 1_000;
