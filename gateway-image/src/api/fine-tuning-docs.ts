/** What the documentation says of fine-tuning. */
import { z } from "zod";
import { fineTuningSchema } from "../steps/create-fine-tuning.ts";

const seconds = z.number().int().min(0);
const page = {
  limit: z.number().int().min(1).max(100).describe("How many; 20 where it is absent."),
  after: z.string().describe("The last one of the page before."),
};
const job = z.looseObject({
  id: z.string(),
  object: z.literal("fine_tuning.job"),
  created_at: seconds,
  finished_at: seconds.nullable(),
  estimated_finish: z.null(),
  model: z.string(),
  fine_tuned_model: z.string().nullable(),
  organization_id: z.string().describe("The tenant."),
  status: z.enum(["validating_files", "queued", "running", "succeeded", "failed", "cancelled"]),
  training_file: z.string(),
  validation_file: z.string().nullable(),
  hyperparameters: z.record(z.string(), z.union([z.literal("auto"), z.number()])),
  method: z.looseObject({ type: z.enum(["supervised", "dpo"]) }),
  trained_tokens: seconds.nullable(),
  seed: seconds,
  suffix: z.string().nullable(),
  result_files: z.array(z.string()).max(0),
  integrations: z.array(z.never()).max(0),
  metadata: z.record(z.string(), z.string()).nullable(),
  error: z
    .looseObject({ code: z.string(), message: z.string(), param: z.string().nullable() })
    .nullable(),
});
const event = z.looseObject({
  id: z.string(),
  object: z.literal("fine_tuning.job.event"),
  created_at: seconds,
  level: z.enum(["info", "warn", "error"]),
  message: z.string(),
  type: z.literal("message"),
});
const list = (of: z.ZodType) =>
  z.looseObject({ object: z.literal("list"), data: z.array(of), has_more: z.boolean() });

/** With a method, they stand in it. */
const oncePlaced = { not: { required: ["hyperparameters", "method"] } };
const tag = "fine-tuning" as const;

export const FINE_TUNING_DOCS = {
  "POST /v1/fine_tuning/jobs": {
    tag,
    summary: "Have a model trained further, from data sets that the site's administrators provide",
    body: fineTuningSchema,
    relations: [oncePlaced],
    answer: job,
  },
  "GET /v1/fine_tuning/jobs": {
    tag,
    summary: "The tenant's fine-tuning jobs, the newest first",
    query: page,
    answer: list(job),
  },
  "GET /v1/fine_tuning/jobs/*": { tag, summary: "One of them", answer: job },
  "GET /v1/fine_tuning/jobs/*/events": {
    tag,
    summary: "What has happened to it, the newest first",
    query: page,
    answer: list(event),
  },
  "POST /v1/fine_tuning/jobs/*/cancel": { tag, summary: "Cancel it", answer: job },
};
