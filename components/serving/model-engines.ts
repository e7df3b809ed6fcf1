/**
 * The inference engines a model server may run, each as a preset: what its container is told and
 * how long it needs to start. Another engine is another preset. Pure.
 */
import type { Program } from "../pod-template.ts";
import type { Drain } from "../sizing/drain.ts";

export interface SimulatorEngine {
  readonly engine: "simulator";
  readonly timeToFirstTokenMs: number;
  readonly tokensPerSecond: number;
  readonly sequencesMax: number;
  readonly startupSeconds: number;
}

export type ModelEngine = SimulatorEngine;

export interface EngineContext {
  readonly model: string;
  readonly contextTokensMax: number;
  readonly port: number;
  readonly tlsFolder: string;
  readonly drain: Drain["modelServer"];
}

export interface EnginePreset {
  readonly container: Pick<Program, "environment" | "mounts" | "terminationSeconds">;
  readonly startSeconds: number;
  readonly healthPath: string;
  /** Who owns the model, as /v1/models says it. */
  readonly owner: string;
  readonly gpus: number;
}

export function enginePreset(engine: ModelEngine, context: EngineContext): EnginePreset {
  return simulator(engine, context);
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
        SIM_READY_DELAY_MS: String(engine.startupSeconds * 1_000),
        SIM_DRAIN_GRACE_MS: String(context.drain.graceMs),
        SIM_SHUTDOWN_TIMEOUT_MS: String(context.drain.timeoutMs),
        SIM_TLS_CERT_FILE: `${context.tlsFolder}/tls.crt`,
        SIM_TLS_KEY_FILE: `${context.tlsFolder}/tls.key`,
      },
      mounts: [],
      terminationSeconds: context.drain.terminationSeconds,
    },
    startSeconds: engine.startupSeconds + 2,
    healthPath: "/health",
    owner: "simulated",
    gpus: 0,
  };
}
