/**
 * The inference engines a model server may run, each as a preset: what its container is told and
 * how long it needs to start. Another engine is another preset. Pure.
 */
import type { EngineContext, EnginePreset } from "./engine-preset.ts";
import { type VllmEngine, vllmAlone } from "./vllm-engine.ts";

export interface SimulatorEngine {
  readonly engine: "simulator";
  readonly timeToFirstTokenMs: number;
  readonly tokensPerSecond: number;
  readonly sequencesMax: number;
  readonly startupSeconds: number;
  /** Simulated ones, which it tells of. */
  readonly gpus: number;
}

export type ModelEngine = SimulatorEngine | VllmEngine;

export function enginePreset(engine: ModelEngine, context: EngineContext): EnginePreset {
  return engine.engine === "vllm" ? vllmAlone(engine, context) : simulator(engine, context);
}

/** tools/simulator: its settings are its own SIM_ variables. */
function simulator(engine: SimulatorEngine, context: EngineContext): EnginePreset {
  return {
    container: {
      environment: {
        SIM_PORT: String(context.port),
        SIM_MODELS: context.model,
        SIM_MAX_MODEL_LEN: String(context.contextTokensMax),
        SIM_MAX_NUM_SEQS: String(engine.sequencesMax),
        SIM_TTFT_MS: String(engine.timeToFirstTokenMs),
        SIM_TOKENS_PER_SECOND: String(engine.tokensPerSecond),
        SIM_GPUS: String(engine.gpus),
        SIM_READY_DELAY_MS: String(engine.startupSeconds * 1_000),
        SIM_DRAIN_GRACE_MS: String(context.drain.graceMs),
        SIM_SHUTDOWN_TIMEOUT_MS: String(context.drain.timeoutMs),
        SIM_TLS_CERT_FILE: `${context.tlsFolder}/tls.crt`,
        SIM_TLS_KEY_FILE: `${context.tlsFolder}/tls.key`,
      },
      mounts: [],
      terminationSeconds: context.drain.terminationSeconds,
    },
    devices: {},
    prepareSeconds: 0,
    startSeconds: engine.startupSeconds + 2,
    healthPath: "/health",
    owner: "simulated",
    renewsCertificate: false,
  };
}
