/**
 * The Kubernetes Job that a fine-tuning job becomes: the manifest that administrators have written,
 * with a name, labels, annotations and variables of ours. Nothing else comes from the caller, and
 * what does is bound to narrow forms before it gets here. Pure.
 */
import { z } from "zod";
import { type FineTuning, ID_PREFIX } from "./fine-tuning.ts";

const texts = z.record(z.string(), z.string());
const metadata = z.looseObject({ labels: texts.optional(), annotations: texts.optional() });
const container = z.looseObject({
  name: z.string().min(1),
  env: z.array(z.looseObject({ name: z.string().min(1) })).optional(),
});

/** What the gateway acts upon; all other members are the administrators' and pass as they are. */
export const templateSchema = z.looseObject({
  apiVersion: z.literal("batch/v1"),
  kind: z.literal("Job"),
  metadata: metadata.optional(),
  spec: z.looseObject({
    // The gateway must have seen the end before Kubernetes removes it.
    ttlSecondsAfterFinished: z.number().int().min(3_600).optional(),
    // More than one answer could not be told apart.
    completions: z.literal(1).optional(),
    parallelism: z.literal(1).optional(),
    template: z.looseObject({
      metadata: metadata.optional(),
      spec: z.looseObject({
        restartPolicy: z.enum(["Never", "OnFailure"]),
        initContainers: z.array(container).optional(),
        containers: z.array(container).min(1),
      }),
    }),
  }),
});

export type JobTemplate = z.output<typeof templateSchema>;

export const JOB_ANNOTATION = "fine-tuning.deepseek/job";
export const RESULT_ANNOTATION = "fine-tuning.deepseek/result";
const TENANT_ANNOTATION = "fine-tuning.deepseek/tenant";

/** The same for the same job, so that none is begun twice. */
export function jobName(id: string): string {
  return `ft-${id.slice(ID_PREFIX.length)}`;
}

export function jobManifest(template: JobTemplate, job: FineTuning): object {
  const { spec } = template.spec.template;
  const withEnv = (one: z.output<typeof container>) => ({
    ...one,
    env: mergedEnv(one.env ?? [], job),
  });
  const { name: _, generateName: __, namespace: ___, ...rest } = template.metadata ?? {};
  return {
    ...template,
    metadata: { ...rest, name: jobName(job.id), ...ownMetadata(template.metadata, job) },
    spec: {
      ...template.spec,
      template: {
        ...template.spec.template,
        metadata: {
          ...template.spec.template.metadata,
          ...ownMetadata(template.spec.template.metadata, job),
        },
        spec: {
          ...spec,
          ...(spec.initContainers ? { initContainers: spec.initContainers.map(withEnv) } : {}),
          containers: spec.containers.map(withEnv),
        },
      },
    },
  };
}

function ownMetadata(own: z.output<typeof metadata> | undefined, { id, tenant }: FineTuning) {
  return {
    labels: {
      ...own?.labels,
      "app.kubernetes.io/name": "fine-tuning",
      "app.kubernetes.io/instance": jobName(id),
      "app.kubernetes.io/managed-by": "gateway",
    },
    // A tenant's name may hold what a label may not.
    annotations: { ...own?.annotations, [JOB_ANNOTATION]: id, [TENANT_ANNOTATION]: tenant },
  };
}

/** Ours replace those of the same name. */
function mergedEnv(env: readonly { name: string }[], { id, detail }: FineTuning) {
  const own = {
    JOB_ID: id,
    MODEL: detail.model,
    TRAINING_FILE: detail.trainingFile,
    VALIDATION_FILE: detail.validationFile ?? "",
    SUFFIX: detail.suffix ?? "",
    METHOD: detail.method.type,
    HYPERPARAMETERS: JSON.stringify(detail.method.hyperparameters),
    SEED: String(detail.seed),
  };
  return [
    ...env.filter(({ name }) => !Object.hasOwn(own, name)),
    ...Object.entries(own).map(([name, value]) => ({ name, value: literal(value) })),
  ];
}

/** Kubernetes puts other variables, secrets too, where a value says $(NAME). */
function literal(value: string): string {
  return value.replaceAll("$", "$$$$");
}
