/** Models by their geometry: what their weights and their memory of a conversation take. */
export interface Geometry {
  readonly id: string;
  /** All of them, also of experts that sleep. */
  readonly parameters: number;
  readonly layers: number;
  /** Attention heads: a tensor-parallel size divides them. */
  readonly heads: number;
  readonly attention:
    | { readonly kind: "grouped"; readonly keyValueHeads: number; readonly headSize: number }
    /** Multi-head latent attention: one vector a token and layer, on every GPU of a group. */
    | { readonly kind: "latent"; readonly size: number };
  readonly contextTokensMax: number;
  /** By a way of keeping weights, the fewest pipeline stages that its makers name. */
  readonly stagesMin?: Readonly<Record<string, number>>;
  /** Other ways of keeping weights for which a checkpoint is known to be published. */
  readonly published: readonly string[];
  /** Why no A100 can serve it. */
  readonly refused?: string;
  readonly source: string;
}

const CONFIG = "config.json of the published checkpoint";
const SGLANG = "SGLang, basic_usage/deepseek_v3: hardware table";

const grouped = (keyValueHeads: number, headSize = 128) =>
  ({ kind: "grouped", keyValueHeads, headSize }) as const;
/** 512 of the latent vector and 64 of the rotary part. */
const latent = { kind: "latent", size: 576 } as const;

/** R1 is V3, trained further. */
const DEEPSEEK_V3: Geometry = {
  id: "deepseek-v3",
  parameters: 671e9,
  layers: 61,
  heads: 128,
  attention: latent,
  contextTokensMax: 131_072,
  stagesMin: { bf16: 4, fp16: 4 },
  published: ["awq", "int8", "fp8"],
  source: `${CONFIG}; stages in 16 bits and the other checkpoints: ${SGLANG}`,
};

export const MODELS: readonly Geometry[] = [
  {
    id: "deepseek-llm-7b-chat",
    parameters: 6.9e9,
    layers: 30,
    heads: 32,
    attention: grouped(32),
    contextTokensMax: 4_096,
    published: [],
    source: CONFIG,
  },
  {
    id: "deepseek-coder-33b-instruct",
    parameters: 33.3e9,
    layers: 62,
    heads: 56,
    attention: grouped(8),
    contextTokensMax: 16_384,
    published: [],
    source: CONFIG,
  },
  {
    id: "deepseek-r1-distill-qwen-1.5b",
    parameters: 1.78e9,
    layers: 28,
    heads: 12,
    attention: grouped(2),
    contextTokensMax: 131_072,
    published: [],
    source: CONFIG,
  },
  {
    id: "deepseek-r1-distill-qwen-7b",
    parameters: 7.6e9,
    layers: 28,
    heads: 28,
    attention: grouped(4),
    contextTokensMax: 131_072,
    published: [],
    source: CONFIG,
  },
  {
    id: "deepseek-r1-distill-llama-8b",
    parameters: 8.03e9,
    layers: 32,
    heads: 32,
    attention: grouped(8),
    contextTokensMax: 131_072,
    published: [],
    source: CONFIG,
  },
  {
    id: "deepseek-r1-distill-qwen-14b",
    parameters: 14.8e9,
    layers: 48,
    heads: 40,
    attention: grouped(8),
    contextTokensMax: 131_072,
    published: [],
    source: CONFIG,
  },
  {
    id: "deepseek-r1-distill-qwen-32b",
    parameters: 32.8e9,
    layers: 64,
    heads: 40,
    attention: grouped(8),
    contextTokensMax: 131_072,
    published: [],
    source: CONFIG,
  },
  {
    id: "deepseek-r1-distill-llama-70b",
    parameters: 70.6e9,
    layers: 80,
    heads: 64,
    attention: grouped(8),
    contextTokensMax: 131_072,
    published: [],
    source: CONFIG,
  },
  {
    id: "deepseek-v2-lite",
    parameters: 15.7e9,
    layers: 27,
    heads: 16,
    attention: latent,
    contextTokensMax: 32_768,
    published: [],
    source: CONFIG,
  },
  DEEPSEEK_V3,
  { ...DEEPSEEK_V3, id: "deepseek-r1" },
  {
    id: "deepseek-v3.2",
    parameters: 671e9,
    layers: 61,
    heads: 128,
    attention: latent,
    contextTokensMax: 131_072,
    published: ["fp8"],
    refused: "its sparse attention has no A100 backend (vLLM issues 40851 and 57144, open)",
    source: CONFIG,
  },
  {
    id: "deepseek-finance-13b",
    parameters: 13e9,
    layers: 40,
    heads: 40,
    attention: grouped(40),
    contextTokensMax: 4_096,
    published: [],
    source: "assumed: the geometry of Llama 2 13B (40 layers, 40 heads), since none is published",
  },
];
