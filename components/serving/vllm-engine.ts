/**
 * vLLM as an engine: what it is told, from typed knobs. Names and meanings: docs.vllm.ai, cli/serve
 * (the least version is 0.18, which knows --shutdown-timeout). Pure.
 */
import { type Mount, PROGRAM_USER } from "../pod-template.ts";
import { MEMORY_UTILISATION } from "../sizing/fit.ts";
import { sharedMemory } from "../sizing/model-resources.ts";
import { QUANTISATIONS, type QuantisationId } from "../sizing/quantisations.ts";
import { type Accelerator, devicesOf, placementOf } from "./accelerators.ts";
import type { EngineContext, EnginePreset } from "./engine-preset.ts";
import { familyOf } from "./model-families.ts";
import { prepareWeights, type Weights } from "./weights.ts";

export interface VllmEngine {
  readonly engine: "vllm";
  /** Its id in the catalogue of sizing, which says what family it is of. */
  readonly geometry: string;
  readonly quantisation: QuantisationId;
  /** GPUs of one node that share each layer, and nodes that each have some of the layers. */
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  /** MAX_BATCH_SIZE: sequences that are computed together; more wait. */
  readonly sequencesMax: number;
  /** Tokens of prompts and answers that one step computes; absent: see below. */
  readonly batchTokensMax?: number;
  /** Prompts that begin alike are computed once; absent: yes. */
  readonly prefixCaching?: boolean;
  /** A long prompt is computed in pieces between the answers of others; absent: yes. */
  readonly chunkedPrefill?: boolean;
  /** A file of the image; absent: the model's own template. */
  readonly chatTemplate?: string;
  readonly weights: Weights;
  readonly accelerator: Accelerator;
  /** Fetching and verifying, then loading and warming up: components/sizing/startup.ts. */
  readonly prepareSeconds: number;
  readonly startSeconds: number;
}

/**
 * Long steps make every other answer wait: some 8,000 tokens keep an A100 busy with a step of half a
 * second or less for models of one node (vLLM's own choice for large GPUs).
 */
const BATCH_TOKENS = 8_192;
/** Longer than any client keeps a connection idle, else it is closed under a request (5 s by itself). */
const KEEP_ALIVE_SECONDS = 120;
/** Compiled kernels and graphs: some GiB at most; not worth keeping, since they depend on the GPU. */
const SCRATCH = { name: "scratch", path: "/scratch", scratch: "16Gi" } as const;
const TEMPORARY = { name: "temporary", path: "/tmp", scratch: "4Gi" } as const;

/** All of it in one pod, which needs no adapters: its GPUs are joined. */
export function vllmAlone(engine: VllmEngine, context: EngineContext): EnginePreset {
  refuseOtherCount(engine, engine.tensorParallel * engine.pipelineParallel);
  return vllm({ ...engine, accelerator: { ...engine.accelerator, adapters: 0 } }, context);
}

export function refuseOtherCount({ accelerator: { count } }: VllmEngine, needed: number): void {
  if (count !== needed) throw new Error(`${needed} GPUs a pod make the shape, not ${count}`);
}

export function vllm(engine: VllmEngine, context: EngineContext): EnginePreset {
  const weights = prepareWeights(engine.weights, context.model);
  return {
    container: {
      command: ["vllm"],
      args: [...servingArguments(engine, context), ...frontArguments(engine, context)],
      environment: environmentOf(engine, weights.path),
      mounts: vllmMounts(engine, weights.mount),
      preparations: [weights.preparation],
      placement: placementOf(engine.accelerator),
      ...serviceAccountOf(engine),
      ...drainSteps(context),
    },
    devices: devicesOf(engine.accelerator),
    prepareSeconds: engine.prepareSeconds,
    startSeconds: engine.startSeconds,
    healthPath: "/health",
    owner: familyOf(engine.geometry).owner,
    renewsCertificate: true,
  };
}

/** vLLM stops listening at once, so the pod waits first until nobody sends to it any more. */
function drainSteps({ drain }: EngineContext) {
  return { preStopSeconds: drain.graceMs / 1_000, terminationSeconds: drain.terminationSeconds };
}

function serviceAccountOf({ weights: { serviceAccount } }: VllmEngine) {
  return serviceAccount === undefined ? {} : { serviceAccount };
}

/** A prompt that is computed in one piece must fit into one step. */
export function batchTokens(engine: VllmEngine, contextTokensMax: number): number {
  const whole = engine.chunkedPrefill === false ? contextTokensMax : 0;
  return engine.batchTokensMax ?? Math.max(BATCH_TOKENS, engine.sequencesMax, whole);
}

/** What every process of a replica must be told alike. */
export function servingArguments(engine: VllmEngine, context: EngineContext): string[] {
  const { prefixCaching = true, chunkedPrefill = true } = engine;
  const { dtype } = QUANTISATIONS[engine.quantisation];
  return [
    "serve",
    "$(MODEL_PATH)",
    `--served-model-name=${context.model}`,
    `--tensor-parallel-size=${engine.tensorParallel}`,
    `--pipeline-parallel-size=${engine.pipelineParallel}`,
    // How weights are kept, the checkpoint itself says where it was made so.
    `--dtype=${dtype ?? "auto"}`,
    `--max-model-len=${context.contextTokensMax}`,
    "--max-num-seqs=$(MAX_BATCH_SIZE)",
    `--max-num-batched-tokens=${batchTokens(engine, context.contextTokensMax)}`,
    `--gpu-memory-utilization=${MEMORY_UTILISATION}`,
    prefixCaching ? "--enable-prefix-caching" : "--no-enable-prefix-caching",
    chunkedPrefill ? "--enable-chunked-prefill" : "--no-enable-chunked-prefill",
  ];
}

/** Of the process that callers talk to. vLLM sets no oldest TLS: its callers ask for 1.3 alone. */
export function frontArguments(engine: VllmEngine, context: EngineContext): string[] {
  const { reasoningParser, toolCallParser } = familyOf(engine.geometry);
  const { chatTemplate } = engine;
  return [
    "--host=0.0.0.0",
    `--port=${context.port}`,
    `--ssl-certfile=${context.tlsFolder}/tls.crt`,
    `--ssl-keyfile=${context.tlsFolder}/tls.key`,
    "--enable-ssl-refresh",
    `--shutdown-timeout=${context.drain.timeoutMs / 1_000}`,
    "--disable-access-log-for-endpoints=/health,/metrics",
    "--disable-fastapi-docs",
    ...(chatTemplate === undefined ? [] : [`--chat-template=${chatTemplate}`]),
    ...(reasoningParser === undefined ? [] : [`--reasoning-parser=${reasoningParser}`]),
    ...(toolCallParser === undefined
      ? []
      : ["--enable-auto-tool-choice", `--tool-call-parser=${toolCallParser}`]),
  ];
}

function environmentOf(engine: VllmEngine, modelPath: string): Record<string, string> {
  const caches = `${SCRATCH.path}/cache`;
  return {
    MODEL_PATH: modelPath,
    MAX_BATCH_SIZE: String(engine.sequencesMax),
    // A local path alone does not keep it from asking the hub.
    HF_HUB_OFFLINE: "1",
    TRANSFORMERS_OFFLINE: "1",
    VLLM_NO_USAGE_STATS: "1",
    DO_NOT_TRACK: "1",
    VLLM_HTTP_TIMEOUT_KEEP_ALIVE: String(KEEP_ALIVE_SECONDS),
    // The image knows no user of our number: who asks for its name or home is told here.
    USER: `user-${PROGRAM_USER}`,
    LOGNAME: `user-${PROGRAM_USER}`,
    HOME: `${SCRATCH.path}/home`,
    XDG_CACHE_HOME: caches,
    XDG_CONFIG_HOME: `${SCRATCH.path}/config`,
    VLLM_CACHE_ROOT: `${caches}/vllm`,
    TORCHINDUCTOR_CACHE_DIR: `${caches}/inductor`,
    TRITON_CACHE_DIR: `${caches}/triton`,
    FLASHINFER_WORKSPACE_BASE: caches,
    PYTHONDONTWRITEBYTECODE: "1",
  };
}

/**
 * Variables of pods that speak to each other: the pod's one interface, since NCCL would try them all,
 * and libfabric's provider of AWS' adapters, with reads and writes between GPUs' memories. The image
 * must hold NCCL's plugin for it (aws-ofi-nccl); without it NCCL speaks TCP.
 */
export function networkVariables({ adapters }: Accelerator): Record<string, string> {
  return {
    NCCL_SOCKET_IFNAME: "eth0",
    GLOO_SOCKET_IFNAME: "eth0",
    ...(adapters === 0 ? {} : { FI_PROVIDER: "efa", FI_EFA_USE_DEVICE_RDMA: "1" }),
  };
}

/** All it may write to: caches, temporary files, and the memory that its processes share. */
function vllmMounts({ accelerator }: VllmEngine, weights: Mount): Mount[] {
  const shared = sharedMemory(accelerator.count);
  return [weights, SCRATCH, TEMPORARY, { name: "shared", path: "/dev/shm", memory: shared }];
}
