/**
 * Asks the next of a model's servers and, where the model says so and it keeps silent, one more:
 * the first answer counts. What became of each is told to its health, the metrics and the trace.
 */
import type { RequestContext } from "../context.ts";
import { type AskParts, ask, type Opening } from "../proxy/ask.ts";
import type { Attempt } from "../proxy/attempt.ts";
import { carry } from "../proxy/carry.ts";
import { isOutside } from "../proxy/eligible-targets.ts";
import type { Flight } from "../proxy/flight.ts";
import type { HedgeBudgets } from "../proxy/hedge-budget.ts";
import { raceHedge } from "../proxy/hedge-race.ts";
import type { TargetHealth } from "../proxy/target-health.ts";
import type { Metrics } from "../telemetry/metrics.ts";

export interface AskServersParts extends AskParts {
  readonly metrics: Metrics;
  readonly budgets: HedgeBudgets;
}

/** One server from being asked to being done with. */
interface Asking {
  readonly health: TargetHealth;
  readonly host: string;
  readonly span: RequestContext["span"];
}

/** It was not let answer, for another was sooner. */
const STOPPED: Attempt = { health: "unknown", error: null, tryNext: false };

/** Takes whom it asks from `left`. */
export async function askNext(
  parts: AskServersParts,
  flight: Flight,
  left: TargetHealth[],
): Promise<Attempt> {
  const health = left.shift();
  if (health === undefined) throw new Error("nobody is left to be asked");
  const asking = begin(flight, health);
  flight.context.target = asking.host;
  const afterMs = hedgeAfterMs(flight, health);
  if (afterMs !== null) return askTwo(parts, flight, { asking, afterMs, left });
  const opening = await ask(parts, flight, questionOf(asking, flight.signal, false));
  return settle(parts, flight, asking, await carried(flight, asking, opening));
}

/** null: this call is not sent to a second server. */
function hedgeAfterMs({ context }: Flight, health: TargetHealth): number | null {
  // A job has time; and what goes to a provider costs money and leaves the site.
  if (context.hedge !== null || context.job !== null || isOutside(health.target)) return null;
  return context.model?.hedgeAfterMs ?? null;
}

interface First {
  readonly asking: Asking;
  readonly afterMs: number;
  readonly left: TargetHealth[];
}

async function askTwo(
  parts: AskServersParts,
  flight: Flight,
  { asking, afterMs, left }: First,
): Promise<Attempt> {
  const { context, call, signal } = flight;
  const asked = [asking];
  const asks = (one: Asking) => (own: AbortSignal) =>
    ask(parts, flight, questionOf(one, own, call.stream));
  const { winner, results } = await raceHedge<Opening>({
    afterMs,
    signal,
    first: asks(asking),
    second: () => {
      const health = takeSecond(parts, flight, asking.health, left);
      if (health === null) return null;
      // Until one of them has answered.
      context.hedge = "stopped";
      const second = begin(flight, health);
      second.span?.set({ "gateway.hedge": true });
      asked.push(second);
      return asks(second);
    },
    // That the call itself is wrong is an answer too.
    isAnswer: ({ failed }) => failed === null || failed.health === "good",
  });
  const failures = asked.flatMap((one, index) => {
    if (index === winner) return [];
    const failed = results[index]?.failed ?? null;
    settle(parts, flight, one, failed === null ? STOPPED : fairly(failed, index, signal));
    return failed === null ? [] : [failed];
  });
  if (asked.length > 1) tellHedge(parts, flight, winner);
  const opening = winner === null ? undefined : results[winner];
  const answering = winner === null ? undefined : asked[winner];
  if (opening && answering) {
    context.target = answering.host;
    return settle(parts, flight, answering, await carried(flight, answering, opening));
  }
  // Another is tried only where nothing was begun, by neither of them.
  return failures.find(({ tryNext }) => !tryNext) ?? failures[0] ?? STOPPED;
}

/** A server of the site that could be asked next, if the budget has one more; taken from `left`. */
function takeSecond(
  { budgets, metrics }: AskServersParts,
  { call }: Flight,
  first: TargetHealth,
  left: TargetHealth[],
): TargetHealth | null {
  const index = left.findIndex(
    (health) =>
      !isOutside(health.target) && !health.ejected && health.target.url !== first.target.url,
  );
  if (index === -1) return null;
  if (!budgets.of(call.model).take()) {
    metrics.hedges.inc({ model: call.model, outcome: "over_budget" });
    return null;
  }
  const [second = null] = left.splice(index, 1);
  return second;
}

/** The time was up for the call, not for a server that was asked late. */
function fairly(failed: Attempt, index: number, signal: AbortSignal): Attempt {
  return index > 0 && signal.aborted ? { ...failed, health: "unknown" } : failed;
}

function tellHedge(
  { metrics }: AskServersParts,
  { context, call, signal }: Flight,
  winner: 0 | 1 | null,
): void {
  if (winner !== null) context.hedge = winner === 1 ? "won" : "lost";
  else context.hedge = signal.aborted ? "stopped" : "failed";
  metrics.hedges.inc({ model: call.model, outcome: context.hedge });
}

function begin({ context, call }: Flight, health: TargetHealth): Asking {
  const { host } = health;
  health.begin();
  const span = context.span?.child(`ask ${call.model}`, "client") ?? null;
  span?.set({ "server.address": host });
  return { health, host, span };
}

function questionOf({ health, span }: Asking, signal: AbortSignal, untilFirstByte: boolean) {
  const traceparent = span?.traceparent ?? null;
  return { target: health.target, traceparent, signal, untilFirstByte };
}

async function carried(flight: Flight, { health }: Asking, opening: Opening): Promise<Attempt> {
  if (opening.failed !== null) return opening.failed;
  return carry(flight, health.target, opening.answer);
}

function settle(
  { metrics }: AskServersParts,
  { call: { model } }: Flight,
  { health, host: target, span }: Asking,
  attempt: Attempt,
): Attempt {
  span?.end(attempt.error?.code ?? null);
  const wasEjected = health.ejected;
  health.end(attempt.health);
  const isEjected = health.ejected;
  if (isEjected && !wasEjected) metrics.ejections.inc({ model });
  metrics.ejected.set({ model, target }, isEjected ? 1 : 0);
  if (attempt.health === "fault" || attempt.health === "away") {
    metrics.upstreamFaults.inc({ model, reason: attempt.reason ?? "status" });
  }
  return attempt;
}
