/**
 * What is known of one target from real traffic: requests under way, and whether it is left alone
 * after faults in a row. The time to leave it alone doubles; then one request tries it.
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../limits.ts";
import type { Target } from "./target.ts";

export class TargetHealth {
  readonly target: Target;
  inFlight = 0;
  #faults = 0;
  #ejectedUntilMs = 0;
  #ejectionMs: number = limits.ejectionMsMin;
  #trialRuns = false;
  readonly #clock: Clock;

  constructor(target: Target, clock: Clock) {
    this.target = target;
    this.#clock = clock;
  }

  get ejectedUntilMs(): number {
    return this.#ejectedUntilMs;
  }

  get ejected(): boolean {
    if (this.#faults < limits.ejectionFaults) return false;
    return this.#trialRuns || this.#clock.monotonicMs() < this.#ejectedUntilMs;
  }

  begin(): void {
    this.inFlight += 1;
    if (this.#faults >= limits.ejectionFaults) this.#trialRuns = true;
  }

  /** `unknown`: the caller left before the target had shown anything. */
  end(result: "good" | "fault" | "unknown"): void {
    this.inFlight -= 1;
    this.#trialRuns = false;
    if (result === "good") {
      this.#faults = 0;
      this.#ejectionMs = limits.ejectionMsMin;
    } else if (result === "fault") {
      this.#faults += 1;
      if (this.#faults < limits.ejectionFaults) return;
      this.#ejectedUntilMs = this.#clock.monotonicMs() + this.#ejectionMs;
      this.#ejectionMs = Math.min(this.#ejectionMs * 2, limits.ejectionMsMax);
    }
  }
}

/**
 * The order in which to try targets: least loaded for its weight first, ties by chance. Where all
 * are ejected they are tried all the same, the one that was ejected first before the others:
 * a refusal must come from the model server, not from our memory of it.
 */
export function orderTargets(
  targets: readonly TargetHealth[],
  random: () => number,
): TargetHealth[] {
  const able = targets.filter((health) => !health.ejected);
  if (able.length === 0) {
    return [...targets].sort((a, b) => a.ejectedUntilMs - b.ejectedUntilMs);
  }
  return able
    .map((health) => ({ health, load: health.inFlight / health.target.weight, tie: random() }))
    .sort((a, b) => a.load - b.load || a.tie - b.tie)
    .map(({ health }) => health);
}
