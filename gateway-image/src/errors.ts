/** What is thrown where a caller is to be answered with an error of the table. */
import { ERRORS, type ErrorEntry } from "./error-table.ts";

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetail {
  /** Said instead of the table's message; must be fit for the caller's eyes. */
  readonly message?: string;
  /** The member of the request that is at fault. */
  readonly param?: string;
  readonly retryAfterMs?: number;
  /** Further members of the answer's error, such as where a quota stands. */
  readonly facts?: Readonly<Record<string, string | number>>;
  /** For the log only. */
  readonly cause?: unknown;
}

/** The world's failure, with its entry in the table; our own mistakes are plain Errors. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly entry: ErrorEntry;
  readonly param: string | null;
  readonly retryAfterMs: number | null;
  readonly facts: Readonly<Record<string, string | number>>;

  constructor(code: ErrorCode, detail: ErrorDetail = {}) {
    super(detail.message ?? ERRORS[code].message, { cause: detail.cause });
    this.name = "GatewayError";
    this.code = code;
    this.entry = ERRORS[code];
    this.param = detail.param ?? null;
    this.retryAfterMs = detail.retryAfterMs ?? null;
    this.facts = detail.facts ?? {};
  }
}

/** A member of the request that cannot be taken. */
export function invalid(param: string, message: string): GatewayError {
  return new GatewayError("invalid_request", { message, param });
}

/** Anything that was thrown, as an entry of the table. */
export function toGatewayError(error: unknown): GatewayError {
  return error instanceof GatewayError
    ? error
    : new GatewayError("internal_error", { cause: error });
}
