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
  readonly principal: string;
  /** The credential: a key's id, an access key, a token. */
  readonly keyId: string;
  readonly tenant: string;
  readonly endpoint: string;
  readonly model: string;
  readonly streamed: boolean;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  readonly status: "success" | "client_error" | "error" | null;
  readonly httpStatus: number | null;
  /** `client_closed` where the caller left: what was produced until then is counted. */
  readonly error: string | null;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** `none`, `counted`, `reported`: how far the counts can be trusted; `cached`: nothing was computed. */
  readonly usageSource: string;
  /** By the price of the moment, in millionths of `currency`; later prices change nothing. */
  readonly costMicros: number;
  readonly currency: string | null;
  readonly latencyMs: number | null;
  readonly firstByteMs: number | null;
}

/** Whose usage, and when: `from` counts, `to` does not. */
export interface UsageQuery {
  readonly principal?: string;
  readonly tenant?: string;
  readonly model?: string;
  readonly from: Date;
  readonly to: Date;
}

export interface UsageTotal {
  readonly model: string;
  readonly currency: string | null;
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly costMicros: number;
}

/** `day` as `2026-11-24`, UTC, by the call's start. */
export interface DailyUsage extends UsageTotal {
  readonly day: string;
}

/** Calls that ended between `from` and `to`. */
export interface ActivityQuery extends UsageQuery {
  /** The length of a span; spans begin at its multiples since 1970. */
  readonly spanMs: number;
}

export interface Activity {
  /** The beginning of the span. */
  readonly at: number;
  readonly model: string;
  readonly requests: number;
  /** Those that an operator must answer for (status `error`). */
  readonly failed: number;
  /** Those that the caller must answer for (status `client_error`). */
  readonly refused: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** How many took at most as long as each edge; the last number is all that were measured. */
  readonly durations: readonly number[];
  /** The same of the time to the first byte, of streamed answers. */
  readonly firstBytes: readonly number[];
}

export interface FaultQuery extends UsageQuery {
  readonly limit: number;
}

/** A call that did not end well. */
export type LedgerFault = Pick<
  LedgerRow,
  | "callId"
  | "requestId"
  | "principal"
  | "tenant"
  | "endpoint"
  | "model"
  | "status"
  | "httpStatus"
  | "error"
> & { readonly finishedAt: Date };

export interface LedgerStore {
  /** Makes what the ledger needs; may be called by several gateways at once, and again. */
  prepare(): Promise<void>;
  /** All rows or none. Each call at most once in one batch. */
  write(rows: readonly LedgerRow[]): Promise<void>;
  /** Settled usage by model and currency, in the order of their names. */
  usage(query: UsageQuery): Promise<UsageTotal[]>;
  /** The same by day, the earliest first; days without usage are absent. */
  dailyUsage(query: UsageQuery): Promise<DailyUsage[]>;
  /** Calls that ended, by span of time and model, the earliest first; spans without any are absent. */
  activity(query: ActivityQuery): Promise<Activity[]>;
  /** Calls that did not end well, the newest first. */
  faults(query: FaultQuery): Promise<LedgerFault[]>;
  /** Rows of a principal say `pseudonym` instead, also for its credentials; returns how many did. */
  rename(principal: string, pseudonym: string): Promise<number>;
  close(): Promise<void>;
}

/** The store refused these rows for what is in them; trying them again is no use. */
export class LedgerRowsRefused extends Error {}
