/** How a request ended, in the words of metrics, log and ledger. */
import type { RequestContext } from "./context.ts";
import { type ErrorCode, type GatewayError, toGatewayError } from "./errors.ts";

export interface Outcome {
  /** `error` is what an operator must answer for: 5xx, time-out, broken stream even after 200. */
  readonly status: "success" | "client_error" | "error";
  /** What was sent, or would have been to a client that left. */
  readonly httpStatus: number;
  readonly error: ErrorCode | null;
}

/** `thrown`: what the pipeline ended with, undefined where it ended well. */
export function outcomeOf(context: RequestContext, thrown: unknown): Outcome {
  const fault: GatewayError | null = thrown === undefined ? context.fault : toGatewayError(thrown);
  if (fault === null) {
    return { status: "success", httpStatus: context.response.statusCode, error: null };
  }
  const sent = context.response.headersSent ? context.response.statusCode : fault.entry.status;
  return {
    status: fault.entry.status >= 500 ? "error" : "client_error",
    httpStatus: fault.code === "client_closed" ? fault.entry.status : sent,
    error: fault.code,
  };
}
