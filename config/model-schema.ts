/** Models and the engines that serve them. What fits where is judged before anything is planned. */
import { z } from "zod";
import {
  addressRange,
  bucketFolder,
  digest,
  https,
  label,
  modelName,
  resources,
  signingRegion,
} from "./values.ts";

const simulator = z.strictObject({
  engine: z.literal("simulator").describe("Answers as vLLM does, without a model."),
  timeToFirstTokenMs: z
    .int()
    .min(0)
    .max(60_000)
    .default(120)
    .meta({ source: "ours: simulated; between the 60 and 200 ms of the local stack's two models" })
    .describe("Wait before the first token."),
  tokensPerSecond: z
    .int()
    .min(1)
    .max(100_000)
    .default(60)
    .meta({ source: "ours: simulated; between the 35 and 80 of the local stack's two models" })
    .describe("Speed of one sequence."),
  sequencesMax: z
    .int()
    .min(1)
    .max(4_096)
    .default(64)
    .meta({ source: "ours: simulated; twice what an engine computes together by default" })
    .describe("Sequences at a time; more wait."),
  startupSeconds: z
    .int()
    .min(0)
    .max(3_600)
    .default(1)
    .meta({ source: "ours: simulated; long enough for a readiness probe to be seen" })
    .describe("Time until it is ready."),
  gpus: z
    .int()
    .min(0)
    .max(16)
    .default(1)
    .meta({ source: "ours: simulated; one, as the guide's model server has" })
    .describe("Simulated GPUs that each server tells of, as an exporter of GPUs would; 0: none."),
  resources: resources("100m", "256Mi"),
});

const secretPlace = z.strictObject({
  name: label.describe("Secret of the cluster, in the namespace of the service."),
  key: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,253}$/)
    .meta({ right: "letters, digits, dots, hyphens and underscores" })
    .describe("Key in it."),
});

/** Who opens the data keys of sealed weights. On AWS it is the site's own KMS key. */
export const weightsKey = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("transit").describe("OpenBao's transit engine."),
      address: https.describe("Its address."),
      mount: label
        .default("transit")
        .meta({
          source:
            "vendor: where the engine is mounted unless another path is named, https://openbao.org/docs/secrets/transit/",
        })
        .describe("Where the engine is mounted."),
      key: label.describe("Its key."),
      token: secretPlace.describe("A token that may decrypt with it."),
      ranges: z.array(addressRange).min(1).describe("Addresses it answers at."),
    }),
    z.strictObject({
      kind: z.literal("file").describe("A key in a Secret of the cluster."),
      secret: secretPlace.describe("Where."),
    }),
  ])
  .optional();

/** On AWS S3 copies them (cloud.weightsCopy). */
export const weightsMirror = z
  .strictObject({
    from: bucketFolder
      .meta({ right: "a bucket and prefix, as in s3://weights/deepseek" })
      .describe("Where the other site's object store has them; below it, the models' folders."),
    endpoint: https.describe("Its address."),
    region: signingRegion.describe("The region that its signatures name."),
    ranges: z.array(addressRange).min(1).describe("Addresses it answers at."),
    secret: label.describe(
      "Secret of the cluster with ACCESS_KEY_ID and ACCESS_SECRET_KEY, which may read objects and no more.",
    ),
    authority: label
      .optional()
      .describe("Secret whose ca.crt it is verified with; without it a public authority's."),
    schedule: z
      .string()
      .regex(/^\S+( \S+){4}$/)
      .meta({ right: "five fields of cron, as in 30 17 * * *" })
      .default("30 17 * * *")
      .meta({ source: "ours: half past one at night in China, as backups are made" })
      .describe(
        "When it looks whether there are others (UTC); files that were proved are not fetched again.",
      ),
  })
  .optional();

const folder = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/)
  .meta({ right: "a relative folder, as in deepseek-llm-7b-chat/2024-01" });

const sealed = z
  .boolean()
  .default(false)
  .meta({
    source: "ours: an engine loads what it finds; sealing is a step that somebody must have done",
  })
  .describe("Files are sealed by `npm run weights -- seal` and opened into memory.");

/** The digest of the manifest: with it two sites can be shown to serve the same weights. */
const manifest = digest
  .nullable()
  .default(null)
  .meta({ source: "ours: known when the weights are there, `npm run weights -- seal` prints it" })
  .describe("Digest of the manifest of all files; null until the weights are there.");

const weights = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("bucket").describe("The site's bucket of weights."),
    folder: folder.describe("Prefix in it."),
    manifest,
    sealed,
  }),
  z.strictObject({
    kind: z.literal("volume").describe("A volume that the cluster has."),
    claim: label.describe("Its PersistentVolumeClaim, read only."),
    folder: folder.describe("Folder in it."),
    manifest,
    sealed,
  }),
]);

const scaling = z.strictObject({
  replicasMax: z.int().min(1).max(64).describe("Most replicas; its GPUs must be declared."),
  waitingRequests: z
    .int()
    .min(1)
    .max(1_000)
    .default(5)
    .meta({
      source:
        "vendor: KEDA's threshold in vLLM's production stack, https://github.com/vllm-project/production-stack/blob/main/helm/values.yaml",
    })
    .describe("Requests that wait, for each replica, at which another one is started."),
});

const onGpus = {
  checkpoint: z.string().min(1).max(64).describe("Geometry: an id that `npm run size` lists."),
  pool: label.describe("A name of cloud.pools or of inventory."),
  quantisation: z
    .enum(["bf16", "fp16", "int8", "awq", "fp8"])
    .default("bf16")
    .meta({
      source:
        "vendor: the type in which DeepSeek publishes its models that are not FP8, https://huggingface.co/deepseek-ai/DeepSeek-R1-Distill-Qwen-7B/blob/main/config.json",
    })
    .describe("How the weights are kept; int8 and awq need a checkpoint made so."),
  ownCheckpoint: z
    .boolean()
    .default(false)
    .meta({ source: "ours: what is not known to exist is not assumed" })
    .describe("There is such a checkpoint, though none is known to be published."),
  tensorParallel: z
    .int()
    .min(1)
    .max(8)
    .optional()
    .describe("GPUs of a node that share each layer; without it the fewest that fit."),
  pipelineParallel: z
    .int()
    .min(1)
    .max(4)
    .optional()
    .describe("Nodes that each have some of the layers; without it the fewest that fit."),
  batchSizeMax: z
    .int()
    .min(1)
    .max(1_024)
    .default(32)
    .meta({ source: "guide: MAX_BATCH_SIZE of its model server" })
    .describe("MAX_BATCH_SIZE: sequences that are computed together."),
  weights: weights.describe("Where they come from."),
  scaling: scaling.optional().describe("Replicas by load (KEDA); without it a fixed number."),
};

const vllm = z.strictObject({
  engine: z.literal("vllm").describe("vLLM: on one node, or on a group of them where it must."),
  ...onGpus,
});

const ray = z.strictObject({
  engine: z.literal("ray").describe("vLLM under Ray Serve (KubeRay)."),
  ...onGpus,
});

export const model = z.strictObject({
  name: modelName.describe("What a caller names in the field model."),
  replicas: z
    .int()
    .min(0)
    .max(64)
    .default(1)
    .meta({ source: "ours: the fewest that serve" })
    .describe("Model servers; with scaling the fewest, and 0: none while nobody asks."),
  contextTokensMax: z.int().min(128).max(10_000_000).describe("Prompt and answer together."),
  capabilities: z
    .array(z.enum(["chat", "completions", "embeddings"]))
    .min(1)
    .default(["chat", "completions"])
    .meta({ source: "ours: what every chat model of DeepSeek can be asked for" })
    .describe("What it can be asked for."),
  callsAtOnce: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe(
      "Calls that one gateway sends it at once; others wait for their turn, fairly between tenants. Without it there is no bound.",
    ),
  server: z
    .discriminatedUnion("engine", [simulator, vllm, ray])
    .describe("The engine and its knobs."),
  latency: z
    .strictObject({
      milliseconds: z.int().min(1).max(600_000).describe("Longest whole answer of 95 in 100."),
      promptTokensMax: z.int().min(1).max(131_072).describe("Longest prompt it holds for."),
      answerTokensMax: z.int().min(1).max(131_072).describe("Longest answer it holds for."),
    })
    .optional()
    .describe("A budget; a plan whose arithmetic does not keep it is refused."),
});
