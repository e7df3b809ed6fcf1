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
  readonly promptMs: number;
  readonly tokensMs: number;
  readonly totalMs: number;
}

/** A100-SXM4 by NVIDIA's data sheet: 1,555 GB/s with 40 GB, 2,039 GB/s with 80 GB. */
const BYTES_PER_SECOND: Readonly<Record<number, number>> = { 40: 1_555e9, 80: 2_039e9 };
/** Dense 16-bit tensor arithmetic, same sheet. */
const OPERATIONS_PER_SECOND = 312e12;
/**
 * What engines reach of either: assumed. A plain PyTorch 2.11 of the same shapes on a real H200 (no A100
 * was to be had) reached 0.64 of the bandwidth with 13B and 0.57 with 7B weights, one caller, its steps
 * as one CUDA graph; and 0.50, 0.60 and 0.59 of the arithmetic with prompts of 256, 1,024 and 2,048
 * tokens, the median of 50 and 10 runs. An engine with many callers is held to less bandwidth each.
 */
const BANDWIDTH_SHARE = 0.6;
const ARITHMETIC_SHARE = 0.5;
/** Two sums over all GPUs a layer, some 20 µs each on NVLink: assumed. */
const SUM_SECONDS = 20e-6;
/** Edge and gateway: the 99th percentile that `npm run bench:gateway` measured was 17.9 ms. */
const SERVICE_MS = 20;

export function latencyOf(request: LatencyRequest): Latency {
  const { model, quantisation, tensorParallel, promptTokens, answerTokens } = request;
  const bandwidth = BYTES_PER_SECOND[request.memoryGibibytes];
  if (bandwidth === undefined) throw new Error(`no A100 has ${request.memoryGibibytes} GiB`);
  const share = model.parameters / tensorParallel;
  const sums = tensorParallel === 1 ? 0 : 2 * model.layers * SUM_SECONDS;
  // A multiplication and an addition for each parameter and token.
  const prompt = (2 * share * promptTokens) / (OPERATIONS_PER_SECOND * ARITHMETIC_SHARE) + sums;
  const bytes = share * QUANTISATIONS[quantisation].bytesPerParameter;
  const token = bytes / (bandwidth * BANDWIDTH_SHARE) + sums;
  const promptMs = prompt * 1_000;
  // The first token comes with the prompt.
  const tokensMs = (answerTokens - 1) * token * 1_000;
  return { serviceMs: SERVICE_MS, promptMs, tokensMs, totalMs: SERVICE_MS + promptMs + tokensMs };
}
