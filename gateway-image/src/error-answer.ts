/** How an error is told: in OpenAI's shape, in the native envelope, or in OAuth 2's words. */
import { ERRORS } from "./error-table.ts";
import type { ErrorCode, GatewayError } from "./errors.ts";

/** How an endpoint tells its errors: OpenAI's way, the native envelope, or OAuth 2 (RFC 6749, 5.2). */
export type ErrorShape = "openai" | "native" | "oauth";

export function errorBody(
  error: GatewayError,
  requestId: string,
  shape: ErrorShape = "openai",
): string {
  const native = error.entry.native;
  if (shape === "native") {
    return JSON.stringify({
      code: native,
      message: error.message,
      data: null,
      request_id: requestId,
    });
  }
  if (shape === "oauth") {
    return JSON.stringify({ error: oauthCode(error.code), error_description: error.message });
  }
  const retryAfter =
    error.retryAfterMs === null ? {} : { retry_after: Math.ceil(error.retryAfterMs / 1000) };
  return JSON.stringify({
    error: {
      message: error.message,
      type: error.entry.type,
      param: error.param,
      code: error.code,
      native_code: native,
      request_id: requestId,
      ...retryAfter,
      ...error.facts,
    },
  });
}

/** RFC 6749 names few; what is none of them is the request's or the server's fault. */
function oauthCode(code: ErrorCode): string {
  if (code === "unsupported_grant_type" || code === "invalid_grant") return code;
  return ERRORS[code].status >= 500 ? "server_error" : "invalid_request";
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
