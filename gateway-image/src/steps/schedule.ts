/**
 * The queue before a model that takes only so many calls at once: fair between tenants by their
 * weight, and between classes of priority without starving the lower ones. A model without such a
 * bound has no queue.
 */
import type { Clock } from "../base/clock.ts";
import type { RequestContext, Step } from "../context.ts";
import type { Caller } from "../directory/caller.ts";
import { PRIORITIES, type Priority } from "../directory/entities.ts";
import type { Model } from "../documents.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import { FairQueue, QueueFull } from "../quota/fair-queue.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** While all wait, a class gets so many turns for one of the next: nobody waits for ever. */
const CLASS_WEIGHTS: Readonly<Record<Priority, number>> = {
  realtime: 100,
  interactive: 10,
  batch: 1,
};

export interface ScheduleParts {
  readonly metrics: Metrics;
  readonly clock: Clock;
}

export function schedule({ metrics, clock }: ScheduleParts): Step {
  const queues = new Map<string, FairQueue>();
  const queueOf = (model: string, slots: number) => {
    const queue = queues.get(model) ?? new FairQueue(slots, limits.queueWaitingMax);
    queues.set(model, queue);
    queue.slots = slots;
    return queue;
  };
  const inTurn = async (
    context: RequestContext,
    { model, caller, slots }: { model: Model; caller: Caller; slots: number },
    next: () => Promise<void>,
  ) => {
    // A turn is for those alone who were admitted.
    await context.admission;
    const queue = queueOf(model.id, slots);
    const priority = priorityOf(context);
    const flow = `${caller.tenant.id}\n${priority}`;
    const weight = CLASS_WEIGHTS[priority] * caller.tier.weight;
    const beganMs = clock.monotonicMs();
    metrics.queue.inc({ model: model.id });
    let leave: () => void;
    try {
      leave = await entered(context, queue, { flow, weight }, beganMs);
    } finally {
      metrics.queue.dec({ model: model.id });
      const seconds = (clock.monotonicMs() - beganMs) / 1000;
      metrics.queueWait.observe({ model: model.id, class: priority }, seconds);
    }
    try {
      await next();
    } finally {
      leave();
    }
  };
  return function schedule(context, next) {
    const { model, caller } = context;
    if (model === null || caller === null) throw new Error("schedule comes too early");
    const slots = model.concurrencyMax;
    return slots === undefined ? next() : inTurn(context, { model, caller, slots }, next);
  };
}

async function entered(
  context: RequestContext,
  queue: FairQueue,
  ticket: { readonly flow: string; readonly weight: number },
  nowMs: number,
): Promise<() => void> {
  const stop = new AbortController();
  const onGone = () => stop.abort(new GatewayError("client_closed"));
  const leftMs = (context.deadlineMs ?? Number.POSITIVE_INFINITY) - (nowMs - context.startedMs);
  const waitMs = Math.max(0, Math.min(limits.queueTimeoutMs, leftMs));
  const late = () => stop.abort(new GatewayError("queue_full", { retryAfterMs: 1_000 }));
  const timer = setTimeout(late, waitMs);
  context.gone.signal.addEventListener("abort", onGone, { once: true });
  try {
    if (context.gone.signal.aborted) throw new GatewayError("client_closed");
    return await queue.enter(ticket, stop.signal);
  } catch (error) {
    if (error instanceof QueueFull) throw new GatewayError("queue_full", { retryAfterMs: 1_000 });
    throw error;
  } finally {
    clearTimeout(timer);
    context.gone.signal.removeEventListener("abort", onGone);
  }
}

/** What the tier says; a decision about risk is always in time, a job never; a caller may only wait longer. */
function priorityOf({ caller, endpoint, job, request }: RequestContext): Priority {
  const own =
    endpoint.does === "decideRisk"
      ? "realtime"
      : job !== null
        ? "batch"
        : (caller?.tier.priority ?? "interactive");
  const wished = request.headers["x-priority"];
  if (wished === undefined) return own;
  const names: readonly string[] = PRIORITIES;
  const index = typeof wished === "string" ? names.indexOf(wished) : -1;
  if (index === -1) {
    const message = `x-priority: ${PRIORITIES.join(", ")}.`;
    throw new GatewayError("invalid_request", { message, param: "x-priority" });
  }
  return PRIORITIES[Math.max(index, PRIORITIES.indexOf(own))] ?? own;
}
