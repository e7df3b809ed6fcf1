/** The judgements over recorded shapes of objects; the loop around them is tested on a cluster. */
import { describe, expect, test } from "vitest";
import type { PropertyMap } from "../../../values.ts";
import { judgeIngress, judgeService } from "./network.ts";
import { judgeClaim } from "./others.ts";
import { podProblem, selectorText } from "./pod-problems.ts";
import { judgeJob, judgePod } from "./pods-and-jobs.ts";
import { ruleFor } from "./rules.ts";
import { waitForRule } from "./wait-for.ts";
import { judgeDaemonSet, judgeDeployment, judgeStatefulSet } from "./workloads.ts";

const condition = (type: string, status = "True", more: PropertyMap = {}) => ({
  type,
  status,
  ...more,
});
const observed = { metadata: { name: "x", generation: 2 } };
const crashing = {
  metadata: { name: "p" },
  status: {
    phase: "Running",
    conditions: [condition("PodScheduled"), condition("Ready", "False")],
    containerStatuses: [
      {
        name: "main",
        ready: false,
        state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
        lastState: { terminated: { exitCode: 3 } },
      },
    ],
  },
};

describe("Deployment", () => {
  const of = (status: PropertyMap, spec: PropertyMap = { replicas: 3 }) => ({
    ...observed,
    spec,
    status: { observedGeneration: 2, conditions: [condition("Available")], ...status },
  });
  const full = { replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 };

  test.each([
    ["the controller has not seen it", of({ ...full, observedGeneration: 1 }), /see the change/],
    ["old pods serve still", of({ ...full, updatedReplicas: 1 }), /1 of 3 replicas updated/],
    [
      "pods start",
      of({ ...full, availableReplicas: 1, readyReplicas: 2 }),
      /2 of 3 replicas ready/,
    ],
    ["old pods leave", of({ ...full, replicas: 4 }), /1 old replicas/],
    ["not available", of({ ...full, conditions: [condition("Available", "False")] }), /available/],
  ])("waits while %s", (_name, object, status) => {
    expect(judgeDeployment(object, [])).toMatchObject({
      state: "waiting",
      status: expect.stringMatching(status),
    });
  });

  test("says why, in kubectl's words", () => {
    const verdict = judgeDeployment(of({ ...full, availableReplicas: 2, readyReplicas: 2 }), [
      crashing,
    ]);
    expect(verdict.status).toBe(
      "2 of 3 replicas ready: pod p CrashLoopBackOff (container main): it last ended with 3",
    );
  });

  test("is ready when all is, when scaled to nothing, when paused; fails past its deadline", () => {
    expect(judgeDeployment(of(full), []).state).toBe("ready");
    expect(judgeDeployment(of({ conditions: [] }, { replicas: 0 }), []).state).toBe("ready");
    expect(judgeDeployment(of({}, { replicas: 3, paused: true }), []).state).toBe("ready");
    const late = [condition("Progressing", "False", { reason: "ProgressDeadlineExceeded" })];
    expect(judgeDeployment(of({ conditions: late }), []).state).toBe("failed");
  });
});

describe("StatefulSet and DaemonSet", () => {
  const set = (status: PropertyMap, spec: PropertyMap = {}) => ({
    ...observed,
    spec: { replicas: 2, ...spec },
    status: { observedGeneration: 2, replicas: 2, readyReplicas: 2, ...status },
  });

  test("a StatefulSet waits for its revision, but not with OnDelete, and only for its partition", () => {
    const rolling = { currentRevision: "a", updateRevision: "b", updatedReplicas: 1 };
    expect(judgeStatefulSet(set(rolling), []).state).toBe("waiting");
    expect(judgeStatefulSet(set({ currentRevision: "b", updateRevision: "b" }), []).state).toBe(
      "ready",
    );
    expect(judgeStatefulSet(set(rolling, { updateStrategy: { type: "OnDelete" } }), []).state).toBe(
      "ready",
    );
    const partition = {
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } },
    };
    expect(judgeStatefulSet(set(rolling, partition), []).state).toBe("ready");
    expect(judgeStatefulSet(set({ readyReplicas: 1 }), []).status).toMatch(/1 of 2 replicas ready/);
  });

  test("a DaemonSet waits for every node it wants", () => {
    const status = { observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled: 2 };
    expect(
      judgeDaemonSet({ ...observed, status: { ...status, numberAvailable: 1 } }, []).state,
    ).toBe("waiting");
    expect(
      judgeDaemonSet({ ...observed, status: { ...status, numberAvailable: 2 } }, []).state,
    ).toBe("ready");
    expect(judgeDaemonSet({ ...observed, status: { observedGeneration: 2 } }, []).state).toBe(
      "ready",
    );
  });
});

describe("Service and Ingress", () => {
  const service = { spec: { selector: { a: "b" } } };
  const pod = { metadata: { name: "p" }, status: { conditions: [condition("Ready")] } };
  const slice = (...ready: boolean[]) => ({
    endpoints: ready.map((value) => ({ conditions: { ready: value } })),
  });

  test("follows endpoints, but does not wait for pods that nobody made", () => {
    expect(judgeService(service, { pods: [], slices: [] })).toMatchObject({
      state: "ready",
      settleMs: 1000,
    });
    expect(judgeService(service, { pods: [pod], slices: [] }).state).toBe("waiting");
    expect(judgeService(service, { pods: [pod], slices: [slice(true, false)] }).status).toMatch(
      /1 of 2/,
    );
    expect(judgeService(service, { pods: [pod], slices: [slice(true)] }).state).toBe("ready");
    const leaving = {
      endpoints: [
        { conditions: { ready: false, terminating: true } },
        { conditions: { ready: true } },
      ],
    };
    expect(judgeService(service, { pods: [pod], slices: [leaving] }).state).toBe("ready");
  });

  test("a load balancer needs an address", () => {
    const balanced = { spec: { type: "LoadBalancer" } };
    expect(judgeService(balanced, undefined).state).toBe("waiting");
    const status = { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } };
    expect(judgeService({ ...balanced, status }, undefined).state).toBe("ready");
  });

  test("only Services of pods watch pods; an update that selects the same does not", () => {
    const of = (spec: PropertyMap) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "s" },
      spec,
    });
    const related = (spec: PropertyMap, before?: PropertyMap) =>
      ruleFor(of(spec), before === undefined ? undefined : of(before))?.related.map(
        (query) => query.key,
      );
    expect(related({ selector: { a: "b" } })).toEqual(["pods", "slices"]);
    expect(related({ selector: { a: "b" }, clusterIP: "None" })).toEqual([]);
    expect(related({ type: "ExternalName" })).toEqual([]);
    expect(related({})).toEqual([]);
    expect(related({ selector: { a: "b" } }, { selector: { a: "b" } })).toEqual([]);
    expect(related({ selector: { a: "c" } }, { selector: { a: "b" } })).toEqual(["pods", "slices"]);
  });

  test("an Ingress needs an address; a path without Service is only waited for so long", () => {
    const rules = [{ http: { paths: [{ backend: { service: { name: "web" } } }] } }];
    expect(judgeIngress({ spec: { rules } }, []).state).toBe("waiting");
    const addressed = {
      spec: { rules },
      status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } },
    };
    expect(judgeIngress(addressed, [])).toMatchObject({ state: "ready", settleMs: 60_000 });
    expect(judgeIngress(addressed, [{ metadata: { name: "web" } }])).not.toHaveProperty("settleMs");
  });
});

describe("Pod, Job, claim", () => {
  test("a pod is ready, done, or failed for good", () => {
    expect(judgePod({ status: { phase: "Running", conditions: [condition("Ready")] } }).state).toBe(
      "ready",
    );
    expect(judgePod({ status: { phase: "Succeeded" } }).state).toBe("ready");
    expect(judgePod({ status: { phase: "Failed", reason: "Evicted" } })).toMatchObject({
      state: "failed",
    });
    expect(judgePod(crashing)).toMatchObject({ state: "waiting" });
    expect(
      podProblem({
        status: {
          conditions: [
            condition("PodScheduled", "False", { reason: "Unschedulable", message: "0/1 nodes" }),
          ],
        },
      }),
    ).toBe("Unschedulable: 0/1 nodes");
  });

  test("a job is complete, failed, suspended, or on its way", () => {
    expect(judgeJob({ status: { conditions: [condition("Complete")] } }, []).state).toBe("ready");
    expect(judgeJob({ spec: { suspend: true } }, []).state).toBe("ready");
    const failure = condition("Failed", "True", { reason: "DeadlineExceeded", message: "late" });
    expect(judgeJob({ status: { conditions: [failure] } }, []).reasons[0]).toMatch(
      /DeadlineExceeded: late/,
    );
    expect(judgeJob({ spec: { completions: 3 }, status: { succeeded: 1 } }, []).status).toBe(
      "1 of 3 completions",
    );
  });

  test("a claim follows its storage class", () => {
    const claim = (phase: string) => ({ spec: { storageClassName: "c" }, status: { phase } });
    const later = { volumeBindingMode: "WaitForFirstConsumer" };
    expect(judgeClaim(claim("Pending"), later, false).state).toBe("ready");
    expect(judgeClaim(claim("Pending"), { volumeBindingMode: "Immediate" }, false).state).toBe(
      "waiting",
    );
    expect(judgeClaim(claim("Bound"), undefined, false).state).toBe("ready");
    expect(judgeClaim(claim("Lost"), later, false).state).toBe("failed");
    expect(judgeClaim(claim("Pending"), undefined, false).reasons).toContain(
      "there is no StorageClass c",
    );
  });
});

describe("annotations", () => {
  const object = {
    status: {
      phase: "Running",
      list: [{ type: "Ready", status: "True" }],
      conditions: [condition("Ready")],
      "a.b": 1,
    },
  };
  test.each([
    ["jsonpath={.status.phase}=Running", true],
    ["jsonpath={.status.phase}=Pending", false],
    ["jsonpath=.status.phase", true],
    ["jsonpath={.status.absent}", false],
    ['jsonpath={.status.list[?(@.type=="Ready")].status}=True', true],
    ["jsonpath={.status.list[0].type}=Ready", true],
    ["jsonpath={.status['a.b']}=1", true],
    ["condition=Ready", true],
    ["condition=Ready=False", false],
    ['["condition=Ready","jsonpath={.status.phase}=Running"]', true],
  ])("waitFor %s", (annotation, expected) => {
    expect(waitForRule(annotation).judge(object, {}).state).toBe(expected ? "ready" : "waiting");
  });

  test.each(["phase=Running", "jsonpath=", "[]", "jsonpath={..phase}", "[1]"])(
    "waitFor %s is refused",
    (annotation) => {
      expect(() => waitForRule(annotation)).toThrow(/not understood/);
    },
  );

  test("skipAwait waits for nothing, kinds without a rule are complete once applied", () => {
    const metadata = { name: "x", annotations: { "pulumi.com/skipAwait": "true" } };
    expect(ruleFor({ apiVersion: "v1", kind: "Pod", metadata }, undefined)).toBeUndefined();
    expect(ruleFor({ apiVersion: "v1", kind: "ConfigMap" }, undefined)).toBeUndefined();
    expect(
      ruleFor({ apiVersion: "v1", kind: "Secret", type: "Opaque" }, undefined),
    ).toBeUndefined();
  });

  test("label selectors are written as the API wants them", () => {
    const matchExpressions = [
      { key: "b", operator: "In", values: ["c", "d"] },
      { key: "e", operator: "DoesNotExist" },
    ];
    expect(selectorText({ matchLabels: { a: "1" }, matchExpressions })).toBe("a=1,b in (c,d),!e");
    expect(selectorText({})).toBeUndefined();
  });
});
