/**
 * From what is wished of models and what GPUs there are: which component serves each, in which shape,
 * how it starts and how it is replaced; or why that cannot be, with the nearest plan that can. All
 * models at once, since they share the GPUs. Pure.
 */
import { type FitPlan, planFit, weightBytes } from "./fit.ts";
import { GPUS, type Gpu, type GpuId } from "./gpus.ts";
import { type Geometry, MODELS } from "./model-catalogue.ts";
import { type ModelResources, modelResources } from "./model-resources.ts";
import type { QuantisationId } from "./quantisations.ts";
import { type Rollout, rolloutOf } from "./rollout.ts";
import { startupOf } from "./startup.ts";

export interface ModelWish {
  readonly name: string;
  /** Its id in the catalogue. */
  readonly geometry: string;
  /** The GPUs it is served on, by their name in the supply. */
  readonly pool: string;
  readonly quantisation: QuantisationId;
  /** Ray: on KubeRay's RayService, else by the engine alone. */
  readonly runtime: "engine" | "ray";
  /** With an autoscaler between the two; GPUs are counted for the most. */
  readonly replicas: { readonly least: number; readonly most: number };
  readonly tensorParallel?: number | undefined;
  readonly pipelineParallel?: number | undefined;
  readonly contextTokens?: number | undefined;
  readonly ownCheckpoint?: boolean | undefined;
  readonly surge?: number | undefined;
  /** Sealed weights are opened onto memory, no disk. */
  readonly weightsInMemory?: boolean | undefined;
}

/** Nodes that are alike. */
export interface GpuSupply {
  readonly pool: string;
  readonly gpu: GpuId;
  readonly nodes: number;
  /** As the device plugin counts them: slices, where GPUs are cut. */
  readonly perNode: number;
}

/** Of one node, in bytes a second. */
export interface Rates {
  /** From where weights lie to the node: fetched and verified. */
  readonly fetch: number;
  /** From the node's own disk or memory into its GPUs. */
  readonly load: number;
}

export interface ServedModel {
  readonly name: string;
  readonly component: "ModelServer" | "ModelServerGroup" | "RayModelService";
  readonly gpu: GpuId;
  readonly plan: FitPlan;
  readonly replicas: { readonly least: number; readonly most: number };
  readonly rollout: Rollout;
  /** A RayService's second cluster fits beside its first. */
  readonly spareCluster: boolean;
  /** Of all replicas at their most. */
  readonly gpus: number;
  readonly gpusPerPod: number;
  /** Spread over nodes, its pods could leave none with room for a larger one of the same pool. */
  readonly packed: boolean;
  /** Of each pod. */
  readonly resources: ModelResources;
  /** Of the whole model, which every node fetches. */
  readonly weightBytes: number;
  readonly prepareSeconds: number;
  readonly startSeconds: number;
  /** What whoever runs it must know. */
  readonly notes: readonly string[];
}

export interface ModelRefusal {
  /** Place in the list of wishes. */
  readonly index: number;
  readonly name: string;
  readonly reasons: readonly string[];
  readonly nearest: FitPlan | null;
}

export type Serving =
  | { readonly models: readonly ServedModel[] }
  | { readonly refusals: readonly ModelRefusal[] };

export function serveModels(
  wishes: readonly ModelWish[],
  supply: readonly GpuSupply[],
  rates: Rates,
): Serving {
  const found = wishes.map((wish, index) => fitted(wish, index, supply));
  const misfits = found.filter((one) => "reasons" in one);
  if (misfits.length > 0) return { refusals: misfits };
  const whole = found.filter((one) => "plan" in one);
  const results = whole.map((one) => serve(one, whole, rates));
  const refusals = results.filter((one) => "reasons" in one);
  if (refusals.length > 0) return { refusals };
  return { models: results.filter((one) => "component" in one) };
}

/** In all, by the kind of GPU: what the output `plan` of a stack says. */
export function gpusOf(models: readonly ServedModel[]): number {
  return models.reduce((sum, model) => sum + model.gpus, 0);
}

interface Fitted {
  readonly wish: ModelWish;
  readonly index: number;
  readonly model: Geometry;
  readonly supply: GpuSupply;
  readonly plan: FitPlan;
}

function fitted(
  wish: ModelWish,
  index: number,
  supplies: readonly GpuSupply[],
): Fitted | ModelRefusal {
  const refused = (reason: string) => ({
    index,
    name: wish.name,
    reasons: [reason],
    nearest: null,
  });
  const model = MODELS.find(({ id }) => id === wish.geometry);
  if (model === undefined) {
    const known = MODELS.map(({ id }) => id).join(", ");
    return refused(`${wish.geometry} is not in the catalogue: ${known}`);
  }
  const supply = supplies.find(({ pool }) => pool === wish.pool);
  if (supply === undefined) {
    const known = supplies.map(({ pool }) => pool).join(", ") || "none";
    return refused(`there are no GPUs called ${wish.pool}: ${known}`);
  }
  const { least, most } = wish.replicas;
  if (most < Math.max(1, least)) return refused(`from ${least} to ${most} replicas is no range`);
  const { quantisation, tensorParallel, pipelineParallel, contextTokens, ownCheckpoint } = wish;
  const found = planFit({
    model,
    quantisation,
    gpu: gpuOf(supply),
    tensorParallel,
    pipelineParallel,
    contextTokens,
    ownCheckpoint,
  });
  if ("refusal" in found) return { index, name: wish.name, ...found.refusal };
  return { wish, index, model, supply, plan: found.plan };
}

function gpuOf({ gpu, perNode }: GpuSupply): Gpu {
  return { ...GPUS[gpu], perNode };
}

function serve(fitted: Fitted, all: readonly Fitted[], rates: Rates): ServedModel | ModelRefusal {
  const { wish, index, plan, model, supply } = fitted;
  const refused = (reason: string) => ({
    index,
    name: wish.name,
    reasons: [reason],
    nearest: null,
  });
  const others = all.filter((one) => one !== fitted && one.wish.pool === wish.pool);
  const taken = sum(others.map((one) => one.plan.gpus * one.wish.replicas.most));
  const declared = supply.nodes * supply.perNode;
  const needed = plan.gpus * wish.replicas.most;
  if (needed > declared - taken) {
    const rest = taken === 0 ? "" : `, and ${taken} of them are other models'`;
    return refused(
      `${wish.replicas.most} × ${plan.gpus} are ${needed} GPUs, and ${supply.pool} has ${declared}${rest}`,
    );
  }
  if (!packs([fitted, ...others].flatMap(podsOf), supply)) {
    return refused(
      `${supply.pool} has ${declared} GPUs, but not ${podsOf(fitted)[0]} of them together in one node beside the other models`,
    );
  }
  const rolled = rolloutOf({
    replicas: wish.replicas.most,
    gpusPerReplica: plan.gpus,
    gpusDeclared: declared - taken,
    surge: wish.surge,
  });
  if ("refusal" in rolled) return refused(rolled.refusal);
  const bytes = weightBytes(model, plan.quantisation, 1, 1);
  const gpusPerPod = perPod(fitted);
  return {
    name: wish.name,
    component: componentOf(fitted),
    gpu: supply.gpu,
    plan,
    replicas: wish.replicas,
    rollout: rolled.rollout,
    spareCluster: rolled.rollout.gpusSpare >= needed,
    gpus: needed,
    gpusPerPod,
    packed: mustPack(gpusPerPod, [fitted, ...others].flatMap(podsOf), supply),
    resources: modelResources(gpusPerPod, wish.weightsInMemory === true ? bytes : 0),
    weightBytes: bytes,
    prepareSeconds: Math.ceil(bytes / rates.fetch),
    startSeconds: startupOf(bytesPerNode(plan, bytes), rates.load).seconds,
    notes: notesOf(fitted, rolled.rollout),
  };
}

function componentOf({ wish, plan }: Fitted): ServedModel["component"] {
  if (wish.runtime === "ray") return "RayModelService";
  return plan.nodes > 1 ? "ModelServerGroup" : "ModelServer";
}

/** Stages in one node are one pod's; over nodes, and on Ray, each is a pod of its own. */
function perPod({ wish, plan }: Fitted): number {
  return plan.nodes > 1 || wish.runtime === "ray" ? plan.tensorParallel : plan.gpus;
}

function podsOf(fitted: Fitted): number[] {
  const each = perPod(fitted);
  const pods = (fitted.wish.replicas.most * fitted.plan.gpus) / each;
  return Array.from({ length: pods }, () => each);
}

/** Largest first, each where it just goes: exact for sizes that divide a node's. */
function packs(pods: readonly number[], { nodes, perNode }: GpuSupply): boolean {
  const free = Array.from({ length: nodes }, () => perNode);
  for (const pod of [...pods].sort((a, b) => b - a)) {
    const place = free.findIndex((left) => left >= pod);
    if (place === -1) return false;
    free[place] = (free[place] ?? 0) - pod;
  }
  return true;
}

/**
 * Can the others stand so that no node has room for a largest pod? To close a node to it they need a
 * pod there, and so many GPUs that too few are left.
 */
function mustPack(own: number, pods: readonly number[], { nodes, perNode }: GpuSupply): boolean {
  const largest = Math.max(...pods);
  const others = pods.length - 1;
  const closed = Math.min(others, Math.floor((sum(pods) - largest) / (perNode - largest + 1)));
  return own < largest && closed >= nodes;
}

/** A node reads its stages' share; one alone reads all. */
function bytesPerNode(plan: FitPlan, bytes: number): number {
  return plan.nodes === 1 ? bytes : plan.weightBytes * plan.tensorParallel;
}

/** SGLang's own checkpoints (Channel-INT8, Block-INT8) are not in vLLM's form. */
function notesOf({ wish, model, plan }: Fitted, rollout: Rollout): string[] {
  const notes: string[] = [];
  if (plan.quantisation === "int8" && model.attention.kind === "latent") {
    notes.push(
      "the INT8 checkpoints that are published of it are SGLang's; vLLM needs one made by llm-compressor",
    );
  }
  if (rollout.servingLeast === 0) {
    notes.push("while its one replica is replaced nobody serves it, for as long as a start takes");
  }
  if (plan.nodes > 1 && wish.runtime === "ray") {
    notes.push("Ray's traffic between its nodes is not encrypted");
  }
  return notes;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
