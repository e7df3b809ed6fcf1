/** Writes the call into the ledger: opened before anything is sent upstream, settled at its end. */
import type { Clock } from "../base/clock.ts";
import type { RequestContext, Step } from "../context.ts";
import { GatewayError } from "../errors.ts";
import { outcomeOf } from "../outcome.ts";
import type { LedgerQueue } from "../stores/ledger-queue.ts";
import type { LedgerRow } from "../stores/ledger-store.ts";

export interface RecordParts {
  readonly ledger: LedgerQueue;
  readonly clock: Clock;
  readonly site: string;
  readonly instance: string;
}

export function recordUsage(parts: RecordParts): Step {
  return async function recordUsage(context, next) {
    if (!parts.ledger.open(openRow(parts, context))) throw new GatewayError("ledger_full");
    let thrown: unknown;
    try {
      await next();
    } catch (error) {
      thrown = error;
      throw error;
    } finally {
      parts.ledger.settle(settledRow(parts, context, thrown));
    }
  };
}

function openRow(parts: RecordParts, context: RequestContext): LedgerRow {
  const { principal, model, call } = context;
  if (principal === null || model === null || call === null) {
    throw new Error("recordUsage comes too early");
  }
  return {
    callId: context.callId,
    state: "open",
    requestId: context.requestId,
    site: parts.site,
    instance: parts.instance,
    keyId: principal.id,
    tenant: principal.tenant,
    endpoint: context.endpoint,
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
    latencyMs: null,
    firstByteMs: null,
  };
}

function settledRow(parts: RecordParts, context: RequestContext, thrown: unknown): LedgerRow {
  const outcome = outcomeOf(context, thrown);
  return {
    ...openRow(parts, context),
    state: "settled",
    finishedAt: new Date(parts.clock.wallMs()),
    status: outcome.status,
    httpStatus: outcome.httpStatus,
    error: outcome.error,
    promptTokens: context.usage.promptTokens,
    completionTokens: context.usage.completionTokens,
    usageSource: context.usage.source,
    latencyMs: parts.clock.monotonicMs() - context.startedMs,
    firstByteMs: context.firstByteMs,
  };
}
