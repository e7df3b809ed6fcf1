/**
 * A request's life, top to bottom: the ordered steps of each kind of endpoint. A step that is to
 * come later (cache, filters, audit) has its line here and nowhere else.
 *
 *   observe      metrics, log line, every error becomes an answer
 *   requestId    names the request
 *   identify     who calls                               → context.principal
 *   readBody     bounded in size and time                → context.body
 *   parseCall    what is asked for                       → context.call
 *   authorise    may it be                               → context.model, context.tier
 *   admit        quota: a slot and a request
 *   recordUsage  the ledger: opened, settled
 *   forward      route, send, relay                      → context.usage, target, fault
 */
import type { RequestContext, Step } from "./context.ts";
import { GatewayError } from "./errors.ts";
import type { Parts } from "./parts.ts";
import { admit } from "./steps/admit.ts";
import { authorise } from "./steps/authorise.ts";
import { forward } from "./steps/forward.ts";
import { identify } from "./steps/identify.ts";
import { listModels, showModel } from "./steps/list-models.ts";
import { observe } from "./steps/observe.ts";
import { parseCall } from "./steps/parse-call.ts";
import { readBody } from "./steps/read-body.ts";
import { recordUsage } from "./steps/record-usage.ts";
import { requestId } from "./steps/request-id.ts";
import { showUsage } from "./steps/show-usage.ts";

export type Pipeline = (context: RequestContext) => Promise<void>;

export interface Pipelines {
  readonly inference: Pipeline;
  readonly models: Pipeline;
  readonly model: Pipeline;
  readonly usage: Pipeline;
  /** Every path and method that does not exist. */
  readonly refused: (code: "not_found" | "method_not_allowed" | "not_ready") => Pipeline;
}

export const MODEL_PATH = "/v1/models/";

export function createPipelines(parts: Parts): Pipelines {
  const seen = [observe(parts), requestId(parts.config.GW_CLIENT_ADDRESS_HEADER ?? null)];
  const known = [...seen, identify(parts.keys, parts.clock)];
  return {
    inference: compose([
      ...known,
      readBody(),
      parseCall(),
      authorise(parts.routes, parts.tierOf),
      admit(parts.quota, parts.metrics),
      recordUsage({
        ledger: parts.ledgerQueue,
        clock: parts.clock,
        site: parts.config.GW_SITE,
        instance: parts.config.GW_INSTANCE,
      }),
      forward({
        routes: parts.routes,
        pools: parts.pools,
        metrics: parts.metrics,
        clock: parts.clock,
        maxTokensDefault: parts.config.GW_MAX_TOKENS_DEFAULT,
        answerTimeoutMs: parts.config.GW_ANSWER_TIMEOUT_MS,
        streamTimeoutMs: parts.config.GW_STREAM_TIMEOUT_MS,
      }),
    ]),
    models: compose([...known, listModels(parts.routes)]),
    model: compose([...known, showModel(parts.routes, MODEL_PATH)]),
    usage: compose([...known, showUsage(parts.ledger, parts.clock)]),
    refused: (code) =>
      compose([
        ...seen,
        async function refused() {
          throw new GatewayError(code);
        },
      ]),
  };
}

/** Step by step from the outside in; a step that calls `next` twice is a defect. */
export function compose(steps: readonly Step[]): Pipeline {
  return (context) => {
    const dispatch = async (index: number): Promise<void> => {
      const step = steps[index];
      if (step === undefined) return;
      let called = false;
      await step(context, () => {
        if (called) throw new Error(`${step.name} called next twice`);
        called = true;
        return dispatch(index + 1);
      });
    };
    return dispatch(0);
  };
}
