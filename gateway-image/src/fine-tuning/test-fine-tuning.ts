/** A fine-tuning job for tests. */
import { type FineTuning, type FineTuningDetail, ID_PREFIX } from "./fine-tuning.ts";

let made = 0;

export function testFineTuning(
  change: Partial<FineTuning> = {},
  detail: Partial<FineTuningDetail> = {},
): FineTuning {
  made += 1;
  return {
    id: `${ID_PREFIX}${String(made).padStart(24, "0")}`,
    kind: "fine-tuning",
    tenant: "hospital",
    principal: "owner",
    state: "queued",
    createdMs: 0,
    dueMs: 0,
    attempts: 0,
    expiresMs: 9e12,
    ...change,
    detail: {
      model: "deepseek-llm-7b-chat",
      trainingFile: "records.jsonl",
      validationFile: null,
      suffix: null,
      method: { type: "supervised", hyperparameters: { n_epochs: 3, batch_size: "auto" } },
      seed: 7,
      metadata: null,
      requestHash: "h",
      phase: "validating_files",
      handedOver: false,
      faults: 0,
      finishedMs: null,
      fineTunedModel: null,
      trainedTokens: null,
      error: null,
      events: [{ atMs: 0, level: "info", message: "Created." }],
      removals: 0,
      ...detail,
    },
  };
}
