/**
 * serveConfigV2: what Ray Serve is told to run, as text of JSON, which is YAML, too. Its own schema
 * (ServeDeploySchema, and LLMConfig for the application) judges it in a test. Pure.
 */
import { MEMORY_UTILISATION } from "../sizing/fit.ts";
import { QUANTISATIONS } from "../sizing/quantisations.ts";
import { familyOf } from "./model-families.ts";
import { batchTokens, type VllmEngine } from "./vllm-engine.ts";

export interface RayServeSettings {
  readonly model: string;
  readonly modelPath: string;
  readonly engine: VllmEngine;
  readonly contextTokensMax: number;
  readonly replicas: { readonly least: number; readonly most: number };
  readonly longestStreamSeconds: number;
  readonly port: number;
  readonly tlsFolder: string;
  /** How long a running answer may take once a replica shall stop. */
  readonly drainSeconds: number;
}

/** Longer than any client keeps a connection idle, else it is closed under a request. */
const KEEP_ALIVE_SECONDS = 120;
/** Of its sequences, as many as this are full when another replica pays: four of five. */
const FULL = 0.8;
/** A burst of so long is work for another replica; a gap of so long is no reason to lose one. */
const UPSCALE_SECONDS = 30;

export function rayServeConfiguration(settings: RayServeSettings): string {
  return `${JSON.stringify(document(settings), null, 2)}\n`;
}

function document(settings: RayServeSettings) {
  const { port, tlsFolder, longestStreamSeconds } = settings;
  return {
    // Proxies where replicas are; the head has none and takes no calls.
    proxy_location: "EveryNode",
    http_options: {
      host: "0.0.0.0",
      port,
      request_timeout_s: longestStreamSeconds,
      keep_alive_timeout_s: KEEP_ALIVE_SECONDS,
      ssl_keyfile: `${tlsFolder}/tls.key`,
      ssl_certfile: `${tlsFolder}/tls.crt`,
    },
    applications: [
      {
        name: settings.model,
        route_prefix: "/",
        import_path: "ray.serve.llm:build_openai_app",
        args: { llm_configs: [modelOf(settings)] },
      },
    ],
  };
}

/** No accelerator_type: Kubernetes places the pods, and Ray would refuse the GPUs' other name (A800). */
function modelOf(settings: RayServeSettings) {
  const { engine, model, modelPath } = settings;
  return {
    model_loading_config: { model_id: model, model_source: modelPath },
    llm_engine: "vLLM",
    engine_kwargs: engineArguments(settings),
    placement_group_config: placementGroup(engine),
    deployment_config: deployment(settings),
  };
}

function engineArguments({ engine, contextTokensMax }: RayServeSettings) {
  const { prefixCaching = true, chunkedPrefill = true } = engine;
  const { reasoningParser, toolCallParser } = familyOf(engine.geometry);
  return {
    tensor_parallel_size: engine.tensorParallel,
    pipeline_parallel_size: engine.pipelineParallel,
    dtype: QUANTISATIONS[engine.quantisation].dtype ?? "auto",
    max_model_len: contextTokensMax,
    max_num_seqs: engine.sequencesMax,
    max_num_batched_tokens: batchTokens(engine, contextTokensMax),
    gpu_memory_utilization: MEMORY_UTILISATION,
    enable_prefix_caching: prefixCaching,
    enable_chunked_prefill: chunkedPrefill,
    ...(reasoningParser === undefined ? {} : { reasoning_parser: reasoningParser }),
    ...(toolCallParser === undefined
      ? {}
      : { enable_auto_tool_choice: true, tool_call_parser: toolCallParser }),
  };
}

/** A bundle for each GPU; those that share layers stay in one node. */
function placementGroup({ tensorParallel, pipelineParallel }: VllmEngine) {
  const bundles = Array.from({ length: tensorParallel * pipelineParallel }, () => ({
    GPU: 1,
    CPU: 1,
  }));
  return { bundles, strategy: pipelineParallel === 1 ? "STRICT_PACK" : "PACK" };
}

function deployment({ engine, replicas, drainSeconds }: RayServeSettings) {
  return {
    // More wait before the engine, which cannot batch what it does not have.
    max_ongoing_requests: engine.sequencesMax * 2,
    graceful_shutdown_timeout_s: drainSeconds,
    autoscaling_config: {
      min_replicas: replicas.least,
      max_replicas: replicas.most,
      target_ongoing_requests: Math.max(1, Math.floor(engine.sequencesMax * FULL)),
      upscale_delay_s: UPSCALE_SECONDS,
      // A replica that goes takes as long to come back as its weights take to load.
      downscale_delay_s: Math.max(600, engine.prepareSeconds + engine.startSeconds),
    },
  };
}
