/** Models for tests, and what a component makes of them: one large enough for a group, one for a GPU. */
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../../config/schema.ts";
import type { Loose } from "../../stacks/test-objects.ts";
import { runProgram } from "../../stacks/test-program.ts";
import type { Accelerator } from "./accelerators.ts";
import type { VllmEngine } from "./vllm-engine.ts";
import type { Weights } from "./weights.ts";

export const MANIFEST = "a".repeat(64);

export const BUCKET: Weights = {
  image: "deepseek.local/weights:test",
  place: { bucket: "s3://weights/deepseek-llm-7b-chat", region: "eu-central-1" },
  bytes: 13.8e9,
  manifest: MANIFEST,
  key: null,
  cache: { kind: "disk", encrypted: true },
  serviceAccount: "model-server",
};

const ONE: Accelerator = { gpu: "a100-80", count: 1, adapters: 0 };

export function engineOf(changes: Partial<VllmEngine> = {}): VllmEngine {
  return {
    engine: "vllm",
    geometry: "deepseek-llm-7b-chat",
    quantisation: "bf16",
    tensorParallel: 1,
    pipelineParallel: 1,
    sequencesMax: 32,
    weights: BUCKET,
    accelerator: ONE,
    prepareSeconds: 14,
    startSeconds: 67,
    ...changes,
  };
}

/** V3 or R1 in INT8 on two nodes. */
export function groupEngine(changes: Partial<VllmEngine> = {}): VllmEngine {
  return engineOf({
    geometry: "deepseek-r1",
    quantisation: "int8",
    tensorParallel: 8,
    pipelineParallel: 2,
    accelerator: { gpu: "a100-80", count: 8, adapters: 4, pool: "large" },
    weights: { ...BUCKET, bytes: 671e9 },
    prepareSeconds: 671,
    startSeconds: 228,
    ...changes,
  });
}

export const SHARED = {
  namespace: "deepseek",
  image: "vllm:test",
  capabilities: ["chat"],
  resources: { cpu: "3", memory: "16Gi" },
  longestStreamSeconds: 600,
};

export function certificate() {
  return {
    secret: pulumi.output("tls-model"),
    checksum: pulumi.output("0123"),
    authority: pulumi.output("4567"),
  };
}

/** Everything that `make` makes, as the API server would get it. */
export async function objectsOf(make: () => unknown): Promise<Loose[]> {
  const stack = () => {
    make();
    return {};
  };
  const { resources } = await runProgram(stack, {} as Settings);
  return resources
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ inputs }) => inputs as Loose);
}

export function byKind(objects: readonly Loose[], kind: string): Loose {
  const found = objects.filter((object) => object.kind === kind);
  if (found.length !== 1) throw new Error(`${found.length} objects of kind ${kind}`);
  return found[0];
}

export function variablesOf(container: Loose): Record<string, string> {
  return Object.fromEntries(container.env.map(({ name, value }: Loose) => [name, value ?? "pod"]));
}
