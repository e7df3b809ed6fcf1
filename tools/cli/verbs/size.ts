/** How many GPUs a model takes and what is left on them, by the arithmetic that stacks are planned with. */
import { type FitPlan, planFit, usableBytes } from "../../../components/sizing/fit.ts";
import { GPUS, type Gpu, type GpuId } from "../../../components/sizing/gpus.ts";
import { type Geometry, MODELS } from "../../../components/sizing/model-catalogue.ts";
import { probeBudget } from "../../../components/sizing/probes.ts";
import { QUANTISATIONS, type QuantisationId } from "../../../components/sizing/quantisations.ts";
import { rolloutOf } from "../../../components/sizing/rollout.ts";
import { startupOf } from "../../../components/sizing/startup.ts";
import { UserError } from "../../base/user-error.ts";
import type { Call, Flags, Verb } from "../verb.ts";

const GIB = 2 ** 30;

export const verb: Verb = {
  name: "size",
  summary: "how many GPUs a model takes, and what is left on them",
  usage: "[--model NAME] [--gpu NAME] [--quantisation NAME] [options]",
  examples: [
    "npm run size",
    "npm run size -- --model deepseek-r1 --gpu a100-80 --quantisation awq",
    "npm run size -- --model deepseek-r1-distill-llama-70b --tensor-parallel 4 --context 32768",
    "npm run size -- --model deepseek-coder-33b-instruct --replicas 4 --inventory 8",
    "npm run size -- --model deepseek-coder-33b-instruct --gpu a100-40 --json",
  ],
  options: {
    model: { type: "string", value: "NAME", help: "of the catalogue; without it all are shown" },
    gpu: {
      type: "string",
      value: "NAME",
      help: `${Object.keys(GPUS).join(", ")} (default a100-80)`,
    },
    quantisation: {
      type: "string",
      value: "NAME",
      help: `${Object.keys(QUANTISATIONS).join(", ")} (default bf16)`,
    },
    "tensor-parallel": { type: "string", value: "N", help: "GPUs that share each layer" },
    "pipeline-parallel": { type: "string", value: "N", help: "stages of layers" },
    "own-checkpoint": {
      type: "boolean",
      help: "there is a checkpoint in that form, though none is known to be published",
    },
    context: { type: "string", value: "N", help: "tokens of prompt and answer together" },
    replicas: { type: "string", value: "N", help: "how many of it (default 1)" },
    inventory: { type: "string", value: "N", help: "GPUs that there are: can it be rolled out?" },
    "storage-gb": {
      type: "string",
      value: "N",
      help: "gigabytes a second that a node reads weights at (default 2)",
    },
    json: { type: "boolean", help: "print one JSON object" },
  },
  positionals: [0, 0],
  async run({ flags }: Call) {
    const gpu = GPUS[named("gpu", flags, Object.keys(GPUS), "a100-80") as GpuId];
    const name = flags.text("model");
    if (name === undefined) return showAll(gpu, flags.on("json"));
    const ids = MODELS.map(({ id }) => id);
    const model = MODELS.find(({ id }) => id === named("model", flags, ids, ""));
    if (model === undefined) throw new Error("a name that was checked");
    return showOne(model, gpu, flags);
  },
};

function showOne(model: Geometry, gpu: Gpu, flags: Flags): number {
  const quantisation = named(
    "quantisation",
    flags,
    Object.keys(QUANTISATIONS),
    "bf16",
  ) as QuantisationId;
  const rate = flags.integer("storage-gb", 2, 1, 1_000) * 1e9;
  const found = planFit({
    model,
    quantisation,
    gpu,
    tensorParallel: wished(flags, "tensor-parallel", 64),
    pipelineParallel: wished(flags, "pipeline-parallel", 64),
    ownCheckpoint: flags.on("own-checkpoint"),
    contextTokens: wished(flags, "context", 10_000_000),
  });
  if (flags.on("json")) {
    process.stdout.write(
      `${JSON.stringify({ model: model.id, gpu: gpu.id, ...found }, null, 2)}\n`,
    );
  } else if ("plan" in found) {
    process.stdout.write(planText(model, gpu, found.plan, rate));
    return rolloutText(found.plan, flags);
  } else {
    const { reasons, nearest } = found.refusal;
    for (const reason of reasons) process.stdout.write(`✗ ${reason}\n`);
    process.stdout.write(
      nearest === null
        ? "\nNo plan was found.\n"
        : `\nThe nearest plan:\n${planText(model, gpu, nearest, rate)}`,
    );
  }
  return "plan" in found ? 0 : 1;
}

/** Only where it is asked; 1: it cannot be done. */
function rolloutText({ gpus }: FitPlan, flags: Flags): number {
  const replicas = flags.integer("replicas", 1, 1, 1_000);
  const gpusDeclared = wished(flags, "inventory", 100_000);
  if (gpusDeclared === undefined) return 0;
  const found = rolloutOf({ replicas, gpusPerReplica: gpus, gpusDeclared });
  if ("refusal" in found) {
    process.stdout.write(`✗ ${found.refusal}\n`);
    return 1;
  }
  const { maxSurge, maxUnavailable, servingLeast, gpusSpare } = found.rollout;
  const serving =
    servingLeast === 0 ? "nobody serves meanwhile" : `${servingLeast} serve meanwhile`;
  process.stdout.write(
    `  ${"rollout".padEnd(18)}maxSurge ${maxSurge}, maxUnavailable ${maxUnavailable}: ${serving}; ${gpusSpare} GPUs spare\n`,
  );
  return 0;
}

function planText(model: Geometry, gpu: Gpu, plan: FitPlan, bytesPerSecond: number): string {
  const { tensorParallel, pipelineParallel, gpus, nodes } = plan;
  const { loadSeconds, seconds } = startupOf(plan.weightBytes * tensorParallel, bytesPerSecond);
  const { startup } = probeBudget(seconds);
  const rows: readonly [string, string][] = [
    ["weights kept as", plan.quantisation],
    [
      "shape",
      `TP${tensorParallel} x PP${pipelineParallel}: ${gpus} of ${gpu.id}, ${nodes} node${nodes === 1 ? "" : "s"}`,
    ],
    ["weights", `${gib(plan.weightBytes)} on the fullest GPU, of ${gib(usableBytes(gpu))} usable`],
    [
      "conversations",
      `${number(plan.keyValueTokens)} tokens at ${number(plan.keyValueBytesPerToken / 1_024)} KiB each on a GPU`,
    ],
    ["at the same time", `${number(plan.fullSequences)} of ${number(plan.contextTokens)} tokens`],
    [
      "start",
      `${Math.ceil(seconds)} s at ${bytesPerSecond / 1e9} GB/s (${Math.ceil(loadSeconds)} s of reading); probes wait ${startup.periodSeconds * startup.failureThreshold} s`,
    ],
  ];
  const lines = rows.map(([what, text]) => `  ${what.padEnd(18)}${text}`);
  return `${model.id}\n${lines.join("\n")}\n  ${"source".padEnd(18)}${model.source}\n`;
}

/** One line each: the fewest GPUs for every way of keeping weights. */
function showAll(gpu: Gpu, json: boolean): number {
  const ways = Object.keys(QUANTISATIONS) as QuantisationId[];
  const table = MODELS.map((model) => ({
    model: model.id,
    ...Object.fromEntries(
      ways.map((quantisation) => [
        quantisation,
        shapeOf(planFit({ model, quantisation, gpu, ownCheckpoint: true })),
      ]),
    ),
  }));
  if (json) {
    process.stdout.write(`${JSON.stringify({ gpu: gpu.id, models: table }, null, 2)}\n`);
    return 0;
  }
  const columns = ["model", ...ways] as const;
  const width = (name: string) =>
    Math.max(name.length, ...table.map((row) => String(row[name as keyof typeof row]).length));
  const line = (cells: readonly string[]) =>
    `${cells
      .map((cell, index) => cell.padEnd(width(columns[index] ?? "")))
      .join("  ")
      .trimEnd()}\n`;
  process.stdout.write(line(columns));
  for (const row of table) {
    process.stdout.write(line(columns.map((name) => String(row[name as keyof typeof row]))));
  }
  process.stdout.write(
    `\nGPUs of ${gpu.id}, ${gpu.perNode} a node; "-": not on this one. int8, awq and fp8 need a checkpoint in that form.\n`,
  );
  return 0;
}

function shapeOf(found: ReturnType<typeof planFit>): string {
  if ("refusal" in found) return "-";
  const { tensorParallel, pipelineParallel, gpus } = found.plan;
  return pipelineParallel === 1
    ? String(gpus)
    : `${gpus} (TP${tensorParallel} x PP${pipelineParallel})`;
}

function wished(flags: Flags, name: string, most: number): number | undefined {
  return flags.text(name) === undefined ? undefined : flags.integer(name, 1, 1, most);
}

function named(option: string, flags: Flags, known: readonly string[], fallback: string): string {
  const name = flags.text(option) ?? fallback;
  if (known.includes(name)) return name;
  throw new UserError(`there is no ${option} called "${name}"`, {
    where: "command line",
    fix: `one of ${known.join(", ")}`,
  });
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}

function number(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 1 });
}
