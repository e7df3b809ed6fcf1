/**
 * Models of a site on its GPUs: what the settings wish, what there is, and what follows for each model.
 * Pure: no resource is made here.
 */
import { GPU_INSTANCES } from "../components/aws/gpu-instances.ts";
import { GPUS, type GpuId } from "../components/sizing/gpus.ts";
import {
  type GpuSupply,
  type ModelWish,
  type Rates,
  type ServedModel,
  type Serving,
  serveModels,
} from "../components/sizing/served-models.ts";
import type { GpuPoolSettings, ModelSettings, Settings } from "../config/schema.ts";

type GpuServer = Exclude<ModelSettings["server"], { engine: "simulator" }>;
export type GpuModel = ModelSettings & { readonly server: GpuServer };

type Slices = Settings["inventory"][number]["slices"];

/**
 * Bytes a second of one node. Sealed files are opened at some 200 MB/s and compared with their digest
 * on the way (`npm run weights -- verify`, measured on two cores); others come as object stores give
 * them, 1 GB/s with eight files at a time. Into the GPUs: 2 GB/s, vLLM's own loader from NVMe.
 */
const FETCH = { sealed: 200e6, open: 1e9 } as const;
const LOAD = 2e9;

export function isOnGpus(model: ModelSettings): model is GpuModel {
  return model.server.engine !== "simulator";
}

/** Digest of its weights' manifest: its own, or what the other site of a pair serves. */
export function manifestOf({ site }: Settings, { name, server }: GpuModel): string | null {
  return server.weights.manifest ?? site.other?.weights[name] ?? null;
}

export function servingOf(settings: Settings): Serving {
  return serveModels(
    settings.models.filter(isOnGpus).map(wishOf),
    supplyOf(settings),
    ratesOf(settings),
  );
}

/** The settings were judged before (site-faults.ts). */
export function servedModels(settings: Settings): readonly ServedModel[] {
  const serving = servingOf(settings);
  if ("models" in serving) return serving.models;
  throw new Error(serving.refusals.map(({ reasons }) => reasons.join("; ")).join("; "));
}

export function ratesOf({ models }: Settings): Rates {
  const sealed = models.some((model) => isOnGpus(model) && model.server.weights.sealed);
  return { fetch: sealed ? FETCH.sealed : FETCH.open, load: LOAD };
}

/** Device plugins and exporters of ours; an operator has its own. */
export function hasGpuDaemons({ gpuRuntime, models }: Settings): boolean {
  return gpuRuntime.mode === "ours" && models.some(isOnGpus);
}

/** The operator has an exporter, and our Prometheus is to scrape it. */
export function hasOperatorExporter({ gpuRuntime, models }: Settings): boolean {
  const { mode, operator } = gpuRuntime;
  return mode === "operator" && operator.exporter === "plain" && models.some(isOnGpus);
}

/** Of one of its servers. */
export function simulatedGpus(server: ModelSettings["server"]): number {
  return server.engine === "simulator" ? server.gpus : 0;
}

/** Some nodes have adapters of EFA. */
export function hasFabric({ cloud }: Settings): boolean {
  return cloud?.pools.some((pool) => pool.kind === "gpu" && pool.fabric !== "none") ?? false;
}

/** At most, with all nodes that a pool may have; what a model is planned on. */
export function gpusAvailable(settings: Settings): number {
  return supplyOf(settings).reduce((sum, { nodes, perNode }) => sum + nodes * perNode, 0);
}

/** Nodes without GPUs are not declared where the cluster is given: a rack of them is foreseen (docs/alerts.md). */
const OTHER_NODES = 16;

/** At most, of all kinds. */
export function nodesOf({ cloud, inventory }: Settings): number {
  const pools = (cloud?.pools ?? []).map(({ nodes }) => nodes.max);
  const own = inventory.map(({ nodes }) => nodes);
  const others = cloud === undefined ? OTHER_NODES : 0;
  return [...pools, ...own].reduce((sum, nodes) => sum + nodes, others);
}

/** The same of one pool. */
export function gpusOfPool(settings: Settings, name: string): number {
  const found = supplyOf(settings).find(({ pool }) => pool === name);
  return found === undefined ? 0 : found.nodes * found.perNode;
}

function supplyOf({ cloud, inventory }: Settings): GpuSupply[] {
  const pools = (cloud?.pools ?? []).flatMap((pool) =>
    pool.kind === "gpu" ? [supplyOfPool(pool)] : [],
  );
  const own = inventory.map((entry) =>
    supply(entry.name, entry.nodes, entry.gpusPerNode, entry.memoryGibibytes, entry.slices),
  );
  return [...pools, ...own].filter((one) => one !== undefined);
}

function supplyOfPool({ name, nodes, instanceType, slices }: GpuPoolSettings) {
  const { gpus, memoryMebibytes } = GPU_INSTANCES[instanceType];
  return supply(name, nodes.max, gpus, memoryMebibytes / 1_024, slices);
}

/** Slices that no plan is made for have no entry: a model that wants them is told so. */
function supply(
  pool: string,
  nodes: number,
  perNode: number,
  memory: number,
  slices: Slices,
): GpuSupply | undefined {
  const id = slices === "none" ? `a100-${memory}` : `a100-${memory}-mig-${slices}`;
  if (!(id in GPUS)) return undefined;
  const gpu = id as GpuId;
  // What one GPU is cut into: the plan's node of slices is one of eight GPUs.
  const cut = GPUS[gpu].perNode / GPUS[`a100-${memory}` as GpuId].perNode;
  return { pool, gpu, nodes, perNode: perNode * cut };
}

function wishOf({ name, replicas, contextTokensMax, server }: GpuModel): ModelWish {
  const { scaling } = server;
  return {
    name,
    geometry: server.checkpoint,
    pool: server.pool,
    quantisation: server.quantisation,
    runtime: server.engine === "ray" ? "ray" : "engine",
    replicas: { least: replicas, most: scaling?.replicasMax ?? replicas },
    tensorParallel: server.tensorParallel,
    pipelineParallel: server.pipelineParallel,
    contextTokens: contextTokensMax,
    ownCheckpoint: server.ownCheckpoint,
    weightsInMemory: server.weights.sealed && server.weights.kind === "volume",
  };
}
