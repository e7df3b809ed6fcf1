/** vLLM on a node: what the pod asks of it, what the engine is told, and how it starts and stops. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Loose } from "../../stacks/test-objects.ts";
import { mebibytes } from "../sizing/quantity.ts";
import { ModelServer, type ModelServerArgs } from "./model-server.ts";
import {
  BUCKET,
  byKind,
  certificate,
  engineOf,
  MANIFEST,
  objectsOf,
  SHARED,
  variablesOf,
} from "./test-models.ts";

const made = (changes: Partial<ModelServerArgs> = {}) =>
  objectsOf(
    () =>
      new ModelServer("model-deepseek-llm-7b-chat", {
        ...SHARED,
        model: "deepseek-llm-7b-chat",
        engine: engineOf(),
        replicas: 3,
        contextTokensMax: 4_096,
        certificate: certificate(),
        ...changes,
      }),
  );

async function podOf(changes: Partial<ModelServerArgs> = {}): Promise<Loose> {
  return byKind(await made(changes), "Deployment").spec.template.spec;
}

let deployment: Loose;
let pod: Loose;
let server: Loose;
let preparation: Loose;
beforeAll(async () => {
  deployment = byKind(await made(), "Deployment");
  pod = deployment.spec.template.spec;
  [server] = pod.containers;
  [preparation] = pod.initContainers;
});

describe("a pod", () => {
  test("has the seed's variables, and the engine is told by them", () => {
    const variables = variablesOf(server);
    expect(variables).toMatchObject({
      MODEL_PATH: "/models/deepseek-llm-7b-chat",
      MAX_BATCH_SIZE: "32",
      HF_HUB_OFFLINE: "1",
      VLLM_NO_USAGE_STATS: "1",
    });
    expect(server.command).toEqual(["vllm"]);
    expect(server.args).toEqual([
      "serve",
      "$(MODEL_PATH)",
      "--served-model-name=deepseek-llm-7b-chat",
      "--tensor-parallel-size=1",
      "--pipeline-parallel-size=1",
      "--dtype=bfloat16",
      "--max-model-len=4096",
      "--max-num-seqs=$(MAX_BATCH_SIZE)",
      "--max-num-batched-tokens=8192",
      "--gpu-memory-utilization=0.9",
      "--enable-prefix-caching",
      "--enable-chunked-prefill",
      "--host=0.0.0.0",
      "--port=8000",
      "--ssl-certfile=/etc/tls/tls.crt",
      "--ssl-keyfile=/etc/tls/tls.key",
      "--enable-ssl-refresh",
      "--shutdown-timeout=610",
      "--disable-access-log-for-endpoints=/health,/metrics",
      "--disable-fastapi-docs",
    ]);
  });

  test("asks for GPUs alike in requests and limits, on nodes that have such", () => {
    expect(server.resources).toEqual({
      requests: { cpu: "3", memory: "16Gi", "nvidia.com/gpu": "1" },
      limits: { memory: "16Gi", "nvidia.com/gpu": "1" },
    });
    const [term] =
      pod.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;
    const [products] = term.matchExpressions;
    expect(products.key).toBe("nvidia.com/gpu.product");
    expect(products.values).toContain("NVIDIA-A800-SXM4-80GB");
    expect(products.values).not.toContain("NVIDIA-A100-SXM4-40GB");
    expect(pod.tolerations).toEqual([
      { key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" },
    ]);
  });

  test("writes to folders of its own only, and its shared memory is within its limit", () => {
    expect(server.securityContext.readOnlyRootFilesystem).toBe(true);
    expect(pod.securityContext.runAsUser).toBe(10_001);
    const writable = server.volumeMounts.filter((mount: Loose) => mount.readOnly !== true);
    expect(writable.map((mount: Loose) => mount.mountPath)).toEqual([
      "/scratch",
      "/tmp",
      "/dev/shm",
    ]);
    const shared = pod.volumes.find((volume: Loose) => volume.name === "shared").emptyDir;
    expect(shared.medium).toBe("Memory");
    expect(mebibytes(shared.sizeLimit)).toBeLessThan(mebibytes(server.resources.limits.memory));
    for (const [name, value] of Object.entries(variablesOf(server))) {
      if (/CACHE|HOME|WORKSPACE/.test(name) && value.startsWith("/")) {
        expect(value).toMatch(/^\/scratch\//);
      }
    }
  });

  test("has neither GPUs nor adapters for what only prepares it", () => {
    expect(preparation.resources.limits).toEqual({ memory: "1Gi" });
  });

  test("names every volume that is mounted, once", () => {
    const names = pod.volumes.map((volume: Loose) => volume.name);
    expect(new Set(names).size).toBe(names.length);
    for (const container of [server, preparation]) {
      for (const mount of container.volumeMounts) expect(names).toContain(mount.name);
    }
  });
});

describe("weights", () => {
  test("are there and verified before the engine starts, which may only read them", () => {
    expect(variablesOf(preparation)).toEqual({
      WEIGHTS_FROM: "s3://weights/deepseek-llm-7b-chat",
      AWS_REGION: "eu-central-1",
      WEIGHTS_TO: "/models/deepseek-llm-7b-chat",
      WEIGHTS_PARALLEL: "8",
      WEIGHTS_MANIFEST_SHA256: MANIFEST,
    });
    expect(pod.serviceAccountName).toBe("model-server");
    expect(pod.automountServiceAccountToken).toBe(false);
    const mount = server.volumeMounts.find((one: Loose) => one.name === "weights");
    expect(mount).toEqual({ name: "weights", mountPath: "/models", readOnly: true });
    const volume = pod.volumes.find((one: Loose) => one.name === "weights");
    // 13.8 GB are 12.9 GiB; 2 % and a GiB more.
    expect(volume).toEqual({ name: "weights", emptyDir: { sizeLimit: "15Gi" } });
  });

  test("from a volume come through the same door", async () => {
    const weights = { ...BUCKET, place: { claim: "models", folder: "seven" } };
    const { serviceAccount: _, ...rest } = weights;
    const other = await podOf({ engine: engineOf({ weights: rest }) });
    expect(variablesOf(other.initContainers[0])["WEIGHTS_FROM"]).toBe("/source/seven");
    expect(other.volumes).toContainEqual({
      name: "weights-source",
      persistentVolumeClaim: { claimName: "models", readOnly: true },
    });
    expect(other.serviceAccountName).toBeUndefined();
  });

  test("that are sealed are opened onto memory by whoever has the key", async () => {
    const token = { name: "openbao", key: "token" };
    const place = { transit: "https://openbao:8200", mount: "transit", authority: "tls-model" };
    const key = { ...place, key: "weights", token };
    const weights = { ...BUCKET, manifest: null, key, cache: { kind: "memory" } } as const;
    const other = await podOf({
      engine: engineOf({ weights }),
      resources: { cpu: "3", memory: "31Gi" },
    });
    expect(variablesOf(other.initContainers[0])).toMatchObject({
      WEIGHTS_TRANSIT_URL: "https://openbao:8200",
      WEIGHTS_TRANSIT_TOKEN_FILE: "/etc/weights/token",
      NODE_EXTRA_CA_CERTS: "/etc/weights-authority/ca.crt",
    });
    expect(other.volumes).toContainEqual({
      name: "weights-authority",
      secret: { secretName: "tls-model", defaultMode: 0o440 },
    });
    const volume = other.volumes.find((one: Loose) => one.name === "weights");
    expect(volume.emptyDir).toEqual({ medium: "Memory", sizeLimit: "15Gi" });
    // Whoever writes it is charged for it.
    expect(other.initContainers[0].resources.limits.memory).toBe("16Gi");
  });

  test.each([
    [
      "sealed and opened onto a disk",
      {
        key: { file: { name: "keys", key: "keys" } },
        cache: { kind: "disk", encrypted: false },
      },
      "encrypted disk",
    ],
    ["from a bucket as nobody", { serviceAccount: undefined }, "service account"],
    ["in memory that the pod does not have", { cache: { kind: "memory" } }, "memory"],
  ])("%s are refused", async (_, wrong, words) => {
    const weights = { ...BUCKET, ...wrong } as typeof BUCKET;
    await expect(podOf({ engine: engineOf({ weights }) })).rejects.toThrow(words);
  });
});

test("adapters are for groups, and the GPUs of a pod are those of its shape", async () => {
  const accelerator = { gpu: "a100-80", count: 4, adapters: 4 } as const;
  const shape = { accelerator, tensorParallel: 2, pipelineParallel: 2 };
  const { containers } = await podOf({
    engine: engineOf(shape),
    resources: { cpu: "6", memory: "46Gi" },
  });
  expect(containers[0].resources.limits).toEqual({ memory: "46Gi", "nvidia.com/gpu": "4" });
  const wrong = engineOf({ ...shape, pipelineParallel: 1 });
  await expect(podOf({ engine: wrong })).rejects.toThrow("2 GPUs a pod make the shape, not 4");
});

describe("a start and an end", () => {
  test("the start-up probe leaves six times what loading takes, and readiness is strict", () => {
    const { periodSeconds, failureThreshold } = server.startupProbe;
    expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(67 * 6);
    expect(server.readinessProbe.httpGet).toEqual({
      scheme: "HTTPS",
      path: "/health",
      port: 8000,
    });
    expect(deployment.spec.progressDeadlineSeconds).toBeGreaterThan(
      periodSeconds * failureThreshold + 14 * 6,
    );
  });

  test("the pod outlives its last answer: it waits, the engine drains, and time is left", () => {
    const wait = server.lifecycle.preStop.sleep.seconds;
    const timeout = Number(
      server.args.find((one: string) => one.startsWith("--shutdown-timeout")).split("=")[1],
    );
    expect(timeout).toBeGreaterThanOrEqual(600);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(wait + timeout);
  });

  test("a new certificate rolls nothing: vLLM reads it by itself", () => {
    expect(deployment.spec.template.metadata.annotations).toBeUndefined();
  });
});

describe("a rollout", () => {
  test("takes no GPU that is not spare", async () => {
    expect(deployment.spec.strategy.rollingUpdate).toEqual({ maxSurge: 0, maxUnavailable: 1 });
    const spare = byKind(await made({ surge: 1 }), "Deployment");
    expect(spare.spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
  });

  test("sets no number where an autoscaler does", async () => {
    expect(deployment.spec.replicas).toBe(3);
    expect(byKind(await made({ scaled: true }), "Deployment").spec.replicas).toBeUndefined();
  });

  test("may be changed by whoever must", async () => {
    const changed = await made({
      transform: { deployment: (args) => ({ ...args, metadata: { name: "other" } }) },
    });
    expect(byKind(changed, "Deployment").metadata.name).toBe("other");
  });
});

describe("what the engine is told", () => {
  const argumentsOf = async (...changes: Parameters<typeof engineOf>) =>
    (await podOf({ engine: engineOf(...changes), contextTokensMax: 32_768 })).containers[0].args;

  test("thoughts come apart where the family thinks, and tool calls where it makes them", async () => {
    const distilled = await argumentsOf({ geometry: "deepseek-r1-distill-qwen-7b" });
    expect(distilled).toContain("--reasoning-parser=deepseek_r1");
    expect(distilled.join(" ")).not.toContain("tool");
    const largest = await argumentsOf({ geometry: "deepseek-v3", quantisation: "awq" });
    expect(largest).toEqual(expect.arrayContaining(["--tool-call-parser=deepseek_v3"]));
    expect(largest).toContain("--dtype=auto");
    expect(largest.join(" ")).not.toContain("--reasoning");
  });

  test("a prompt in one piece fits into a step", async () => {
    const whole = await argumentsOf({ chunkedPrefill: false, prefixCaching: false });
    expect(whole).toEqual(
      expect.arrayContaining([
        "--max-num-batched-tokens=32768",
        "--no-enable-chunked-prefill",
        "--no-enable-prefix-caching",
      ]),
    );
    expect(await argumentsOf({ batchTokensMax: 2_048 })).toContain("--max-num-batched-tokens=2048");
  });

  test("slices are asked for by their size", async () => {
    const accelerator = { gpu: "a100-80-mig-3g", count: 1, adapters: 0 } as const;
    const { containers } = await podOf({ engine: engineOf({ accelerator }) });
    expect(containers[0].resources.limits).toEqual({
      memory: "16Gi",
      "nvidia.com/mig-3g.40gb": "1",
    });
  });
});
