/**
 * What is known of one target: requests under way, and whether it is left alone after faults in a
 * row. The time to leave it alone doubles; then one request tries it. Real traffic is the witness
 * that counts. Probes add two things only:
 *
 *  - a target on which nothing runs, and whose probes fail in a row, is left alone as well;
 *  - a target that could not be reached, by traffic or by probes, and is reached by a probe again
 *    need not wait for the end of its time. The next fault then leaves it alone at once, for the
 *    doubled time.
 *
 * A server whose probes are well and whose answers fail was never away, so no probe shortens the
 * time for which its faults have earned that it is left alone.
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../limits.ts";
import type { Target } from "./target.ts";

/**
 * `away`: a fault as well, by which nothing had reached the target. `unknown`: it was not let show
 * anything, for the caller left or another target was sooner.
 */
export type Verdict = "good" | "fault" | "away" | "unknown";

export class TargetHealth {
  readonly target: Target;
  /** Of its address, as logs, traces and metrics name it. */
  readonly host: string;
  inFlight = 0;
  #faults = 0;
  #ejectedUntilMs = 0;
  #ejectionMs: number = limits.ejectionMsMin;
  #trialRuns = false;
  #probeFaults = 0;
  /** The last that was heard of it, by either witness, is that it cannot be reached. */
  #away = false;
  readonly #clock: Clock;

  constructor(target: Target, clock: Clock) {
    this.target = target;
    this.host = URL.parse(target.url)?.host ?? target.url;
    this.#clock = clock;
  }

  get ejectedUntilMs(): number {
    return this.#ejectedUntilMs;
  }

  get ejected(): boolean {
    if (this.#probeFaults >= limits.probeFaults) return true;
    if (this.#faults < limits.ejectionFaults) return false;
    return this.#trialRuns || this.#clock.monotonicMs() < this.#ejectedUntilMs;
  }

  begin(): void {
    this.inFlight += 1;
    if (this.#faults >= limits.ejectionFaults) this.#trialRuns = true;
  }

  end(verdict: Verdict): void {
    this.inFlight -= 1;
    this.#trialRuns = false;
    if (verdict === "unknown") return;
    this.#away = verdict === "away";
    if (verdict === "good") {
      this.#faults = 0;
      this.#probeFaults = 0;
      this.#ejectionMs = limits.ejectionMsMin;
      return;
    }
    this.#faults += 1;
    if (this.#faults < limits.ejectionFaults) return;
    this.#ejectedUntilMs = this.#clock.monotonicMs() + this.#ejectionMs;
    this.#ejectionMs = Math.min(this.#ejectionMs * 2, limits.ejectionMsMax);
  }

  /** A probe that was refused while calls run is no news: what becomes of them says more. */
  probed(verdict: "good" | "fault"): void {
    if (verdict === "fault") {
      this.#probeFaults += 1;
      if (this.#probeFaults >= limits.probeFaults) this.#away = true;
      return;
    }
    this.#probeFaults = 0;
    if (!this.#away) return;
    this.#away = false;
    this.#faults = Math.min(this.#faults, limits.ejectionFaults - 1);
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
  const all = able.length === 0;
  const since = (health: TargetHealth) => (all ? health.ejectedUntilMs : 0);
  return (all ? targets : able)
    .map((health) => ({ health, load: health.inFlight / health.target.weight, tie: random() }))
    .sort((a, b) => since(a.health) - since(b.health) || a.load - b.load || a.tie - b.tie)
    .map(({ health }) => health);
}
