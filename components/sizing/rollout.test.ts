import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rolloutOf } from "./rollout.ts";

describe("a rollout", () => {
  test("without a spare GPU takes one replica away first", () => {
    expect(rolloutOf({ replicas: 2, gpusPerReplica: 4, gpusDeclared: 8 })).toEqual({
      rollout: { maxSurge: 0, maxUnavailable: 1, servingLeast: 1, gpusSpare: 0 },
    });
  });

  test("with a spare replica's worth adds one first", () => {
    expect(rolloutOf({ replicas: 1, gpusPerReplica: 4, gpusDeclared: 8 })).toEqual({
      rollout: { maxSurge: 1, maxUnavailable: 0, servingLeast: 1, gpusSpare: 4 },
    });
  });

  test("that would wait for ever is refused with the reason; so are more replicas than GPUs", () => {
    expect(rolloutOf({ replicas: 2, gpusPerReplica: 4, gpusDeclared: 10, surge: 1 })).toMatchObject(
      { refusal: expect.stringContaining("wait for ever") },
    );
    expect(rolloutOf({ replicas: 3, gpusPerReplica: 4, gpusDeclared: 8 })).toMatchObject({
      refusal: expect.stringContaining("2 at most"),
    });
  });

  test("never asks for more GPUs than are declared, and always gets on", () => {
    const some = fc.integer({ min: 1, max: 32 });
    const surge = fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined });
    fc.assert(
      fc.property(some, some, some, surge, (replicas, gpusPerReplica, gpusDeclared, wanted) => {
        const found = rolloutOf({ replicas, gpusPerReplica, gpusDeclared, surge: wanted });
        if ("refusal" in found) return;
        const { maxSurge, maxUnavailable } = found.rollout;
        expect((replicas + maxSurge) * gpusPerReplica).toBeLessThanOrEqual(gpusDeclared);
        expect(maxSurge + maxUnavailable).toBeGreaterThan(0);
        if (wanted !== undefined) expect(maxSurge).toBe(wanted);
      }),
    );
  });
});
