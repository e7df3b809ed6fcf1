/** GPUs are handed out once, seen whole, and what reaches into a node takes no more than it must. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Loose } from "../../stacks/test-objects.ts";
import { GPU_COUNTER_NAMES, gpuCounters } from "./gpu-counters.ts";
import { GpuRuntime, type GpuRuntimeArgs } from "./gpu-runtime.ts";
import { byKind, certificate, objectsOf, variablesOf } from "./test-models.ts";

const OURS = {
  namespace: "deepseek-gpu",
  mode: "ours",
  images: { plugin: "plugin:test", exporter: "exporter:test" },
} as const;

const made = (more: Partial<Extract<GpuRuntimeArgs, { mode: "ours" }>> = {}) =>
  objectsOf(() => new GpuRuntime("gpu", { ...OURS, certificate: certificate(), ...more }));
const daemons = (objects: readonly Loose[]) =>
  objects.filter((object) => object.kind === "DaemonSet");

let objects: Loose[];
beforeAll(async () => {
  objects = await made({ adapterImage: "adapters:test", slicedPools: ["sliced"] });
});
const named = (name: string) => daemons(objects).find((one) => one.metadata.name === name);
const expressions = (daemon: Loose) =>
  daemon.spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution
    .nodeSelectorTerms[0].matchExpressions;

describe("beside an operator", () => {
  const beside = (scraped: Record<string, string> | null) =>
    objectsOf(
      () => new GpuRuntime("gpu", { namespace: "gpu-operator", mode: "operator", scraped }),
    );

  test("nothing of ours runs; it finds our counters under the key that it looks for", async () => {
    const others = await beside(null);
    expect(others.map((object) => object.kind)).toEqual(["ConfigMap"]);
    expect(others[0].metadata).toMatchObject({ name: "gpu-counters", namespace: "gpu-operator" });
    expect(Object.keys(others[0].data)).toEqual(["dcgm-metrics.csv"]);
  });

  test("its exporters have an address each where our Prometheus is to scrape them", async () => {
    const objects = await beside({ app: "nvidia-dcgm-exporter" });
    const { metadata, spec } = byKind(objects, "Service");
    expect(metadata).toMatchObject({ name: "dcgm-exporter-metrics", namespace: "gpu-operator" });
    expect(spec).toMatchObject({
      ...{ clusterIP: "None", publishNotReadyAddresses: true },
      ...{ selector: { app: "nvidia-dcgm-exporter" }, ports: [{ port: 9_400 }] },
    });
  });
});

describe("ours", () => {
  test("no node has two device plugins: sliced pools have their own", () => {
    const pool = (name: string) =>
      expressions(named(name)).find((one: Loose) => one.key === "deepseek.local/pool");
    expect(pool("nvidia-device-plugin")).toMatchObject({ operator: "NotIn", values: ["sliced"] });
    expect(pool("nvidia-device-plugin-sliced")).toMatchObject({
      operator: "In",
      values: ["sliced"],
    });
    const strategy = (name: string) =>
      variablesOf(named(name).spec.template.spec.containers[0])["MIG_STRATEGY"];
    expect(strategy("nvidia-device-plugin")).toBe("none");
    expect(strategy("nvidia-device-plugin-sliced")).toBe("mixed");
  });

  test("without slices there is one, and without adapters no plugin for them", async () => {
    const names = daemons(await made()).map((one) => one.metadata.name);
    expect(names).toEqual(["nvidia-device-plugin", "dcgm-exporter"]);
  });

  test("every one tolerates the taint of GPU nodes, runs on those only, and goes last", () => {
    expect(daemons(objects)).toHaveLength(4);
    for (const daemon of daemons(objects)) {
      const { spec } = daemon.spec.template;
      expect(spec.tolerations).toEqual([
        { key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" },
      ]);
      expect(expressions(daemon)[0]).toMatchObject({
        key: "nvidia.com/gpu.product",
        values: expect.arrayContaining(["NVIDIA-A100-SXM4-80GB", "NVIDIA-A100-SXM4-40GB"]),
      });
      expect(spec.priorityClassName).toBe("system-node-critical");
      expect(spec.automountServiceAccountToken).toBe(false);
    }
  });

  test("none is privileged; capabilities are those that are named, host folders those of its task", () => {
    const taken = Object.fromEntries(
      daemons(objects).map((daemon) => {
        const { containers, volumes, hostNetwork = false } = daemon.spec.template.spec;
        const { securityContext } = containers[0];
        expect(securityContext.privileged).toBeUndefined();
        expect(securityContext.allowPrivilegeEscalation).toBe(false);
        expect(securityContext.capabilities.drop).toEqual(["ALL"]);
        const folders = volumes.flatMap((one: Loose) => one.hostPath?.path ?? []);
        return [
          daemon.metadata.name,
          { add: securityContext.capabilities.add ?? [], folders, hostNetwork },
        ];
      }),
    );
    const plugins = "/var/lib/kubelet/device-plugins";
    expect(taken).toEqual({
      "nvidia-device-plugin": { add: [], folders: [plugins], hostNetwork: false },
      "nvidia-device-plugin-sliced": {
        add: ["SYS_ADMIN"],
        folders: [plugins],
        hostNetwork: false,
      },
      "efa-device-plugin": { add: [], folders: [plugins, "/dev/infiniband"], hostNetwork: true },
      "dcgm-exporter": {
        add: ["SYS_ADMIN"],
        folders: ["/var/lib/kubelet/pod-resources"],
        hostNetwork: false,
      },
    });
  });

  test("the exporter answers TLS 1.3 alone, on every node, under one name", () => {
    const { data } = byKind(objects, "ConfigMap");
    expect(data["web.yml"]).toContain("min_version: TLS13");
    const [container] = named("dcgm-exporter").spec.template.spec.containers;
    expect(container.args).toContain("--web-config-file=/etc/dcgm-web/web.yml");
    expect(container.readinessProbe.httpGet.scheme).toBe("HTTPS");
    expect(byKind(objects, "Service").spec).toMatchObject({
      clusterIP: "None",
      ports: [{ port: 9_400 }],
    });
  });
});

describe("counters", () => {
  test("have what tells of a dying GPU, which NVIDIA's own list leaves out", () => {
    expect(GPU_COUNTER_NAMES).toEqual(
      expect.arrayContaining([
        "DCGM_FI_DEV_XID_ERRORS",
        "DCGM_EXP_XID_ERRORS_COUNT",
        "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL",
        "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS",
        "DCGM_FI_DEV_ROW_REMAP_FAILURE",
      ]),
    );
    expect(new Set(GPU_COUNTER_NAMES).size).toBe(GPU_COUNTER_NAMES.length);
  });

  test("are lines of three fields, as the exporter reads them", () => {
    for (const line of gpuCounters().trimEnd().split("\n")) {
      const fields = line.split(", ");
      expect(fields.length, line).toBe(3);
      expect(line).toMatch(/^DCGM_[A-Z_]+, (gauge|counter), [^,]+$/);
    }
  });
});
