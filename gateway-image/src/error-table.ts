/**
 * Every error a caller can meet, in one table: HTTP status, OpenAI's type, the native code, and
 * whether trying again may help. docs/errors.md is this table; a test compares them. No message
 * names an upstream address, a file or a secret.
 */
export interface ErrorEntry {
  readonly status: number;
  readonly type: string;
  readonly native: number;
  readonly retryable: boolean;
  readonly message: string;
}

const request = { type: "invalid_request_error", retryable: false } as const;
const permission = { type: "permission_error", retryable: false } as const;
const absent = { type: "server_error", status: 501, retryable: false } as const;
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
  unsupported_grant_type: {
    ...request,
    status: 400,
    native: 40004,
    message: "grant_type must be password or client_credentials.",
  },
  unsupported_version: {
    ...request,
    status: 400,
    native: 40005,
    message: "There is no such version of the API.",
  },
  content_filtered: {
    ...request,
    status: 400,
    native: 40006,
    message: "The request holds words that are not allowed here.",
  },
  missing_api_key: {
    ...request,
    status: 401,
    native: 40100,
    message: "No credentials: send `Authorization: Bearer …`, `X-API-Key`, or a signature.",
  },
  invalid_api_key: { ...request, status: 401, native: 40101, message: "Incorrect API key." },
  expired_api_key: { ...request, status: 401, native: 40102, message: "The API key has expired." },
  ambiguous_credentials: {
    ...request,
    status: 401,
    native: 40103,
    message: "Several credentials in one request: send one.",
  },
  invalid_token: { ...request, status: 401, native: 40104, message: "The token is not valid." },
  expired_token: { ...request, status: 401, native: 40105, message: "The token has expired." },
  invalid_signature: {
    ...request,
    status: 401,
    native: 40106,
    message: "The access key or the signature is not valid.",
  },
  timestamp_out_of_range: {
    ...request,
    status: 401,
    native: 40107,
    message: "X-DS-Timestamp differs from the service's time by more than 300 s.",
  },
  signature_repeated: {
    ...request,
    status: 401,
    native: 40108,
    message: "This nonce or signature was used before.",
  },
  invalid_certificate: {
    ...request,
    status: 401,
    native: 40109,
    message: "The client certificate belongs to nobody here.",
  },
  invalid_grant: {
    ...request,
    status: 401,
    native: 40110,
    message: "The name, the password, the secret or the code is not valid.",
  },
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
  principal_disabled: {
    ...permission,
    status: 403,
    native: 40303,
    message: "This account is disabled.",
  },
  address_not_allowed: {
    ...permission,
    status: 403,
    native: 40304,
    message: "Calls from this address are not allowed.",
  },
  origin_not_allowed: {
    ...permission,
    status: 403,
    native: 40305,
    message: "Calls from this Origin are not allowed.",
  },
  permission_denied: {
    ...permission,
    status: 403,
    native: 40306,
    message: "No role of this account allows that.",
  },
  password_change_required: {
    ...permission,
    status: 403,
    native: 40307,
    message: "The password must be changed first: POST /users/me/password.",
  },
  residency_refused: {
    ...permission,
    status: 403,
    native: 40308,
    message: "This data may not leave the site, and the model is served outside of it only.",
  },
  access_rule_refused: {
    ...permission,
    status: 403,
    native: 40309,
    message: "A rule of access does not allow this call.",
  },
  authenticator_required: {
    ...permission,
    status: 403,
    native: 40310,
    message: "An authenticator is needed first: POST /users/me/totp.",
  },
  not_found: { ...request, status: 404, native: 40400, message: "There is no such path." },
  model_not_found: { ...request, status: 404, native: 40401, message: "There is no such model." },
  entity_not_found: { ...request, status: 404, native: 40403, message: "There is no such entry." },
  context_not_found: {
    ...request,
    status: 404,
    native: 40402,
    message: "There is no such context, or it has ended.",
  },
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
  managed_by_configuration: {
    ...request,
    status: 409,
    native: 40901,
    message: "Configuration sets this; change it there.",
  },
  reference_conflict: {
    ...request,
    status: 409,
    native: 40902,
    message: "Other entries would be left without what they refer to.",
  },
  idempotency_in_progress: {
    ...request,
    status: 409,
    native: 40903,
    retryable: true,
    message: "A call with this Idempotency-Key is still running.",
  },
  job_ended: { ...request, status: 409, native: 40904, message: "The job has ended already." },
  idempotency_mismatch: {
    ...request,
    status: 422,
    native: 42201,
    message: "This Idempotency-Key was used with another body.",
  },
  revision_conflict: {
    ...request,
    status: 412,
    native: 41201,
    retryable: true,
    message: "Somebody else changed it meanwhile; read it again.",
  },
  model_sunset: { ...request, status: 410, native: 41001, message: "The model has ended." },
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
    message: "Too many requests in this time.",
  },
  concurrency_limit_exceeded: {
    status: 429,
    type: "requests",
    native: 42902,
    retryable: true,
    message: "Too many requests at the same time.",
  },
  too_many_logins: {
    status: 429,
    type: "requests",
    native: 42903,
    retryable: true,
    message: "Too many attempts to log in.",
  },
  daily_quota_exceeded: {
    status: 429,
    type: "requests",
    native: 42904,
    retryable: true,
    message: "The requests of this day are used up.",
  },
  token_limit_exceeded: {
    status: 429,
    type: "tokens",
    native: 42905,
    retryable: true,
    message: "Too many tokens a minute.",
  },
  insufficient_quota: {
    status: 429,
    type: "insufficient_quota",
    native: 42906,
    retryable: false,
    message: "The budget of this month is used up.",
  },
  upstream_rate_limited: {
    status: 429,
    type: "requests",
    native: 42907,
    retryable: true,
    message: "The provider of this model takes no more requests now.",
  },
  too_many_jobs: {
    type: "requests",
    status: 429,
    native: 42908,
    retryable: true,
    message: "Too many jobs are waiting.",
  },
  too_many_quota_requests: {
    type: "requests",
    status: 429,
    native: 42910,
    retryable: true,
    message: "Earlier requests for quota are not decided yet.",
  },
  too_many_keys: {
    type: "requests",
    status: 429,
    native: 42909,
    retryable: true,
    message: "Too many temporary keys are in force.",
  },
  upgrade_required: {
    ...request,
    status: 426,
    native: 42601,
    message: "This path is a WebSocket: ask for the upgrade.",
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
  fine_tuning_off: { ...absent, native: 50101, message: "This gateway has no fine-tuning." },
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
  large_bodies_busy: {
    ...server,
    status: 503,
    native: 50310,
    message: "Too many large requests at the moment.",
  },
  not_ready: { ...server, status: 503, native: 50304, message: "Starting or stopping." },
  queue_full: {
    ...server,
    status: 503,
    native: 50308,
    message: "Too many calls wait for this model.",
  },
  identity_unavailable: {
    ...server,
    status: 503,
    native: 50305,
    message: "Identities cannot be checked at the moment.",
  },
  directory_unavailable: {
    ...server,
    status: 503,
    native: 50307,
    message: "The directory cannot be changed at the moment.",
  },
  erasure_incomplete: {
    ...server,
    status: 503,
    native: 50309,
    message: "A store does not answer; not all is erased. Ask again.",
  },
  audit_unavailable: {
    ...server,
    status: 503,
    native: 50306,
    message: "Calls cannot be recorded at the moment.",
  },
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
