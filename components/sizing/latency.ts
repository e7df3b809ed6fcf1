/**
 * How long one short answer takes on GPUs: reading the prompt is arithmetic, writing each token is
 * reading all weights once. A budget shown as numbers, not a measurement. Pure.
 */
import type { Geometry } from "./model-catalogue.ts";
import { QUANTISATIONS, type QuantisationId } from "./quantisations.ts";

export interface LatencyRequest {
  readonly model: Geometry;
  readonly quantisation: QuantisationId;
  readonly tensorParallel: number;
  /** Of one GPU: 40 or 80. */
  readonly memoryGibibytes: number;
  readonly promptTokens: number;
  readonly answerTokens: number;
}

export interface Latency {
  readonly serviceMs: number;
  /** The engine's own: TLS, template, tokens. */
  readonly engineMs: number;
  readonly promptMs: number;
  readonly tokensMs: number;
  readonly totalMs: number;
}

/** A100-SXM4 by NVIDIA's data sheet: 1,555 GB/s with 40 GB, 2,039 GB/s with 80 GB. */
const BYTES_PER_SECOND: Readonly<Record<number, number>> = { 40: 1_555e9, 80: 2_039e9 };
/** Dense 16-bit tensor arithmetic, same sheet. */
const OPERATIONS_PER_SECOND = 312e12;
/**
 * What engines reach of either. vLLM 0.25.1 on a real H200 (no A100 was to be had; 7B in 16 bits, made-up
 * weights) reached 0.68 of the bandwidth with one caller and 0.64 with 32, medians of 159 tokens each; and
 * 0.53, 0.59 and 0.61 of the arithmetic with prompts of 1,024, 2,048 and 8,000 tokens, medians of ten.
 * Assumed: that an A100 lets it reach as much, and somewhat less to be safe.
 */
const BANDWIDTH_SHARE = 0.6;
const ARITHMETIC_SHARE = 0.5;
/** Two sums over all GPUs a layer, some 20 µs each on NVLink: assumed. */
const SUM_SECONDS = 20e-6;
/** Edge and gateway: the 99th percentile that `npm run bench:gateway` measured was 17.9 ms. */
const SERVICE_MS = 20;
/**
 * TLS, template, tokens: a chat's first token came 24.6 ms after the call, median of 150 with some 320 tokens;
 * a prompt of as many that was given as tokens took 18.5, between the medians above.
 */
const ENGINE_MS = 6;
/** A step that reads a short prompt: the weights once, as for a token, and this. 17.5 ms with 256 tokens there. */
const STEP_SECONDS = 13e-3;

export function latencyOf(request: LatencyRequest): Latency {
  const { model, quantisation, tensorParallel, promptTokens, answerTokens } = request;
  const bandwidth = BYTES_PER_SECOND[request.memoryGibibytes];
  if (bandwidth === undefined) throw new Error(`no A100 has ${request.memoryGibibytes} GiB`);
  const share = model.parameters / tensorParallel;
  const sums = tensorParallel === 1 ? 0 : 2 * model.layers * SUM_SECONDS;
  const bytes = share * QUANTISATIONS[quantisation].bytesPerParameter;
  const token = bytes / (bandwidth * BANDWIDTH_SHARE) + sums;
  // A multiplication and an addition for each parameter and token.
  const arithmetic = (2 * share * promptTokens) / (OPERATIONS_PER_SECOND * ARITHMETIC_SHARE) + sums;
  const prompt = Math.max(arithmetic, token + STEP_SECONDS);
  const promptMs = prompt * 1_000;
  // The first token comes with the prompt.
  const tokensMs = (answerTokens - 1) * token * 1_000;
  const totalMs = SERVICE_MS + ENGINE_MS + promptMs + tokensMs;
  return { serviceMs: SERVICE_MS, engineMs: ENGINE_MS, promptMs, tokensMs, totalMs };
}
