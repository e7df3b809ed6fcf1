/** A model on Ray: its head holds no GPU, its workers hold what the plan says, and who may speak to it. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Loose } from "../../stacks/test-objects.ts";
import { mebibytes } from "../sizing/quantity.ts";
import { MODEL_SERVER } from "./model-component.ts";
import { RAY_HEAD, rayFlows } from "./ray-flows.ts";
import { RayModelService, type RayModelServiceArgs } from "./ray-model-service.ts";
import { byKind, certificate, engineOf, objectsOf, SHARED, variablesOf } from "./test-models.ts";
import { podsOfRayServiceWithoutOperator } from "./test-operator-pods.ts";

const SEVENTY = engineOf({
  geometry: "deepseek-r1-distill-llama-70b",
  tensorParallel: 4,
  accelerator: { gpu: "a100-80", count: 4, adapters: 0 },
});

const made = (changes: Partial<RayModelServiceArgs> = {}) =>
  objectsOf(
    () =>
      new RayModelService("model-seventy", {
        ...SHARED,
        model: "deepseek-r1-distill-llama-70b",
        rayVersion: "2.52.0",
        engine: SEVENTY,
        replicas: { least: 2, most: 2 },
        contextTokensMax: 32_768,
        resources: { cpu: "6", memory: "46Gi" },
        certificate: certificate(),
        spareCluster: false,
        ...changes,
      }),
  );

let objects: Loose[];
let service: Loose;
let head: Loose;
let group: Loose;
beforeAll(async () => {
  objects = await made();
  service = byKind(objects, "RayService");
  head = service.spec.rayClusterConfig.headGroupSpec;
  [group] = service.spec.rayClusterConfig.workerGroupSpecs;
});
const mainOf = (template: Loose) => template.spec.containers[0];

describe("the cluster", () => {
  test("has a head without GPUs, work or callers", () => {
    expect(head.rayStartParams).toEqual({
      "dashboard-host": "0.0.0.0",
      "num-cpus": "0",
      "num-gpus": "0",
    });
    expect(mainOf(head.template).resources.limits).toEqual({ memory: "8Gi" });
    expect(head.template.spec.affinity).toBeUndefined();
    expect(service.spec.excludeHeadPodFromServeSvc).toBe(true);
    expect(head.template.spec.automountServiceAccountToken).toBe(false);
  });

  test("has a worker for each replica, with its GPUs and shared memory for both of its users", () => {
    expect(group).toMatchObject({ replicas: 2, minReplicas: 2, maxReplicas: 2, numOfHosts: 1 });
    expect(mainOf(group.template).resources.limits["nvidia.com/gpu"]).toBe("4");
    const shared = group.template.spec.volumes.find((one: Loose) => one.name === "shared");
    const bytes = mebibytes(shared.emptyDir.sizeLimit) * 2 ** 20;
    expect(Number(group.rayStartParams["object-store-memory"])).toBe(bytes / 2);
  });

  test("leaves the start to the operator, which writes it from its parameters", () => {
    for (const template of [head.template, group.template]) {
      expect(mainOf(template).command).toBeUndefined();
      expect(mainOf(template).args).toBeUndefined();
      expect(template.spec.securityContext.runAsUser).toBe(1_000);
      expect(variablesOf(mainOf(template))["RAY_USAGE_STATS_ENABLED"]).toBe("0");
    }
  });

  test("a worker is ready by the proxy that serves over TLS, and lives by its own node's process", () => {
    const { readinessProbe, livenessProbe, startupProbe } = mainOf(group.template);
    expect(readinessProbe.httpGet).toEqual({ scheme: "HTTPS", path: "/-/healthz", port: 8000 });
    expect(livenessProbe.exec.command.join(" ")).toContain("52365");
    expect(startupProbe.exec).toEqual(livenessProbe.exec);
  });

  test("is found behind the Service that every model has, workers alone", () => {
    const [front] = objects.filter(
      (one) => one.metadata.name === "model-deepseek-r1-distill-llama-70b",
    );
    const selects = ({ metadata }: Loose) =>
      Object.entries(front.spec.selector).every(([key, value]) => metadata.labels[key] === value);
    expect([selects(group.template), selects(head.template)]).toEqual([true, false]);
  });

  test("has a name that KubeRay takes", () => {
    expect(service.metadata.name).toMatch(/^[a-z]([-a-z0-9]*[a-z0-9])?$/);
    expect(service.metadata.name.length).toBeLessThanOrEqual(53);
  });
});

describe("an upgrade", () => {
  test("makes a second cluster only where one fits", async () => {
    expect(service.spec.upgradeStrategy).toEqual({ type: "None" });
    const spare = byKind(await made({ spareCluster: true }), "RayService");
    expect(spare.spec.upgradeStrategy).toEqual({ type: "NewCluster" });
  });
});

describe("between two numbers of replicas", () => {
  test("Ray scales, and the container it brings is as restricted as the others", async () => {
    const scaled = byKind(await made({ replicas: { least: 1, most: 2 } }), "RayService");
    const { rayClusterConfig: cluster, serveConfigV2 } = scaled.spec;
    expect(cluster.enableInTreeAutoscaling).toBe(true);
    expect(cluster.autoscalerOptions.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(cluster.headGroupSpec.template.spec.automountServiceAccountToken).toBe(true);
    const [model] = JSON.parse(serveConfigV2).applications[0].args.llm_configs;
    expect(model.deployment_config.autoscaling_config).toMatchObject({
      min_replicas: 1,
      max_replicas: 2,
    });
  });
});

describe("a head that fails", () => {
  test("finds its state again where it has a store, whose password is nowhere in clear", async () => {
    const password = { name: "ray-store", key: "password" };
    const kept = byKind(
      await made({ headStore: { address: "rediss://ray-store:6379", password } }),
      "RayService",
    );
    expect(kept.spec.rayClusterConfig.gcsFaultToleranceOptions).toEqual({
      redisAddress: "rediss://ray-store:6379",
      redisPassword: { valueFrom: { secretKeyRef: password } },
      externalStorageNamespace: "ray-deepseek-r1-distill-llama-70b",
    });
    expect(service.spec.rayClusterConfig.gcsFaultToleranceOptions).toBeUndefined();
  });
});

describe("what Ray Serve is told", () => {
  test("is TLS, the plan's shape, and no way to a hub", () => {
    const { http_options, applications } = JSON.parse(service.spec.serveConfigV2);
    expect(http_options).toMatchObject({
      ssl_certfile: "/etc/tls/tls.crt",
      ssl_keyfile: "/etc/tls/tls.key",
      request_timeout_s: 600,
    });
    const [model] = applications[0].args.llm_configs;
    expect(model.model_loading_config).toEqual({
      model_id: "deepseek-r1-distill-llama-70b",
      model_source: "/models/deepseek-r1-distill-llama-70b",
    });
    expect(model.engine_kwargs).toMatchObject({
      tensor_parallel_size: 4,
      max_num_seqs: 32,
      reasoning_parser: "deepseek_r1",
    });
    expect(model.placement_group_config.bundles).toHaveLength(4);
    expect(model.placement_group_config.strategy).toBe("STRICT_PACK");
  });
});

describe("flows", () => {
  test("nobody but workers and the operator reaches the head, and nobody Ray Client", () => {
    const operator = { namespace: "kuberay", program: "kuberay-operator" };
    const flows = rayFlows("deepseek", MODEL_SERVER, operator);
    const toHead = flows.filter(({ to }) => "program" in to && to.program === RAY_HEAD);
    expect(toHead.map(({ name }) => name)).toEqual(["ray-operator", "ray-to-head"]);
    const opens = (port: number) =>
      flows.some(({ ports }) =>
        ports.some((one) =>
          typeof one === "number" ? one === port : one.from <= port && port <= one.to,
        ),
      );
    expect([opens(8_265), opens(10_001)]).toEqual([true, false]);
  });
});

test("pods that the operator would make: a head, and a worker for each replica and host", () => {
  const pods = podsOfRayServiceWithoutOperator(service);
  expect(pods.map(({ metadata }) => metadata.labels["ray.io/node-type"])).toEqual([
    "head",
    "worker",
    "worker",
  ]);
  const gpus = pods.map(
    ({ spec }) => mainOf({ spec } as Loose).resources.limits["nvidia.com/gpu"] ?? "0",
  );
  expect(gpus).toEqual(["0", "4", "4"]);
});
