/** RTO and RPO: exact for known sites, and bounds that hold for every one. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LAG_SECONDS, type RecoveryRequest, recoveryOf } from "./recovery.ts";

/** R1 in AWQ on one node of 80 GB: 331 GiB at 2 GB/s; Route 53's fast probes; a TTL of a minute. */
const COLD: RecoveryRequest = {
  detection: { intervalSeconds: 10, failures: 3 },
  dnsTtlSeconds: 60,
  warmNodes: 0,
  nodeBootSeconds: 420,
  weights: { bytesPerNode: 331 * 2 ** 30, bytesPerSecond: 2e9 },
  replicas: [
    { name: "ledger", lagSeconds: LAG_SECONDS.walArchive },
    { name: "audit archive", lagSeconds: LAG_SECONDS.objectReplication },
  ],
  budget: { rtoSeconds: 900, rpoSeconds: 900 },
};

function planOf(request: RecoveryRequest) {
  const plan = recoveryOf(request);
  return "recovery" in plan
    ? { ...plan.recovery, reasons: [] as readonly string[] }
    : { ...plan.refusal.recovery, reasons: plan.refusal.reasons };
}

describe("a site without a warm GPU", () => {
  test("takes each step in turn", () => {
    const { rtoSeconds, rpoSeconds, rtoTerms, reasons } = planOf(COLD);
    expect(rtoTerms.map(({ seconds }) => Math.round(seconds))).toEqual([30, 60, 420, 178, 120]);
    expect(rtoSeconds).toBe(808);
    expect(rpoSeconds).toBe(900);
    expect(reasons).toEqual([]);
  });

  test("is refused over its budget, with the term that weighs most", () => {
    const { reasons } = planOf({ ...COLD, budget: { rtoSeconds: 600, rpoSeconds: 60 } });
    expect(reasons).toEqual([
      "service is back: 808 s, and 600 s are promised; most of it is boot of a GPU node, 420 s",
      "data may be lost: 900 s, and 60 s are promised; most of it is audit archive, 900 s",
    ]);
    const slow = { ...COLD, weights: { ...COLD.weights, bytesPerSecond: 0.25e9 } };
    expect(planOf(slow).reasons[0]).toMatch(/most of it is load of the weights, 1422 s$/);
  });
});

test("a warm node leaves detection and DNS only", () => {
  expect(planOf({ ...COLD, warmNodes: 1 }).rtoSeconds).toBe(90);
});

const seconds = fc.integer({ min: 0, max: 100_000 });
const request: fc.Arbitrary<RecoveryRequest> = fc.record({
  detection: fc.record({
    intervalSeconds: fc.integer({ min: 1, max: 300 }),
    failures: fc.integer({ min: 1, max: 10 }),
  }),
  dnsTtlSeconds: seconds,
  warmNodes: fc.integer({ min: 0, max: 3 }),
  nodeBootSeconds: seconds,
  weights: fc.record({
    bytesPerNode: fc.double({ min: 1, max: 1e13, noNaN: true }),
    bytesPerSecond: fc.double({ min: 1e6, max: 1e11, noNaN: true }),
  }),
  replicas: fc.array(fc.record({ name: fc.string(), lagSeconds: seconds }), { maxLength: 5 }),
  budget: fc.record({ rtoSeconds: seconds, rpoSeconds: seconds }),
});

describe("for every site", () => {
  test("it is refused exactly when a bound is over its budget, once for each", () => {
    fc.assert(
      fc.property(request, (one) => {
        const { rtoSeconds, rpoSeconds, reasons } = planOf(one);
        const over = [rtoSeconds > one.budget.rtoSeconds, rpoSeconds > one.budget.rpoSeconds];
        expect(reasons).toHaveLength(over.filter(Boolean).length);
      }),
    );
  });

  test("no term is forgotten, and nothing that is slower recovers sooner", () => {
    fc.assert(
      fc.property(request, fc.integer({ min: 1, max: 1_000 }), (one, more) => {
        const { rtoSeconds, rpoSeconds, rtoTerms } = planOf(one);
        const sum = rtoTerms.reduce((total, term) => total + term.seconds, 0);
        expect(rtoSeconds).toBe(Math.ceil(sum));
        expect(planOf({ ...one, dnsTtlSeconds: one.dnsTtlSeconds + more }).rtoSeconds).toBe(
          rtoSeconds + more,
        );
        const { intervalSeconds, failures } = one.detection;
        const patient = { intervalSeconds, failures: failures + 1 };
        expect(planOf({ ...one, detection: patient }).rtoSeconds).toBe(
          Math.ceil(sum + intervalSeconds),
        );
        expect(planOf({ ...one, warmNodes: 1 }).rtoSeconds).toBeLessThanOrEqual(
          planOf({ ...one, warmNodes: 0 }).rtoSeconds,
        );
        const late = { name: "late", lagSeconds: rpoSeconds + more };
        expect(planOf({ ...one, replicas: [...one.replicas, late] }).rpoSeconds).toBe(
          rpoSeconds + more,
        );
      }),
    );
  });

  test("what is no time is a mistake of ours", () => {
    expect(() => recoveryOf({ ...COLD, dnsTtlSeconds: -1 })).toThrow("DNS");
    expect(() => recoveryOf({ ...COLD, nodeBootSeconds: Number.NaN })).toThrow("boot");
    expect(() => recoveryOf({ ...COLD, replicas: [{ name: "x", lagSeconds: -1 }] })).toThrow("x");
  });
});
