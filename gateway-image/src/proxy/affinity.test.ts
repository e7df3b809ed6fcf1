/** The same key to the same target; only a lost target's keys move; nobody is overloaded. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ManualClock } from "../base/test-clock.ts";
import { limits } from "../limits.ts";
import { orderByAffinity } from "./affinity.ts";
import { targetOf } from "./target.ts";
import { TargetHealth } from "./target-health.ts";

const clock = new ManualClock();
const create = (weights: readonly number[]) =>
  weights.map(
    (weight, index) =>
      new TargetHealth(targetOf({ url: `http://m${index}:8000`, weight } as never), clock),
  );
const first = (targets: readonly TargetHealth[], key: string) =>
  orderByAffinity(targets, key, () => 0.5)[0]?.target.url;
const keys = Array.from({ length: 2_000 }, (_, index) => `key-${index}`);

test("a key has its target, whatever order the targets are in", () => {
  fc.assert(
    fc.property(fc.string(), fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), (key, order) => {
      const targets = create([1, 1, 1, 1]);
      const shuffled = order.map((index) => targets[index] as TargetHealth);
      expect(first(shuffled, key)).toBe(first(targets, key));
    }),
  );
});

test("keys are spread by weight", () => {
  const targets = create([1, 3]);
  const heavy = keys.filter((key) => first(targets, key) === "http://m1:8000").length;
  expect(heavy / keys.length).toBeGreaterThan(0.7);
  expect(heavy / keys.length).toBeLessThan(0.8);
});

test("where a target goes away only its own keys move", () => {
  const all = create([1, 1, 1, 1]);
  const rest = all.slice(0, 3);
  for (const key of keys) {
    const before = first(all, key);
    if (before !== "http://m3:8000") expect(first(rest, key)).toBe(before);
  }
});

test("a target that is left alone is no first choice; where all are, all are tried", () => {
  const [a, b] = create([1, 1]) as [TargetHealth, TargetHealth];
  const key = keys.find((one) => first([a, b], one) === a.target.url) ?? "";
  for (let fault = 0; fault < limits.ejectionFaults; fault += 1) {
    a.begin();
    a.end("fault");
  }
  expect(orderByAffinity([a, b], key, () => 0.5)).toEqual([b]);
  expect(orderByAffinity([a], key, () => 0.5)).toEqual([a]);
});

test("no target gets more than a quarter above its share, rounded up, however alike the keys are", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 6 }),
      fc.integer({ min: 1, max: 200 }),
      (weights, calls) => {
        const targets = create(weights);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        for (let call = 0; call < calls; call += 1) {
          orderByAffinity(targets, "the same", () => 0.5)[0]?.begin();
        }
        for (const { inFlight, target } of targets) {
          expect(inFlight).toBeLessThan(1.25 * (calls / total) * target.weight + 1.001);
        }
      },
    ),
  );
});
