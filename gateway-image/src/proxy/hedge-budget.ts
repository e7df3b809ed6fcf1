/**
 * How many calls of a model may be sent to a second server: one for every so many calls, saved up
 * to a few, so that of all recent calls no more than that share costs twice. A model whose servers
 * are all slow must not be asked for twice as much. Pure.
 */
import { limits } from "../limits.ts";

export class HedgeBudget {
  /** Whole calls, so that nothing is lost by rounding. */
  #calls = 0;

  /** A call that may come to be sent twice. */
  count(): void {
    const max = limits.hedgeCallsEach * limits.hedgesSavedMax;
    this.#calls = Math.min(this.#calls + 1, max);
  }

  /** true: this one may, and is counted. */
  take(): boolean {
    if (this.#calls < limits.hedgeCallsEach) return false;
    this.#calls -= limits.hedgeCallsEach;
    return true;
  }
}

/** One for each model, so that none spends what another has saved. */
export class HedgeBudgets {
  readonly #budgets = new Map<string, HedgeBudget>();

  of(model: string): HedgeBudget {
    const budget = this.#budgets.get(model) ?? new HedgeBudget();
    this.#budgets.set(model, budget);
    return budget;
  }
}
