/**
 * Every error a caller can meet, in one table: HTTP status, OpenAI's type, the native code, and
 * whether trying again may help. docs/errors.md is this table; a test compares them. No message
 * names an upstream address, a file or a secret.
 */
interface ErrorEntry {
  readonly status: number;
  readonly type: string;
  readonly native: number;
  readonly retryable: boolean;
  readonly message: string;
}

const request = { type: "invalid_request_error", retryable: false } as const;
const permission = { type: "permission_error", retryable: false } as const;
const server = { type: "server_error", retryable: true } as const;

export const ERRORS = {
  invalid_json: { ...request, status: 400, native: 40001, message: "The body is not valid JSON." },
  invalid_request: { ...request, status: 400, native: 40002, message: "The request is invalid." },
  rejected_by_model: {
    ...request,
    status: 400,
    native: 40003,
    message: "The model server refused the request.",
  },
  missing_api_key: {
    ...request,
    status: 401,
    native: 40100,
    message: "No API key: send `Authorization: Bearer sk-…` or `X-API-Key`.",
  },
  invalid_api_key: { ...request, status: 401, native: 40101, message: "Incorrect API key." },
  expired_api_key: { ...request, status: 401, native: 40102, message: "The API key has expired." },
  model_not_allowed: {
    ...permission,
    status: 403,
    native: 40301,
    message: "This API key may not use the model.",
  },
  tier_unknown: {
    ...permission,
    status: 403,
    native: 40302,
    message: "The tier of this API key is not configured.",
  },
  not_found: { ...request, status: 404, native: 40400, message: "There is no such path." },
  model_not_found: { ...request, status: 404, native: 40401, message: "There is no such model." },
  method_not_allowed: {
    ...request,
    status: 405,
    native: 40501,
    message: "The path does not take this method.",
  },
  body_timeout: {
    ...request,
    status: 408,
    native: 40801,
    retryable: true,
    message: "The body did not arrive in time.",
  },
  body_too_large: { ...request, status: 413, native: 41301, message: "The body is too large." },
  unsupported_media_type: {
    ...request,
    status: 415,
    native: 41501,
    message: "The body must be application/json, not compressed.",
  },
  rate_limit_exceeded: {
    status: 429,
    type: "requests",
    native: 42901,
    retryable: true,
    message: "Too many requests a minute.",
  },
  concurrency_limit_exceeded: {
    status: 429,
    type: "requests",
    native: 42902,
    retryable: true,
    message: "Too many requests at the same time.",
  },
  headers_too_large: {
    ...request,
    status: 431,
    native: 43101,
    message: "The headers are too large.",
  },
  client_closed: {
    ...request,
    status: 499,
    native: 49901,
    message: "The client closed the connection; nobody receives this.",
  },
  internal_error: { ...server, status: 500, native: 50001, message: "An internal error." },
  upstream_failed: { ...server, status: 502, native: 50201, message: "The model server failed." },
  stream_broken: {
    ...server,
    status: 502,
    native: 50202,
    message: "The model server broke off; the answer is incomplete.",
  },
  model_unavailable: {
    ...server,
    status: 503,
    native: 50301,
    message: "No server of this model can be reached.",
  },
  quota_store_unavailable: {
    ...server,
    status: 503,
    native: 50302,
    message: "Quotas cannot be checked at the moment.",
  },
  ledger_full: {
    ...server,
    status: 503,
    native: 50303,
    message: "Usage cannot be recorded at the moment.",
  },
  not_ready: { ...server, status: 503, native: 50304, message: "Starting or stopping." },
  model_timeout: {
    ...server,
    status: 504,
    native: 50003,
    message: "The model server did not answer in time.",
  },
  stream_timeout: {
    ...server,
    status: 504,
    native: 50401,
    message: "The stream lasted longer than is allowed; the answer is incomplete.",
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetail {
  /** Said instead of the table's message; must be fit for the caller's eyes. */
  readonly message?: string;
  /** The member of the request that is at fault. */
  readonly param?: string;
  readonly retryAfterMs?: number;
  /** For the log only. */
  readonly cause?: unknown;
}

/** The world's failure, with its entry in the table; our own mistakes are plain Errors. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly entry: ErrorEntry;
  readonly param: string | null;
  readonly retryAfterMs: number | null;

  constructor(code: ErrorCode, detail: ErrorDetail = {}) {
    super(detail.message ?? ERRORS[code].message, { cause: detail.cause });
    this.name = "GatewayError";
    this.code = code;
    this.entry = ERRORS[code];
    this.param = detail.param ?? null;
    this.retryAfterMs = detail.retryAfterMs ?? null;
  }
}

/** Anything that was thrown, as an entry of the table. */
export function toGatewayError(error: unknown): GatewayError {
  return error instanceof GatewayError
    ? error
    : new GatewayError("internal_error", { cause: error });
}

/** OpenAI's error shape, with our native code beside it. */
export function errorBody(error: GatewayError, requestId: string): string {
  return JSON.stringify({
    error: {
      message: error.message,
      type: error.entry.type,
      param: error.param,
      code: error.code,
      native_code: error.entry.native,
      request_id: requestId,
    },
  });
}

/** The table of docs/errors.md. */
export function errorTable(): string {
  const rows = Object.entries(ERRORS).map(([code, entry]) => {
    const again = entry.retryable ? "yes" : "no";
    return `| ${entry.status} | \`${code}\` | ${entry.native} | \`${entry.type}\` | ${again} | ${entry.message} |`;
  });
  return [
    "| status | code | native | type | try again | message |",
    "|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}
