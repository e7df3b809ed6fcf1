/**
 * The contract of a ledger: rows of usage, each call at most once. A row is written when the
 * call is admitted (`open`) and again when it is settled; `settled` is final.
 */
export interface LedgerRow {
  readonly callId: string;
  readonly state: "open" | "settled";
  readonly requestId: string;
  readonly site: string;
  readonly instance: string;
  readonly keyId: string;
  readonly tenant: string;
  readonly endpoint: string;
  readonly model: string;
  readonly streamed: boolean;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  readonly status: "success" | "client_error" | "error" | null;
  readonly httpStatus: number | null;
  readonly error: string | null;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** `none`, `counted` or `reported`: how far the counts can be trusted. */
  readonly usageSource: string;
  readonly latencyMs: number | null;
  readonly firstByteMs: number | null;
}

export interface UsageTotal {
  readonly model: string;
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface LedgerStore {
  /** Makes what the ledger needs; may be called by several gateways at once, and again. */
  prepare(): Promise<void>;
  /** All rows or none. Each call at most once in one batch. */
  write(rows: readonly LedgerRow[]): Promise<void>;
  /** Settled usage of one key since `from`, by model. */
  usage(keyId: string, from: Date): Promise<UsageTotal[]>;
  close(): Promise<void>;
}

/** The store refused these rows for what is in them; trying them again is no use. */
export class LedgerRowsRefused extends Error {}
