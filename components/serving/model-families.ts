/**
 * What an engine must be told of a family of models so that thoughts and tool calls come apart from
 * the answer. Source of every row: vLLM, docs/features/reasoning_outputs and tool_calling.
 */
export interface ModelFamily {
  /** Owner, as /v1/models says it. */
  readonly owner: string;
  readonly reasoningParser?: "deepseek_r1";
  /** Only where the family was trained to call tools in that form. */
  readonly toolCallParser?: "deepseek_v3";
}

const DEEPSEEK = { owner: "deepseek" } as const;
/** R1 and what was distilled from it think before they answer. */
const REASONING = { ...DEEPSEEK, reasoningParser: "deepseek_r1" } as const;

/** By the model's id in components/sizing/model-catalogue.ts, longest beginning first. */
const FAMILIES: readonly (readonly [prefix: string, family: ModelFamily])[] = [
  // Tool calls and thoughts of the distilled ones: the table of vLLM has no parser for their calls.
  ["deepseek-r1-distill", REASONING],
  ["deepseek-r1", { ...REASONING, toolCallParser: "deepseek_v3" }],
  ["deepseek-v3", { ...DEEPSEEK, toolCallParser: "deepseek_v3" }],
  ["deepseek", DEEPSEEK],
];

export function familyOf(model: string): ModelFamily {
  return FAMILIES.find(([prefix]) => model.startsWith(prefix))?.[1] ?? DEEPSEEK;
}
