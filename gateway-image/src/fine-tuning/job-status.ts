/** How a Kubernetes Job stands, in our words, and what its program told at its end. Pure. */
import { z } from "zod";
import { entityName } from "../directory/fields.ts";
import type { Sight } from "./fine-tuning.ts";
import { RESULT_ANNOTATION } from "./job-template.ts";

const text = z.string().optional().catch(undefined);

export const jobSchema = z.looseObject({
  metadata: z.looseObject({
    deletionTimestamp: text,
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  status: z
    .looseObject({
      ready: z.number().default(0),
      conditions: z
        .array(z.looseObject({ type: z.string(), status: z.string(), reason: text }))
        .default([]),
    })
    .default({ ready: 0, conditions: [] }),
});

export type ClusterJob = z.output<typeof jobSchema>;

export const podsSchema = z.looseObject({
  items: z.array(
    z.looseObject({
      metadata: z.looseObject({ creationTimestamp: text }),
      status: z
        .looseObject({
          containerStatuses: z
            .array(
              z.looseObject({
                state: z
                  .looseObject({ terminated: z.looseObject({ message: text }).optional() })
                  .default({}),
                lastState: z
                  .looseObject({ terminated: z.looseObject({ message: text }).optional() })
                  .default({}),
              }),
            )
            .default([]),
        })
        .default({ containerStatuses: [] }),
    }),
  ),
});

export type ClusterPods = z.output<typeof podsSchema>;

type End = Extract<Sight, { kind: "succeeded" | "failed" }>;

/** What the training program writes: an annotation of its Job, or its termination message. */
const resultSchema = z.union([
  z
    .looseObject({
      fine_tuned_model: entityName,
      trained_tokens: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).nullish(),
    })
    .transform(
      ({ fine_tuned_model: model, trained_tokens: tokens }): End => ({
        kind: "succeeded",
        model,
        trainedTokens: tokens ?? null,
      }),
    ),
  z
    .looseObject({
      error: z.looseObject({
        code: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
        message: z.string().min(1).max(256),
        param: z.enum(["training_file", "validation_file"]).nullish(),
      }),
    })
    .transform(({ error: { code, message, param } }): End => {
      return { kind: "failed", code, message, param: param ?? null };
    }),
]);

/** `over`: its end is known, and its result must be gathered. */
export function stateOf(job: ClusterJob): "waiting" | "running" | "over" | "removed" {
  const { metadata, status } = job;
  if (has(job, "Complete") || has(job, "Failed")) return "over";
  if (metadata.deletionTimestamp !== undefined) return "removed";
  return status.ready > 0 ? "running" : "waiting";
}

function has({ status }: ClusterJob, type: string): boolean {
  return status.conditions.some((one) => one.type === type && one.status === "True");
}

export function endOf(job: ClusterJob, pods: ClusterPods): Sight {
  const told = resultOf(job, pods);
  if (told?.kind === "failed") return told;
  if (has(job, "Failed")) return { kind: "failed", ...failureOf(job) };
  if (told !== null) return told;
  return { kind: "failed", code: "no_result", message: "Training told no result.", param: null };
}

/** Kubernetes' own reasons; what else went wrong stands in the program's log, which nobody sees here. */
function failureOf({ status }: ClusterJob) {
  const reason = status.conditions.find(({ type }) => type === "Failed")?.reason;
  if (reason === "DeadlineExceeded") {
    const message = "Training did not end in the time that the cluster gives it.";
    return { code: "time_exceeded", message, param: null };
  }
  return { code: "training_failed", message: "The training program failed.", param: null };
}

/** The annotation first, then the pods, the newest first. What is not of the form is not shown. */
function resultOf({ metadata }: ClusterJob, { items }: ClusterPods): End | null {
  const newest = [...items].sort((a, b) =>
    (a.metadata.creationTimestamp ?? "") < (b.metadata.creationTimestamp ?? "") ? 1 : -1,
  );
  const messages = newest
    .flatMap(({ status }) => status.containerStatuses)
    .flatMap(({ state, lastState }) => [state.terminated?.message, lastState.terminated?.message]);
  for (const message of [metadata.annotations[RESULT_ANNOTATION], ...messages]) {
    const result = message === undefined ? null : parsed(message);
    if (result !== null) return result;
  }
  return null;
}

function parsed(message: string): End | null {
  try {
    return resultSchema.safeParse(JSON.parse(message)).data ?? null;
  } catch {
    return null;
  }
}
