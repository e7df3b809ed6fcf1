/**
 * Every endpoint of the API, one row each: what binds it to a pipeline, and what its records and
 * errors look like. Adding an endpoint is adding a row.
 */
import type { ErrorShape } from "./error-answer.ts";

/** The three calls that model servers know, with their paths there below the base path. */
export const UPSTREAM_PATHS = {
  chat: "/chat/completions",
  completions: "/completions",
  embeddings: "/embeddings",
} as const;

export type Api = keyof typeof UPSTREAM_PATHS;

export interface EndpointRow {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** `*` at the end: the rest is a name, which may hold slashes; before the end: one without. */
  readonly path: string;
  /** The pipeline it runs. */
  readonly does:
    | "inference"
    | "openSocket"
    | "converse"
    | "forgetContext"
    | "decideRisk"
    | "submitJob"
    | "listJobs"
    | "showJob"
    | "cancelJob"
    | "createFineTuning"
    | "listFineTunings"
    | "showFineTuning"
    | "listFineTuningEvents"
    | "cancelFineTuning"
    | "listModels"
    | "showModel"
    | "showUsage"
    | "showDailyUsage"
    | "showQuota"
    | "showConsole"
    | "issueToken"
    | "showSelf"
    | "changePassword"
    | "beginEnrolment"
    | "confirmEnrolment"
    | "showAuditEvents"
    | "exportAudit"
    | "verifyAudit"
    | "rotateOwnKey"
    | "makeTemporaryKey"
    | "listQuotaRequests"
    | "askForQuota"
    | "decideQuota"
    | "erase"
    | "administer"
    | "administerBody";
  /** What it asks of a model; null: nothing. */
  readonly api: Api | null;
  /** The answer is streamed whether the body says so or not. */
  readonly alwaysStreams?: true;
  readonly errors: ErrorShape;
}

const openai = { errors: "openai" } as const;
const inference = { ...openai, method: "POST", does: "inference" } as const;

const tuning = { ...openai, path: "/v1/fine_tuning/jobs", api: null } as const;
const admin = { ...openai, path: "/admin/v1/*", api: null } as const;

export const SOCKET_PATH = "/v1/streaming/ws";

export const ENDPOINTS = [
  { ...inference, path: "/v1/chat/completions", api: "chat" },
  { ...inference, path: "/v1/chat", api: "chat" },
  { ...inference, path: "/v1/streaming/chat", api: "chat", alwaysStreams: true },
  { ...inference, path: "/v1/completions", api: "completions" },
  { ...inference, path: "/v1/streaming/completions", api: "completions", alwaysStreams: true },
  { ...openai, method: "GET", path: SOCKET_PATH, does: "openSocket", api: null },
  { ...inference, path: "/v1/embeddings", api: "embeddings" },
  { method: "POST", path: "/v1/chat/complete", does: "converse", api: "chat", errors: "native" },
  {
    method: "DELETE",
    path: "/v1/chat/contexts/*",
    does: "forgetContext",
    api: null,
    errors: "native",
  },
  { ...openai, method: "POST", path: "/v1/risk/decisions", does: "decideRisk", api: "chat" },
  {
    ...openai,
    method: "POST",
    path: "/v1/async/completions",
    does: "submitJob",
    api: "completions",
  },
  { ...openai, method: "GET", path: "/v1/async/completions", does: "listJobs", api: null },
  { ...openai, method: "GET", path: "/v1/async/completions/*", does: "showJob", api: null },
  { ...openai, method: "DELETE", path: "/v1/async/completions/*", does: "cancelJob", api: null },
  { ...openai, method: "POST", path: "/v1/async/chat/completions", does: "submitJob", api: "chat" },
  { ...openai, method: "GET", path: "/v1/async/chat/completions", does: "listJobs", api: null },
  { ...openai, method: "GET", path: "/v1/async/chat/completions/*", does: "showJob", api: null },
  {
    ...openai,
    method: "DELETE",
    path: "/v1/async/chat/completions/*",
    does: "cancelJob",
    api: null,
  },
  { ...tuning, method: "POST", does: "createFineTuning" },
  { ...tuning, method: "GET", does: "listFineTunings" },
  { ...tuning, method: "GET", path: "/v1/fine_tuning/jobs/*", does: "showFineTuning" },
  { ...tuning, method: "GET", path: "/v1/fine_tuning/jobs/*/events", does: "listFineTuningEvents" },
  { ...tuning, method: "POST", path: "/v1/fine_tuning/jobs/*/cancel", does: "cancelFineTuning" },
  { ...openai, method: "GET", path: "/v1/models", does: "listModels", api: null },
  { ...openai, method: "GET", path: "/v1/models/*", does: "showModel", api: null },
  { ...openai, method: "GET", path: "/v1/usage", does: "showUsage", api: null },
  { ...openai, method: "GET", path: "/v1/usage/daily", does: "showDailyUsage", api: null },
  { ...openai, method: "GET", path: "/v1/quota", does: "showQuota", api: null },
  { ...openai, method: "GET", path: "/v1/quota/requests", does: "listQuotaRequests", api: null },
  { ...openai, method: "POST", path: "/v1/quota/requests", does: "askForQuota", api: null },
  { ...openai, method: "GET", path: "/console/data", does: "showConsole", api: null },
  { method: "POST", path: "/token", does: "issueToken", api: null, errors: "oauth" },
  { ...openai, method: "GET", path: "/users/me", does: "showSelf", api: null },
  { ...openai, method: "POST", path: "/users/me/password", does: "changePassword", api: null },
  { ...openai, method: "POST", path: "/users/me/keys", does: "makeTemporaryKey", api: null },
  { ...openai, method: "POST", path: "/users/me/keys/rotate", does: "rotateOwnKey", api: null },
  { ...openai, method: "POST", path: "/users/me/totp", does: "beginEnrolment", api: null },
  {
    ...openai,
    method: "POST",
    path: "/users/me/totp/confirm",
    does: "confirmEnrolment",
    api: null,
  },
  { ...admin, method: "GET", path: "/admin/v1/audit/events", does: "showAuditEvents" },
  { ...admin, method: "GET", path: "/admin/v1/audit/export", does: "exportAudit" },
  { ...admin, method: "POST", path: "/admin/v1/audit/verify", does: "verifyAudit" },
  { ...admin, method: "POST", path: "/admin/v1/erasures", does: "erase" },
  { ...admin, method: "POST", path: "/admin/v1/quota-decisions", does: "decideQuota" },
  { ...admin, method: "GET", does: "administer" },
  { ...admin, method: "DELETE", does: "administer" },
  { ...admin, method: "POST", does: "administerBody" },
  { ...admin, method: "PUT", does: "administerBody" },
] as const satisfies readonly EndpointRow[];

/** Is this a path of the row? */
export function covers({ path: own }: EndpointRow, path: string): boolean {
  const at = own.indexOf("*");
  if (at < 0) return own === path;
  const [before, after] = [own.slice(0, at), own.slice(at + 1)];
  const name = path.slice(at, path.length - after.length);
  if (!path.startsWith(before) || !path.endsWith(after)) return false;
  return after === "" || (name.length > 0 && !name.includes("/"));
}

/** What a path that does not exist is recorded as. */
export const OTHER: EndpointRow = {
  method: "GET",
  path: "other",
  does: "showSelf",
  api: null,
  errors: "openai",
};

/** The name that stands for the row's `*`, decoded; null where it cannot be read. */
export function nameIn(url: string, row: EndpointRow): string | null {
  const path = url.split("?", 1)[0] ?? "";
  const at = row.path.indexOf("*");
  const after = row.path.length - at - 1;
  try {
    return decodeURIComponent(path.slice(at, path.length - after));
  } catch {
    return null;
  }
}
