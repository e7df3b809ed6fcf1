/** Runs one request, or one call of a connection, through its pipeline. */
import { createContext, type JobCall, type UpgradeOffer } from "./context.ts";
import type { EndpointRow } from "./endpoints.ts";
import type { CallAnswer, CallRequest } from "./exchange.ts";
import type { SignedHeaders } from "./identity/signature.ts";
import type { Parts } from "./parts.ts";
import type { Pipeline } from "./pipeline.ts";

/** What the listener must know of the process's life. */
export interface Lifecycle {
  readonly state: "starting" | "ready" | "draining";
  /** Requests under way. */
  busy: number;
}

export interface Exchange {
  readonly request: CallRequest;
  readonly response: CallAnswer;
  readonly endpoint: EndpointRow;
  readonly upgrade?: UpgradeOffer;
  readonly proven?: SignedHeaders | null;
  readonly job?: JobCall;
}

export type Runner = (pipeline: Pipeline, exchange: Exchange) => Promise<void>;

export function createRunner(parts: Parts, lifecycle: Lifecycle): Runner {
  return async function run(pipeline, exchange) {
    const context = createContext({
      ...exchange,
      wallMs: parts.clock.wallMs(),
      monotonicMs: parts.clock.monotonicMs(),
    });
    lifecycle.busy += 1;
    // Not before the last byte has left: a stop must not cut an answer that was only made.
    exchange.response.once("close", () => {
      lifecycle.busy -= 1;
    });
    try {
      await pipeline(context);
    } catch (cause) {
      // The outermost step answers every error, so this is a defect of that step.
      parts.log.error({ cause }, "a request escaped its pipeline");
      exchange.response.destroy();
    }
  };
}
