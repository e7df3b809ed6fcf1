/** What of a Job is the administrators', what is ours, and that a caller's words stay words. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDocument } from "../documents.ts";
import { type JobTemplate, jobManifest, jobName, templateSchema } from "./job-template.ts";
import { testFineTuning } from "./test-fine-tuning.ts";

const TEMPLATE = {
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "theirs", namespace: "elsewhere", labels: { team: "ai" } },
  spec: {
    backoffLimit: 2,
    template: {
      metadata: { annotations: { note: "kept" } },
      spec: {
        restartPolicy: "Never",
        serviceAccountName: "trainer",
        initContainers: [{ name: "check", image: "check:1" }],
        containers: [
          {
            name: "train",
            image: "train:1",
            env: [
              { name: "MODEL", value: "theirs" },
              { name: "SECRET", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
            ],
            volumeMounts: [{ name: "records", mountPath: "/records", readOnly: true }],
          },
        ],
      },
    },
  },
};
const template: JobTemplate = templateSchema.parse(TEMPLATE);

interface Manifest {
  metadata: Record<string, unknown>;
  spec: {
    backoffLimit: number;
    template: {
      metadata: { labels: object; annotations: object };
      spec: Record<"initContainers" | "containers", { env: { name: string; value?: string }[] }[]>;
    };
  };
}

test("name, labels, annotations and variables are ours, everything else stays", () => {
  const job = testFineTuning({}, { validationFile: "v.jsonl", suffix: "ward" });
  const manifest = jobManifest(template, job) as Manifest;
  expect(manifest.metadata).toEqual({
    name: `ft-${job.id.slice(6)}`,
    labels: {
      team: "ai",
      "app.kubernetes.io/name": "fine-tuning",
      "app.kubernetes.io/instance": jobName(job.id),
      "app.kubernetes.io/managed-by": "gateway",
    },
    annotations: {
      "fine-tuning.deepseek/job": job.id,
      "fine-tuning.deepseek/tenant": "hospital",
    },
  });
  expect(manifest.spec.backoffLimit).toBe(2);
  const { metadata, spec } = manifest.spec.template;
  expect(metadata.annotations).toMatchObject({ note: "kept" });
  expect(spec).toMatchObject({ serviceAccountName: "trainer" });
  const env = spec.containers[0]?.env ?? [];
  expect(env.filter(({ name }) => name === "MODEL")).toEqual([
    { name: "MODEL", value: "deepseek-llm-7b-chat" },
  ]);
  expect(Object.fromEntries(env.map(({ name, value }) => [name, value]))).toEqual({
    SECRET: undefined,
    JOB_ID: job.id,
    MODEL: "deepseek-llm-7b-chat",
    TRAINING_FILE: "records.jsonl",
    VALIDATION_FILE: "v.jsonl",
    SUFFIX: "ward",
    METHOD: "supervised",
    HYPERPARAMETERS: '{"n_epochs":3,"batch_size":"auto"}',
    SEED: "7",
  });
  expect(spec.initContainers[0]?.env).toHaveLength(8);
});

test("no value of a caller's is a reference to another variable, or changes anything but variables", () => {
  const text = fc.oneof(fc.string(), fc.constantFrom("$(SECRET)", "$$(SECRET)", "$", "$((A))"));
  const empty = jobManifest(template, testFineTuning({ id: "ftjob-x" })) as Manifest;
  fc.assert(
    fc.property(text, text, (trainingFile, suffix) => {
      const job = testFineTuning({ id: "ftjob-x" }, { trainingFile, suffix });
      const manifest = jobManifest(template, job) as Manifest;
      for (const { env } of manifest.spec.template.spec.containers) {
        for (const { name, value } of env) {
          if (value !== undefined)
            expect(expanded(value)).toBe(expectedOf(name, job.detail, value));
        }
      }
      const strip = (one: Manifest) =>
        JSON.stringify(one, (key, value: unknown) => (key === "env" ? null : value));
      expect(strip(manifest)).toBe(strip(empty));
    }),
  );
});

function expectedOf(
  name: string,
  detail: { trainingFile: string; suffix: string | null },
  value: string,
) {
  if (name === "TRAINING_FILE") return detail.trainingFile;
  return name === "SUFFIX" ? detail.suffix : value;
}

/** As the kubelet does: $$ is a dollar, $(NAME) a variable. */
function expanded(value: string): string {
  return value.replaceAll(/\$\$|\$\(([^)]*)\)/g, (found) => (found === "$$" ? "$" : "LEAKED"));
}

test.each([
  ["no Job", { kind: "CronJob" }],
  ["another version", { apiVersion: "batch/v1beta1" }],
  ["no containers", { spec: { template: { spec: { restartPolicy: "Never", containers: [] } } } }],
  ["a policy that never ends", spec({ restartPolicy: "Always" })],
  ["an end that is forgotten at once", { spec: { ...TEMPLATE.spec, ttlSecondsAfterFinished: 60 } }],
  ["several at once", { spec: { ...TEMPLATE.spec, parallelism: 2 } }],
])("a template with %s is refused", (_, change) => {
  const text = JSON.stringify({ ...TEMPLATE, ...change });
  expect(() => parseDocument(templateSchema, text, "the template")).toThrow(/the template: /);
});

function spec(change: object) {
  const { spec: own } = TEMPLATE;
  return { spec: { ...own, template: { spec: { ...own.template.spec, ...change } } } };
}
