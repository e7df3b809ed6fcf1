/**
 * What the component of each model on GPUs is told, and the choice between the three ways of serving.
 * The stack adds certificates; the ground says where weights come from.
 */
import * as pulumi from "@pulumi/pulumi";
import { fabricAdapters, networkInterfaces } from "../components/aws/efa.ts";
import { GPU_INSTANCES } from "../components/aws/gpu-instances.ts";
import type { CertificateHandle } from "../components/certificates.ts";
import type { Accelerator } from "../components/serving/accelerators.ts";
import { type ModelHandle, modelService } from "../components/serving/model-component.ts";
import { ModelServer } from "../components/serving/model-server.ts";
import { ModelServerGroup } from "../components/serving/model-server-group.ts";
import { RayModelService } from "../components/serving/ray-model-service.ts";
import type { VllmEngine } from "../components/serving/vllm-engine.ts";
import type { Weights, WeightsKey } from "../components/serving/weights.ts";
import type { ServedModel } from "../components/sizing/served-models.ts";
import { imageReference } from "../config/images.ts";
import type { PoolSettings, Settings } from "../config/schema.ts";
import { SERVICE } from "./places.ts";
import { type GpuModel, isOnGpus, manifestOf } from "./site-models.ts";

/** Where a site's weights are beside volumes: its bucket, its key, and whose role may read them. */
export interface WeightsGround {
  readonly bucket: pulumi.Input<string>;
  readonly region: string;
  readonly key: pulumi.Input<string>;
  readonly serviceAccount: pulumi.Input<string>;
}

export interface GpuModelArguments {
  readonly served: ServedModel;
  readonly model: GpuModel;
  readonly shared: ReturnType<typeof shared>;
}

export function gpuModelArguments(
  settings: Settings,
  served: readonly ServedModel[],
): GpuModelArguments[] {
  return settings.models.filter(isOnGpus).map((model) => {
    const own = served.find(({ name }) => name === model.name);
    if (own === undefined) throw new Error(`nothing was planned for ${model.name}`);
    return { served: own, model, shared: shared(settings, model, own) };
  });
}

function shared(settings: Settings, model: GpuModel, served: ServedModel) {
  const { name, contextTokensMax, capabilities, callsAtOnce, server } = model;
  return {
    namespace: SERVICE,
    image: imageReference(settings, server.engine),
    weightsImage: imageReference(settings, "weights"),
    model: name,
    contextTokensMax,
    capabilities,
    callsAtOnce,
    longestStreamSeconds: settings.gateway.longestStreamSeconds,
    accelerator: acceleratorOf(settings, model, served),
    weightsKey: settings.weightsKey,
    manifest: manifestOf(settings, model),
    // A standby keeps some of its servers, or none, until it is needed.
    replicas: startedReplicas(settings, model),
  };
}

function startedReplicas({ site }: Settings, { replicas }: GpuModel): number {
  if (site.role !== "standby" || site.warmReplicas === "all") return replicas;
  return site.warmReplicas === "one" ? Math.min(1, replicas) : 0;
}

function acceleratorOf(settings: Settings, { server }: GpuModel, served: ServedModel): Accelerator {
  const pool = settings.cloud?.pools.find(({ name }) => name === server.pool);
  return {
    gpu: served.gpu,
    count: served.gpusPerPod,
    adapters: served.plan.nodes > 1 ? adaptersOf(pool) : 0,
    packed: served.packed,
    ...(pool === undefined ? {} : { pool: pool.name }),
  };
}

/** Of one node. */
function adaptersOf(pool: PoolSettings | undefined): number {
  if (pool?.kind !== "gpu" || pool.fabric === "none") return 0;
  const { networkCards } = GPU_INSTANCES[pool.instanceType];
  return fabricAdapters(networkInterfaces(networkCards, pool.fabric));
}

export function createModel(
  { served, model, shared }: GpuModelArguments,
  peers: { readonly certificate: CertificateHandle; readonly weights: WeightsGround | null },
  options: pulumi.ComponentResourceOptions,
): ModelHandle {
  const name = modelService(model.name);
  const { accelerator, weightsImage, weightsKey, manifest, replicas, ...common } = shared;
  const args = {
    ...common,
    certificate: peers.certificate,
    resources: served.resources,
    engine: engineOf(model, served, {
      accelerator,
      weights: weightsOf(model, served, {
        weightsImage,
        weightsKey,
        manifest,
        ground: peers.weights,
      }),
    }),
  };
  const surge = served.rollout.maxSurge;
  const scaled = model.server.scaling !== undefined;
  switch (served.component) {
    case "RayModelService": {
      const rayVersion = /:(\d+\.\d+\.\d+)/.exec(common.image)?.[1] ?? "";
      const { spareCluster } = served;
      const range = { least: replicas, most: served.replicas.most };
      return new RayModelService(
        name,
        { ...args, rayVersion, spareCluster, replicas: range },
        options,
      );
    }
    case "ModelServerGroup":
      return new ModelServerGroup(name, { ...args, surge, scaled, replicas }, options);
    case "ModelServer": {
      const priorityClass = model.latency === undefined ? {} : { priorityClass: REALTIME };
      const server = { ...args, ...priorityClass, surge, scaled, replicas };
      return new ModelServer(name, server, options);
    }
  }
}

/** Of models with a budget of latency: what they need is taken from others before they wait. */
export const REALTIME = "deepseek-realtime";

function engineOf(
  { server }: GpuModel,
  served: ServedModel,
  parts: Pick<VllmEngine, "accelerator" | "weights">,
): VllmEngine {
  const { tensorParallel, pipelineParallel, quantisation } = served.plan;
  return {
    engine: "vllm",
    geometry: server.checkpoint,
    quantisation,
    tensorParallel,
    pipelineParallel,
    sequencesMax: server.batchSizeMax,
    prepareSeconds: served.prepareSeconds,
    startSeconds: served.startSeconds,
    ...parts,
  };
}

function weightsOf(
  { name, server }: GpuModel,
  served: ServedModel,
  from: {
    readonly weightsImage: string;
    readonly weightsKey: Settings["weightsKey"];
    readonly manifest: string | null;
    readonly ground: WeightsGround | null;
  },
): Weights {
  const { weights } = server;
  const { ground } = from;
  if (weights.kind === "bucket" && ground === null) {
    throw new Error(`${name}: the site has no bucket of weights`);
  }
  const bucket = ground?.bucket ?? "";
  return {
    image: from.weightsImage,
    place:
      weights.kind === "volume"
        ? { claim: weights.claim, folder: weights.folder }
        : {
            bucket: pulumi.interpolate`s3://${bucket}/${weights.folder}`,
            region: ground?.region ?? "",
          },
    bytes: served.weightBytes,
    manifest: from.manifest,
    key: weights.sealed ? keyOf(from.weightsKey, ground) : null,
    // The NVMe of p4d is encrypted by its hardware; of disks of one's own nothing is known.
    cache:
      weights.kind === "bucket"
        ? { kind: "disk", encrypted: true }
        : weights.sealed
          ? { kind: "memory" }
          : { kind: "disk", encrypted: false },
    ...(ground === null ? {} : { serviceAccount: ground.serviceAccount }),
  };
}

export function keyOf(key: Settings["weightsKey"], ground: WeightsGround | null): WeightsKey {
  if (ground !== null) return { kms: ground.key };
  if (key === undefined) throw new Error("the settings name no key of weights");
  if (key.kind === "file") return { file: key.secret };
  const { address, mount, key: name, token } = key;
  return { transit: address, mount, key: name, token };
}
