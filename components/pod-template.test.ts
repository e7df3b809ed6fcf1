/** What every pod has, and what cannot be forgotten or contradicted. */
import { describe, expect, test } from "vitest";
import type { Loose } from "../stacks/test-objects.ts";
import { type Mount, type Program, podTemplate } from "./pod-template.ts";
import { probeBudget } from "./sizing/probes.ts";

const BASE: Program = {
  name: "program",
  image: "image:test",
  ports: { api: 8_000 },
  resources: { cpu: "1", memory: "1Gi" },
  mounts: [],
  health: { budget: probeBudget(5), ready: { https: "/health", port: 8_000 } },
  terminationSeconds: 30,
};
const made = (changes: Partial<Program> = {}): Loose => podTemplate({ ...BASE, ...changes });
const prepares = (mounts: readonly Mount[]) => ({
  preparations: [
    { name: "first", image: "image:test", resources: { cpu: "1", memory: "1Gi" }, mounts },
  ],
});

test("what prepares a program is as restricted as the program", () => {
  const { spec } = made(prepares([]));
  const [first] = spec.initContainers;
  expect(first.securityContext).toEqual(spec.containers[0].securityContext);
  expect(first.startupProbe).toBeUndefined();
  expect(made().spec.initContainers).toBeUndefined();
});

describe("volumes", () => {
  test("that one fills and the other reads are the same one", () => {
    const { spec } = made({
      mounts: [{ name: "files", path: "/files", shared: true }],
      ...prepares([{ name: "files", path: "/files", scratch: "1Gi" }]),
    });
    expect(spec.volumes).toEqual([{ name: "files", emptyDir: { sizeLimit: "1Gi" } }]);
    const mountOf = (container: Loose) => container.volumeMounts[0];
    expect(mountOf(spec.containers[0])).toMatchObject({ readOnly: true });
    expect(mountOf(spec.initContainers[0]).readOnly).toBeUndefined();
  });

  test("that are there already are mounted as they are said to be", () => {
    const mounts: Mount[] = [
      { name: "read", path: "/read", volume: "one", readOnly: true },
      { name: "written", path: "/written", volume: "other", readOnly: false },
    ];
    const { spec } = made({ mounts });
    expect(spec.volumes).toEqual([
      { name: "read", persistentVolumeClaim: { claimName: "one", readOnly: true } },
      { name: "written", persistentVolumeClaim: { claimName: "other", readOnly: false } },
    ]);
    expect(spec.containers[0].volumeMounts).toEqual([
      { name: "read", mountPath: "/read", readOnly: true },
      { name: "written", mountPath: "/written" },
    ]);
  });

  test("in memory must leave the program some", () => {
    const memory = (size: string): Mount[] => [{ name: "memory", path: "/m", memory: size }];
    expect(made({ mounts: memory("512Mi") }).spec.volumes).toEqual([
      { name: "memory", emptyDir: { medium: "Memory", sizeLimit: "512Mi" } },
    ]);
    expect(() => made({ mounts: memory("1Gi") })).toThrow("1024Mi in memory");
    expect(() =>
      made({ mounts: memory("512Mi"), ...prepares([{ name: "x", path: "/x", memory: "512Mi" }]) }),
    ).toThrow("1024Mi in memory");
  });
});

test("devices are asked for as they are allowed, beside memory and processors", () => {
  const devices = { "nvidia.com/gpu": "2" };
  const [container] = made({ resources: { ...BASE.resources, devices } }).spec.containers;
  expect(container.resources).toEqual({
    requests: { cpu: "1", memory: "1Gi", ...devices },
    limits: { memory: "1Gi", ...devices },
  });
});

test("a place is asked for by labels of which one value will do, with the taints it has", () => {
  const { spec } = made({
    placement: { nodeLabels: { kind: ["one", "other"], pool: ["p"] }, tolerations: ["taint"] },
  });
  const { nodeSelectorTerms } =
    spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution;
  expect(nodeSelectorTerms).toEqual([
    {
      matchExpressions: [
        { key: "kind", operator: "In", values: ["one", "other"] },
        { key: "pool", operator: "In", values: ["p"] },
      ],
    },
  ]);
  expect(spec.tolerations).toEqual([{ key: "taint", operator: "Exists", effect: "NoSchedule" }]);
});

test("pods that stand together rather share a node than spread, and are not selected by it", () => {
  const { spec, metadata } = made({
    placement: { nodeLabels: {}, tolerations: [], together: "small" },
  });
  const [{ weight, podAffinityTerm }] =
    spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution;
  expect([weight, podAffinityTerm.topologyKey]).toEqual([100, "kubernetes.io/hostname"]);
  for (const [key, value] of Object.entries(podAffinityTerm.labelSelector.matchLabels)) {
    expect(metadata.labels[key]).toBe(value);
  }
  const keys = spec.topologySpreadConstraints.map((one: Loose) => one.topologyKey);
  expect(keys).toEqual(["topology.kubernetes.io/zone"]);
});

test("an identity outside of the cluster brings no token for the API server", () => {
  const { spec } = made({ serviceAccount: "outside" });
  expect([spec.serviceAccountName, spec.automountServiceAccountToken]).toEqual(["outside", false]);
});
