/** Replicas follow what waits, never past the GPUs that are declared, and never down in the dark. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ScaledModel, type ScaledModelArgs } from "./scaled-model.ts";
import { type Scaling, scalingFaults, stabilisationSeconds, triggersOf } from "./scaling.ts";
import { byKind, objectsOf } from "./test-models.ts";

const SCALING: Scaling = {
  replicas: { least: 1, most: 4 },
  waitingPerReplica: 5,
  gpusPerReplica: 2,
  gpusDeclared: 8,
  startSeconds: 400,
};

const made = (changes: Partial<ScaledModelArgs> = {}) =>
  objectsOf(
    () =>
      new ScaledModel("scale-model", {
        namespace: "deepseek",
        model: "deepseek-r1-distill-qwen-32b",
        target: "ModelServer",
        scaling: SCALING,
        prometheus: "https://prometheus.monitoring.svc:9090",
        authority: "tls-model",
        ...changes,
      }),
  );

describe("the object", () => {
  test("scales this model's Deployment by its own queue, over verified TLS", async () => {
    const objects = await made();
    const { spec, metadata } = byKind(objects, "ScaledObject");
    expect(spec.scaleTargetRef).toEqual({
      apiVersion: "apps/v1",
      kind: "Deployment",
      name: "model-deepseek-r1-distill-qwen-32b",
    });
    expect(spec).toMatchObject({ minReplicaCount: 1, maxReplicaCount: 4, cooldownPeriod: 400 });
    expect(spec.fallback).toEqual({
      failureThreshold: 3,
      replicas: 1,
      behavior: "currentReplicasIfHigher",
    });
    expect(
      spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.stabilizationWindowSeconds,
    ).toBe(400);
    const [trigger, ...others] = spec.triggers;
    expect(others).toEqual([]);
    expect(trigger).toMatchObject({
      type: "prometheus",
      metadata: {
        query: 'sum(vllm:num_requests_waiting{model_name="deepseek-r1-distill-qwen-32b"})',
        threshold: "5",
        ignoreNullValues: "false",
      },
      authenticationRef: { name: metadata.name },
    });
    expect(byKind(objects, "TriggerAuthentication").spec).toEqual({
      secretTargetRef: [{ parameter: "ca", name: "tls-model", key: "ca.crt" }],
    });
  });

  test("scales a group by its set", async () => {
    const { spec } = byKind(await made({ target: "ModelServerGroup" }), "ScaledObject");
    expect(spec.scaleTargetRef).toMatchObject({
      kind: "LeaderWorkerSet",
      name: "group-deepseek-r1-distill-qwen-32b",
    });
  });

  test("for more GPUs than there are is refused with the number that there are", async () => {
    const scaling = { ...SCALING, replicas: { least: 1, most: 5 } };
    await expect(made({ scaling })).rejects.toThrow(
      "5 replicas of 2 GPUs are 10, and 8 are declared: 4 at most",
    );
  });
});

describe("from zero", () => {
  const zero = { ...SCALING, replicas: { least: 0, most: 2 } };

  test("only the gateway's queue starts a model; its engine counts as nothing while none is known", () => {
    const triggers = triggersOf("m", zero);
    expect(triggers.map(({ query }) => query)).toEqual([
      'sum(vllm:num_requests_waiting{model_name="m"}) or (absent(up{job="model-server",model="m"}) - 1)',
      'sum(api_queue_length{model="m"})',
    ]);
  });

  test("in the dark, one replica stays", async () => {
    const { spec } = byKind(await made({ scaling: zero }), "ScaledObject");
    expect(spec.fallback.replicas).toBe(1);
  });
});

test("a window is as long as a start, within what Kubernetes takes; faults are told, whatever is set", () => {
  const scaling = fc.record({
    replicas: fc.record({ least: fc.nat(10), most: fc.nat(10) }),
    waitingPerReplica: fc.integer({ min: 1, max: 100 }),
    gpusPerReplica: fc.constantFrom(1, 2, 4, 8, 16),
    gpusDeclared: fc.nat(64),
    startSeconds: fc.nat(10_000),
  });
  fc.assert(
    fc.property(scaling, (one) => {
      const window = stabilisationSeconds(one);
      expect(window).toBeGreaterThanOrEqual(Math.min(3_600, one.startSeconds));
      expect(window).toBeLessThanOrEqual(3_600);
      if (scalingFaults(one).length > 0) return;
      expect(one.replicas.most * one.gpusPerReplica).toBeLessThanOrEqual(one.gpusDeclared);
      expect(one.replicas.least).toBeLessThanOrEqual(one.replicas.most);
    }),
  );
});
