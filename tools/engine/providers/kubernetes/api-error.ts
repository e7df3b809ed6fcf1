/**
 * What an API server answers when it refuses, and how that is told. Messages of the API server
 * quote the offending values, so every text passes a Redactor before anyone sees it.
 */
import { isObject, type PropertyValue } from "../../values.ts";
import { listAt, numberAt, stringAt } from "./kube-object.ts";

export interface StatusCause {
  readonly field: string;
  readonly reason: string;
  readonly message: string;
}

/** A response with a status code of 400 or more. */
export class ApiError extends Error {
  readonly code: number;
  /** Kubernetes' own word: NotFound, AlreadyExists, Conflict, Invalid, Forbidden ... */
  readonly reason: string;
  readonly causes: readonly StatusCause[];
  readonly retryAfterMs: number | undefined;

  constructor(
    code: number,
    reason: string,
    message: string,
    causes: readonly StatusCause[],
    retryAfterMs?: number,
  ) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.reason = reason;
    this.causes = causes;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The API server could not be reached, or the connection broke before it answered. */
export class UnreachableError extends Error {
  /** False where the request may have been carried out. */
  readonly neverSent: boolean;

  constructor(message: string, neverSent: boolean) {
    super(message);
    this.name = "UnreachableError";
    this.neverSent = neverSent;
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.code === 404;
}

/** The namespace an object goes into does not exist (yet). */
export function isNamespaceMissing(error: unknown): boolean {
  return isNotFound(error) && error instanceof Error && /^namespaces? "/.test(error.message);
}

export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.code === 409;
}

/** Builds the error from a metav1.Status body, or from any other body. */
export function apiErrorOf(code: number, body: string, retryAfter: string | undefined): ApiError {
  const seconds = Number(retryAfter);
  const retryAfterMs = retryAfter !== undefined && seconds >= 0 ? seconds * 1000 : undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    parsed = undefined;
  }
  if (!isObject(parsed) || parsed.kind !== "Status") {
    // Not an API server's answer (a proxy's page, say): the body tells nothing that helps.
    return new ApiError(code, "", `the server answered ${code}`, [], retryAfterMs);
  }
  const causes = listAt(parsed, "details", "causes").map((cause) => ({
    field: stringAt(cause, "field") ?? "",
    reason: stringAt(cause, "reason") ?? "",
    message: stringAt(cause, "message") ?? "",
  }));
  const message = stringAt(parsed, "message") ?? `the server answered ${code}`;
  const said = numberAt(parsed, "code") ?? code;
  return new ApiError(
    said === 500 && MALFORMED.test(message) ? 422 : said,
    stringAt(parsed, "reason") ?? "",
    message,
    causes,
    retryAfterMs,
  );
}

/**
 * Server-side apply answers 500 where the patch does not fit the schema (a misspelt field); it is
 * the program's fault all the same, and trying again is of no use.
 */
const MALFORMED =
  /^failed to create typed (?:patch|live) object|^failed to convert new object|^unable to convert unstructured/;

/** Replaces known secret values in texts. */
export interface Redactor {
  /** Remembers every string inside `value` as secret. */
  learn(value: PropertyValue): void;
  /** The same text with secrets replaced; `hideValues` also hides every quoted invalid value. */
  clean(text: string, hideValues?: boolean): string;
}

/**
 * Shorter secrets are not searched for, because they would match by chance; where one is invalid,
 * `hideValues` hides it all the same.
 */
const SECRET_LENGTH_MIN = 6;
/** Bounds the work: a single object of Kubernetes holds at most 1 MiB. */
const SECRETS_MAX = 20_000;

export function createRedactor(): Redactor {
  const secrets = new Set<string>();
  let longestFirst: readonly string[] = [];
  const add = (text: string): void => {
    if (text.length < SECRET_LENGTH_MIN || secrets.size >= SECRETS_MAX) return;
    secrets.add(text);
    secrets.add(JSON.stringify(text).slice(1, -1));
    secrets.add(Buffer.from(text, "utf8").toString("base64"));
  };
  const learn = (value: PropertyValue): void => {
    if (Array.isArray(value)) value.forEach(learn);
    else if (isObject(value)) Object.values(value).forEach(learn);
    else if (typeof value === "string" && !secrets.has(value)) {
      add(value);
      // The API server quotes a long value line by line or in part.
      if (value.includes("\n")) value.split("\n").forEach((line) => void add(line.trim()));
      const decoded = Buffer.from(value, "base64");
      if (decoded.toString("base64") === value) add(decoded.toString("utf8"));
    }
  };
  const clean = (text: string, hideValues = false): string => {
    if (longestFirst.length !== secrets.size) {
      longestFirst = [...secrets].sort((a, b) => b.length - a.length);
    }
    return withoutSecrets(text, longestFirst, hideValues);
  };
  return { learn, clean };
}

function withoutSecrets(text: string, secrets: readonly string[], hideValues: boolean): string {
  let result = text;
  for (const secret of secrets) {
    if (result.includes(secret)) result = result.replaceAll(secret, "[secret]");
  }
  if (!hideValues) return result;
  // `spec.x: Invalid value: "…": must be …`, and the same for unsupported and duplicate values.
  return result.replace(
    /((?:Invalid|Unsupported|Duplicate) value: )(?:"(?:[^"\\]|\\.)*"|[^:]*)/g,
    "$1[secret]",
  );
}
