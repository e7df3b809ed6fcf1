/**
 * Does a model fit: bytes on each GPU, tokens of conversation that are left, and where it does not
 * fit the nearest plan that does. Pure; the rule of memory is that of vLLM's own setting.
 */
import type { Gpu } from "./gpus.ts";
import type { Geometry } from "./model-catalogue.ts";
import { QUANTISATIONS, type QuantisationId } from "./quantisations.ts";

export interface FitRequest {
  readonly model: Geometry;
  readonly quantisation: QuantisationId;
  readonly gpu: Gpu;
  /** GPUs of a node that share each layer; absent: the fewest that fit. */
  readonly tensorParallel?: number | undefined;
  /** Nodes, or parts of one, that each have some of the layers; absent: the fewest that fit. */
  readonly pipelineParallel?: number | undefined;
  /** There is a checkpoint whose weights are kept so, though none is known to be published. */
  readonly ownCheckpoint?: boolean | undefined;
  /** Of prompt and answer together; absent: what the model allows, at most 32,768. */
  readonly contextTokens?: number | undefined;
}

export interface FitPlan {
  readonly quantisation: QuantisationId;
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  /** Of one replica. */
  readonly gpus: number;
  readonly nodes: number;
  readonly contextTokens: number;
  /** On the fullest GPU. */
  readonly weightBytes: number;
  readonly keyValueBytesPerToken: number;
  /** What is left for conversations, in tokens of all sequences together. */
  readonly keyValueTokens: number;
  /** Sequences of full length at the same time. */
  readonly fullSequences: number;
}

export interface FitRefusal {
  readonly reasons: readonly string[];
  /** null: none was found. */
  readonly nearest: FitPlan | null;
}

export type Fit = { readonly plan: FitPlan } | { readonly refusal: FitRefusal };

/** vLLM's --gpu-memory-utilization. */
export const MEMORY_UTILISATION = 0.9;
/**
 * Activations, CUDA graphs and the context itself: 1.5 to 2.4 GiB in vLLM 0.25.1 on a real GPU
 * (fixtures/vllm-on-gpu.json), more with tensor parallelism.
 */
const RESERVED_BYTES = 3 * 2 ** 30;
/** Fewer tokens of conversation than this serve nobody. */
export const KEY_VALUE_TOKENS_MIN = 32_768;
const TENSOR_SIZES = [1, 2, 4, 8] as const;
/** More stages than this keep most GPUs waiting. */
const STAGES_MAX = 4;
/** Keys and values in 16 bits: on an A100 there is no smaller one that is exact. */
const KEY_VALUE_BYTES = 2;

/** Of a whole token on one GPU. A head is not cut in two, so beyond their number they are kept twice. */
export function keyValueBytesPerToken(
  { attention, layers }: Geometry,
  tensorParallel: number,
  stages: number,
): number {
  const own = Math.ceil(layers / stages);
  if (attention.kind === "latent") return own * attention.size * KEY_VALUE_BYTES;
  const heads = Math.ceil(attention.keyValueHeads / tensorParallel);
  return 2 * own * heads * attention.headSize * KEY_VALUE_BYTES;
}

/** On the GPU that has most of it: layers are not cut in two. */
export function weightBytes(
  { parameters, layers }: Geometry,
  quantisation: QuantisationId,
  tensorParallel: number,
  stages: number,
): number {
  const whole = parameters * QUANTISATIONS[quantisation].bytesPerParameter;
  return (whole * Math.ceil(layers / stages)) / layers / tensorParallel;
}

export function usableBytes({ memoryMebibytes }: Gpu): number {
  return memoryMebibytes * 2 ** 20 * MEMORY_UTILISATION - RESERVED_BYTES;
}

export function planFit(request: FitRequest): Fit {
  const faults = impossibilities(request);
  if (faults.length === 0) {
    const plan = smallestPlan(request);
    if (plan !== null) return { plan };
  }
  const reasons = faults.length > 0 ? faults : [tooLarge(request)];
  return { refusal: { reasons, nearest: nearestPlan(request) } };
}

/** What no number of GPUs mends. */
function impossibilities({ model, quantisation, gpu, ...wish }: FitRequest): string[] {
  const { tensorParallel, pipelineParallel, contextTokens } = wish;
  const kind = QUANTISATIONS[quantisation];
  const faults: string[] = [];
  if (model.refused !== undefined) faults.push(`${model.id}: ${model.refused}`);
  if (kind.refusedOnA100 !== null) faults.push(`${quantisation}: ${kind.refusedOnA100}`);
  const known = wish.ownCheckpoint === true || model.published.includes(quantisation);
  if (kind.prequantised && !known) {
    faults.push(
      `${quantisation}: the engine loads a checkpoint that was made so, and none is known to be published`,
    );
  }
  if (tensorParallel !== undefined && model.heads % tensorParallel !== 0) {
    faults.push(`${model.heads} attention heads cannot be shared by ${tensorParallel} GPUs`);
  }
  if (tensorParallel !== undefined && gpu.slice && tensorParallel > 1) {
    faults.push("slices of a GPU (MIG) cannot be joined: tensor parallelism is 1 there");
  }
  if (tensorParallel !== undefined && tensorParallel > gpu.perNode) {
    faults.push(`a node has ${gpu.perNode} GPUs: ${tensorParallel} of them are in no one node`);
  }
  if (pipelineParallel !== undefined && pipelineParallel > model.layers) {
    faults.push(`${model.layers} layers make no ${pipelineParallel} stages`);
  }
  if (contextTokens !== undefined && contextTokens > model.contextTokensMax) {
    faults.push(`the model knows ${model.contextTokensMax} tokens of context at most`);
  }
  return faults;
}

/** Fewest GPUs first; of as many, fewer stages. null: nothing that is allowed is large enough. */
function smallestPlan(request: FitRequest): FitPlan | null {
  const { model, quantisation, gpu } = request;
  const stagesMin = model.stagesMin?.[quantisation] ?? 1;
  const shapes = TENSOR_SIZES.flatMap((tensorParallel) =>
    Array.from({ length: STAGES_MAX }, (_, index) => ({ tensorParallel, stages: index + 1 })),
  )
    .filter(({ tensorParallel }) => model.heads % tensorParallel === 0)
    .filter(({ tensorParallel }) => tensorParallel <= gpu.perNode)
    .filter(({ tensorParallel, stages }) => !gpu.slice || tensorParallel * stages === 1)
    .filter(({ tensorParallel: size }) => (request.tensorParallel ?? size) === size)
    .filter(({ stages }) => (request.pipelineParallel ?? stages) === stages)
    // Between nodes there are stages only, so a node is filled before the next one is begun.
    .filter(({ tensorParallel, stages }) => stages === 1 || isWhole(request, tensorParallel))
    .filter(({ stages }) => stages >= stagesMin)
    .sort(
      (a, b) => a.tensorParallel * a.stages - b.tensorParallel * b.stages || a.stages - b.stages,
    );
  for (const { tensorParallel, stages } of shapes) {
    const plan = planOf(request, tensorParallel, stages);
    if (plan !== null) return plan;
  }
  return null;
}

function isWhole({ model, gpu, tensorParallel }: FitRequest, size: number): boolean {
  const most = TENSOR_SIZES.filter((one) => model.heads % one === 0 && one <= gpu.perNode).at(-1);
  return size === (tensorParallel ?? most);
}

function planOf(request: FitRequest, tensorParallel: number, stages: number): FitPlan | null {
  const { model, quantisation, gpu } = request;
  const contextTokens =
    request.contextTokens ?? Math.min(model.contextTokensMax, KEY_VALUE_TOKENS_MIN);
  const weights = weightBytes(model, quantisation, tensorParallel, stages);
  const perToken = keyValueBytesPerToken(model, tensorParallel, stages);
  const keyValueTokens = Math.floor((usableBytes(gpu) - weights) / perToken);
  if (keyValueTokens < Math.max(KEY_VALUE_TOKENS_MIN, contextTokens)) return null;
  const gpus = tensorParallel * stages;
  return {
    quantisation,
    tensorParallel,
    pipelineParallel: stages,
    gpus,
    nodes: Math.ceil(gpus / gpu.perNode),
    contextTokens,
    weightBytes: weights,
    keyValueBytesPerToken: perToken,
    keyValueTokens,
    fullSequences: Math.floor(keyValueTokens / contextTokens),
  };
}

function tooLarge({ model, quantisation, gpu, tensorParallel, pipelineParallel }: FitRequest) {
  const asked = [
    ...(tensorParallel === undefined ? [] : [`${tensorParallel} GPUs a stage`]),
    ...(pipelineParallel === undefined ? [] : [`${pipelineParallel} stages`]),
  ];
  const shape = asked.length === 0 ? `${STAGES_MAX} nodes` : asked.join(" and ");
  return `${model.id} in ${quantisation} does not fit ${shape} of ${gpu.id} with ${KEY_VALUE_TOKENS_MIN} tokens of conversation`;
}

/** First the same weights in another shape, then a shorter context, then smaller weights. */
function nearestPlan(request: FitRequest): FitPlan | null {
  if (request.model.refused !== undefined) return null;
  const free = { ...request, tensorParallel: undefined, pipelineParallel: undefined };
  const { contextTokensMax } = request.model;
  const contextTokens = Math.min(request.contextTokens ?? KEY_VALUE_TOKENS_MIN, contextTokensMax);
  const short = { ...free, contextTokens: Math.min(contextTokens, KEY_VALUE_TOKENS_MIN) };
  const asked = QUANTISATIONS[request.quantisation].bytesPerParameter;
  const distance = (one: QuantisationId) => Math.abs(QUANTISATIONS[one].bytesPerParameter - asked);
  const others = (["awq", "int8", "bf16"] as const)
    .filter((one) => one !== request.quantisation)
    .sort((a, b) => distance(a) - distance(b));
  const tries: FitRequest[] = [
    { ...free, contextTokens },
    short,
    ...others.map((quantisation) => ({ ...short, quantisation })),
  ];
  for (const one of tries) {
    if (impossibilities(one).length > 0) continue;
    const plan = smallestPlan(one);
    if (plan !== null) return plan;
  }
  return null;
}
