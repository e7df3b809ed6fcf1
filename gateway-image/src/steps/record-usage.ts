/** Writes the call into the ledger: opened before anything is sent upstream, settled at its end. */
import type { Clock } from "../base/clock.ts";
import { isProduced, type RequestContext, recorded, type Step } from "../context.ts";
import type { Directory } from "../directory/directory.ts";
import { GatewayError } from "../errors.ts";
import { outcomeOf } from "../outcome.ts";
import { costMicrosOf } from "../quota/cost.ts";
import type { LedgerQueue } from "../stores/ledger-queue.ts";
import type { LedgerRow } from "../stores/ledger-store.ts";

export interface RecordParts {
  readonly ledger: LedgerQueue;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly site: string;
  readonly instance: string;
}

export function recordUsage(parts: RecordParts): Step {
  return function recordUsage(context, next) {
    const current = () => ({ ...settledRow(parts, context, undefined), state: "open" as const });
    if (!parts.ledger.open(openRow(parts, context), current)) throw new GatewayError("ledger_full");
    // A whole answer is not told to be whole before its row is safe.
    return recorded(context, next, (thrown) =>
      parts.ledger.settle(settledRow(parts, context, thrown)).catch((cause: unknown) => {
        throw new GatewayError("ledger_full", { cause });
      }),
    );
  };
}

function openRow(parts: RecordParts, context: RequestContext): LedgerRow {
  const { caller, model, call } = context;
  if (caller === null || model === null || call === null) {
    throw new Error("recordUsage comes too early");
  }
  return {
    callId: context.callId,
    state: "open",
    requestId: context.requestId,
    site: parts.site,
    instance: parts.instance,
    principal: caller.principal,
    keyId: caller.credential,
    tenant: caller.tenant.id,
    endpoint: context.endpoint.path,
    model: model.id,
    streamed: call.stream,
    startedAt: new Date(context.startedWallMs),
    finishedAt: null,
    status: null,
    httpStatus: null,
    error: null,
    promptTokens: 0,
    completionTokens: 0,
    usageSource: "none",
    costMicros: 0,
    currency: null,
    latencyMs: null,
    firstByteMs: null,
  };
}

function settledRow(parts: RecordParts, context: RequestContext, thrown: unknown): LedgerRow {
  const outcome = outcomeOf(context, thrown);
  const row = openRow(parts, context);
  const latencyMs = parts.clock.monotonicMs() - context.startedMs;
  const { usage } = context;
  const price = parts.directory.get("price", row.model)?.entity;
  const billed = price !== undefined && isProduced(usage);
  return {
    ...row,
    state: "settled",
    finishedAt: new Date(parts.clock.wallMs()),
    status: outcome.status,
    httpStatus: outcome.httpStatus,
    error: outcome.error,
    promptTokens: usage.promptTokens,
    completionTokens: usage.completionTokens,
    usageSource: usage.source,
    costMicros: billed ? costMicrosOf(price, { ...usage, durationMs: latencyMs }) : 0,
    currency: billed ? price.currency : null,
    latencyMs,
    firstByteMs: context.firstByteMs,
  };
}
