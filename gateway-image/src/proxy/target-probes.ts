/**
 * Asks the model servers of the site whether they are well, also those that no call goes to: GET
 * /health, as vLLM has it, through the pools and the TLS of calls. Outside providers are never
 * asked: it would cost money, and tell them when we are there. What a probe may change of a
 * target's health is said in target-health.ts.
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../limits.ts";
import { isOutside } from "./eligible-targets.ts";
import { ProbeSchedule } from "./probe-schedule.ts";
import type { RouteTable } from "./route-table.ts";
import type { TargetHealth } from "./target-health.ts";
import { faultReason } from "./upstream-fault.ts";
import type { UpstreamPools } from "./upstream-pools.ts";

/** `none`: the server answers, but has no such page, which says nothing of its health. */
export const PROBE_OUTCOMES = [
  "good",
  "none",
  "status",
  "timeout",
  "connect",
  "name",
  "certificate",
  "broken",
] as const;

export type ProbeOutcome = (typeof PROBE_OUTCOMES)[number];

/** A target of a model, by what names it in metrics and logs. */
export interface ProbedTarget {
  readonly model: string;
  readonly host: string;
}

export interface TargetProbesParts {
  readonly routes: Pick<RouteTable, "all">;
  readonly pools: Pick<UpstreamPools, "get">;
  readonly clock: Clock;
  readonly onProbe: (host: string, outcome: ProbeOutcome) => void;
  /** After each probe, for each model that the server serves. */
  readonly onHealth: (target: ProbedTarget, ejected: boolean, changed: boolean) => void;
  /** No route names it any more; `last`: for no model. */
  readonly onGone: (target: ProbedTarget, last: boolean) => void;
}

interface Probed extends ProbedTarget {
  readonly origin: string;
  readonly health: TargetHealth;
}

export class TargetProbes {
  readonly #parts: TargetProbesParts;
  readonly #schedule = new ProbeSchedule(Math.random);
  readonly #running = new Set<AbortController>();
  #known = new Map<string, ProbedTarget>();
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: TargetProbesParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), limits.probeLookMs);
  }

  /** What runs is cut, and tells nothing. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const stop of this.#running) stop.abort();
  }

  #look(): void {
    const { clock } = this.#parts;
    const targets = this.#targets();
    this.#forgetGone(targets);
    const nowMs = clock.monotonicMs();
    this.#schedule.follow(new Set(targets.map(({ origin }) => origin)), nowMs);
    for (const origin of this.#schedule.take(nowMs)) {
      void this.#probe(origin).finally(() => this.#schedule.ended(origin, clock.monotonicMs()));
    }
  }

  /** As the routes are now. */
  #targets(): Probed[] {
    return this.#parts.routes.all().flatMap(({ model, targets }) =>
      targets
        .filter(({ target }) => !isOutside(target))
        .map((health) => {
          const { origin, host } = new URL(health.target.url);
          return { model: model.id, host, origin, health };
        }),
    );
  }

  #forgetGone(targets: readonly ProbedTarget[]): void {
    const known = new Map(
      targets.map(({ model, host }) => [JSON.stringify([model, host]), { model, host }]),
    );
    const hosts = new Set(targets.map(({ host }) => host));
    for (const [name, gone] of this.#known) {
      if (!known.has(name)) this.#parts.onGone(gone, !hosts.has(gone.host));
    }
    this.#known = known;
  }

  /** Never rejects. */
  async #probe(origin: string): Promise<void> {
    const stop = new AbortController();
    this.#running.add(stop);
    const outcome = await this.#ask(origin, stop);
    this.#running.delete(stop);
    const targets = this.#targets().filter((target) => target.origin === origin);
    const [any] = targets;
    if (this.#timer === null || any === undefined) return;
    this.#parts.onProbe(any.host, outcome);
    if (outcome === "none") return;
    const verdict = outcome === "good" ? "good" : "fault";
    // Whether of this model or of another: a server that works has no time, or no connection left.
    if (verdict === "fault" && targets.some(({ health }) => health.inFlight > 0)) return;
    for (const { model, host, health } of targets) {
      const wasEjected = health.ejected;
      health.probed(verdict);
      const { ejected } = health;
      this.#parts.onHealth({ model, host }, ejected, ejected !== wasEjected);
    }
  }

  async #ask(origin: string, stop: AbortController): Promise<ProbeOutcome> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      stop.abort();
    }, limits.probeTimeoutMs);
    try {
      const answer = await this.#parts.pools
        .get(origin)
        .request({ method: "GET", path: "/health", signal: stop.signal });
      await answer.body.dump({ limit: limits.errorBytesMax });
      return outcomeOf(answer.statusCode);
    } catch (error) {
      return late ? "timeout" : faultReason(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

function outcomeOf(status: number): ProbeOutcome {
  if (status >= 500 && status !== 501) return "status";
  return status >= 200 && status < 300 ? "good" : "none";
}
