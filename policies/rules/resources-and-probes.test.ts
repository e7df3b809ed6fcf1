import { expect, test } from "vitest";
import { resourcesAndProbes } from "./resources-and-probes.ts";
import { judge, UNKNOWN } from "./test-judge.ts";
import { container, DEPLOYMENT, deployment, PROBE, podSpec } from "./test-objects.ts";

async function faults(over: Record<string, unknown>) {
  return (await judge(resourcesAndProbes, DEPLOYMENT, deployment(over))).violations;
}

test("a complete container passes", async () => {
  expect(await faults({})).toEqual([]);
});

test.each([
  ["no resources", container({ resources: undefined }), 3],
  ["no memory limit", container({ resources: { requests: { cpu: 1, memory: "1Gi" } } }), 1],
  [
    "an empty quantity",
    container({ resources: { requests: { cpu: "", memory: "1" }, limits: { memory: "1" } } }),
    1,
  ],
  ["no readiness probe", container({ readinessProbe: undefined }), 1],
  ["a probe that asks nothing", container({ livenessProbe: { periodSeconds: 5 } }), 1],
  ["a probe of the wrong form", container({ livenessProbe: "yes" }), 1],
])("refuses %s", async (_, bad, count) => {
  expect(await faults({ containers: [bad] })).toHaveLength(count);
});

test("an init container needs resources, and probes only when it stays", async () => {
  const bare = container({ readinessProbe: undefined, livenessProbe: undefined });
  expect(await faults({ initContainers: [bare] })).toEqual([]);
  expect(await faults({ initContainers: [{ ...bare, resources: {} }] })).toHaveLength(3);
  expect(await faults({ initContainers: [{ ...bare, restartPolicy: "Always" }] })).toHaveLength(2);
});

test("an ephemeral container can have neither", async () => {
  expect(await faults({ ephemeralContainers: [{ name: "debug" }] })).toEqual([]);
});

test("a Job needs resources and no probes", async () => {
  const bare = container({ readinessProbe: undefined, livenessProbe: undefined });
  const props = {
    metadata: { name: "j" },
    spec: { template: { spec: podSpec({ containers: [bare] }) } },
  };
  expect((await judge(resourcesAndProbes, "kubernetes:batch/v1:Job", props)).violations).toEqual(
    [],
  );
});

test("an unknown quantity is not evaluated", async () => {
  const resources = { requests: { cpu: UNKNOWN, memory: "1Gi" }, limits: { memory: "1Gi" } };
  const verdict = await judge(
    resourcesAndProbes,
    DEPLOYMENT,
    deployment({ containers: [container({ resources })] }),
  );
  expect(verdict).toMatchObject({ violations: [], notEvaluated: true });
});

test("every question of a probe counts", async () => {
  for (const probe of [
    PROBE,
    { exec: { command: ["true"] } },
    { tcpSocket: { port: 1 } },
    { grpc: { port: 1 } },
  ]) {
    expect(await faults({ containers: [container({ livenessProbe: probe })] })).toEqual([]);
  }
});
