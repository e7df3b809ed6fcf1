/** Properties that must hold for every setting, not for the examples one thought of. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drainOf } from "./drain.ts";
import { probeBudget, progressDeadlineSeconds } from "./probes.ts";
import {
  mebibytes,
  millicores,
  nginxWorkers,
  nodeHeap,
  postgresSharedMebibytes,
  redisMemoryMebibytes,
} from "./quantity.ts";

const stream = fc.integer({ min: 30, max: 7_200 });
const memory = fc
  .tuple(fc.integer({ min: 64, max: 900 }), fc.constantFrom("Mi", "Gi"))
  .map(([amount, unit]) => `${amount}${unit}`);

describe("drain", () => {
  test("everyone outlasts the longest stream, and is not killed before its own drain ends", () => {
    fc.assert(
      fc.property(stream, (seconds) => {
        const { gateway, edge, modelServer } = drainOf(seconds);
        expect(gateway.timeoutMs).toBeGreaterThan(seconds * 1_000);
        expect(gateway.terminationSeconds).toBeGreaterThan(
          (gateway.graceMs + gateway.timeoutMs) / 1_000 + 10,
        );
        expect(edge.workerSeconds).toBeGreaterThan(seconds);
        expect(edge.terminationSeconds).toBeGreaterThan(edge.preStopSeconds + edge.workerSeconds);
        expect(modelServer.timeoutMs).toBeGreaterThan(seconds * 1_000);
        expect(modelServer.terminationSeconds).toBeGreaterThan(
          (modelServer.graceMs + modelServer.timeoutMs) / 1_000,
        );
      }),
    );
  });

  test("nginx lets go of an idle connection before the gateway may close it", () => {
    fc.assert(
      fc.property(stream, (seconds) => {
        const { gateway, edge } = drainOf(seconds);
        expect(edge.upstreamIdleSeconds * 1_000).toBeLessThan(gateway.graceMs);
      }),
    );
  });
});

describe("probes", () => {
  test("the start-up budget covers the start, and a rollout waits for it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 7_200 }), (seconds) => {
        const { startup } = probeBudget(seconds);
        expect(startup.periodSeconds * startup.failureThreshold).toBeGreaterThan(seconds);
        expect(progressDeadlineSeconds(seconds)).toBeGreaterThan(
          startup.periodSeconds * startup.failureThreshold,
        );
      }),
    );
  });

  test("a pod leaves the endpoints before it is killed", () => {
    const { readiness, liveness } = probeBudget(1);
    expect(readiness.periodSeconds * readiness.failureThreshold).toBeLessThan(
      liveness.periodSeconds * liveness.failureThreshold,
    );
  });
});

describe("quantities", () => {
  test("are read as Kubernetes reads them", () => {
    expect([mebibytes("512Mi"), mebibytes("2Gi"), mebibytes("1Ti")]).toEqual([512, 2048, 1048576]);
    expect([millicores("250m"), millicores("2")]).toEqual([250, 2000]);
    expect(() => mebibytes("1GB")).toThrow("1GB");
    expect(() => millicores("half")).toThrow("half");
  });

  test("no program is told to use all of its container's memory", () => {
    fc.assert(
      fc.property(memory, (size) => {
        expect(redisMemoryMebibytes(size)).toBeLessThan(mebibytes(size));
        expect(postgresSharedMebibytes(size)).toBeLessThanOrEqual(mebibytes(size) / 4);
        const heap = nodeHeap(size);
        const whole = heap.oldMebibytes + 3 * heap.semiSpaceMebibytes;
        expect(whole).toBeLessThan(mebibytes(size));
        expect(heap.semiSpaceMebibytes).toBeLessThan(heap.oldMebibytes);
      }),
    );
    expect([nginxWorkers("100m"), nginxWorkers("4")]).toEqual([2, 4]);
  });
});
