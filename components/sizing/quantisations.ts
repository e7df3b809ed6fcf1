/** How weights are kept, and what an A100 (sm_80) can do with it. */
export interface Quantisation {
  readonly bytesPerParameter: number;
  /** The checkpoint must have been made so; the engine does not convert. */
  readonly prequantised: boolean;
  /** What vLLM is told; null: it finds out by itself. */
  readonly dtype: "bfloat16" | "half" | null;
  /** Why an A100 cannot serve it; null: it can. */
  readonly refusedOnA100: string | null;
  readonly source: string;
}

const VLLM = "vLLM, docs/features/quantization: hardware table, column Ampere";

export const QUANTISATIONS = {
  bf16: {
    bytesPerParameter: 2,
    prequantised: false,
    dtype: "bfloat16",
    refusedOnA100: null,
    source: "16 bits",
  },
  fp16: {
    bytesPerParameter: 2,
    prequantised: false,
    dtype: "half",
    refusedOnA100: null,
    source: "16 bits",
  },
  int8: {
    bytesPerParameter: 1,
    prequantised: true,
    dtype: null,
    refusedOnA100: null,
    source: `${VLLM}: INT8 W8A8`,
  },
  awq: {
    // 4 bits, a 16-bit scale and a 4-bit zero for each 128, and what stays in 16 bits.
    bytesPerParameter: 0.53,
    prequantised: true,
    dtype: null,
    refusedOnA100: null,
    source: `${VLLM}: AWQ`,
  },
  fp8: {
    bytesPerParameter: 1,
    prequantised: true,
    dtype: null,
    refusedOnA100:
      "an A100 has no FP8 arithmetic; such a checkpoint loads as 16-bit activations (Marlin), slower and no smaller than int8",
    source: `${VLLM}: FP8 W8A8 no`,
  },
} as const satisfies Readonly<Record<string, Quantisation>>;

export type QuantisationId = keyof typeof QUANTISATIONS;
