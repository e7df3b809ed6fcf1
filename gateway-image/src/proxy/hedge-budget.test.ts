/** Whatever comes in whatever order, no more than one call of twenty recent ones is sent twice. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../limits.ts";
import { HedgeBudget, HedgeBudgets } from "./hedge-budget.ts";

const { hedgeCallsEach, hedgesSavedMax } = limits;

test("of all calls, and of any calls in a row, no more than the share is sent twice", () => {
  // true: the server of this call is slow.
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 500 }), fc.nat(), fc.nat(), (calls, a, b) => {
      const budget = new HedgeBudget();
      const hedged = calls.map((slow) => {
        budget.count();
        return slow && budget.take();
      });
      const count = (list: readonly boolean[]) => list.filter(Boolean).length;
      expect(count(hedged)).toBeLessThanOrEqual(calls.length / hedgeCallsEach);
      const [from = 0, to = 0] = [a, b].map((at) => at % (calls.length + 1)).sort((x, y) => x - y);
      expect(count(hedged.slice(from, to))).toBeLessThanOrEqual(
        (to - from) / hedgeCallsEach + hedgesSavedMax,
      );
    }),
  );
});

test("where all are slow, all of the share is used", () => {
  const budget = new HedgeBudget();
  let hedged = 0;
  for (let call = 0; call < hedgeCallsEach * 50; call += 1) {
    budget.count();
    if (budget.take()) hedged += 1;
  }
  expect(hedged).toBe(50);
});

test("what is saved up is used at once where it is needed, and no more than that", () => {
  const budget = new HedgeBudget();
  for (let call = 0; call < hedgeCallsEach * 100; call += 1) budget.count();
  const taken = Array.from({ length: hedgesSavedMax + 3 }, () => budget.take());
  expect(taken.filter(Boolean)).toHaveLength(hedgesSavedMax);
});

test("no model spends what another has saved", () => {
  const budgets = new HedgeBudgets();
  for (let call = 0; call < hedgeCallsEach; call += 1) budgets.of("a").count();
  expect([budgets.of("b").take(), budgets.of("a").take(), budgets.of("a").take()]).toEqual([
    false,
    true,
    false,
  ]);
});
