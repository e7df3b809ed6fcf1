/**
 * What only arithmetic can judge of a site's settings, as faults like any other: GPUs that cannot be,
 * models that do not fit, budgets of time that are not kept. Told before the first resource. Pure.
 */

import type { FitPlan } from "../components/sizing/fit.ts";
import { GPUS } from "../components/sizing/gpus.ts";
import { stockOf } from "../components/sizing/inventory.ts";
import { latencyOf } from "../components/sizing/latency.ts";
import { MODELS } from "../components/sizing/model-catalogue.ts";
import { gpusOf, type ModelRefusal, type ServedModel } from "../components/sizing/served-models.ts";
import type { Fault } from "../config/fault.ts";
import type { Settings } from "../config/schema.ts";
import { cloudFaults } from "./cloud-faults.ts";
import { externalSecretsFaults } from "./given-secrets.ts";
import { mirrorFaults } from "./mirror-arguments.ts";
import { monitoringFaults } from "./monitoring-arguments.ts";
import { gpusOfPool, isOnGpus, servingOf } from "./site-models.ts";
import { recoveryOfSite } from "./site-recovery.ts";

export function siteFaults(settings: Settings): Fault[] {
  const unbelieved = settings.inventory.flatMap(inventoryFaults);
  if (unbelieved.length > 0) return unbelieved;
  const serving = servingOf(settings);
  if ("refusals" in serving) {
    return [
      ...cloudFaults(settings),
      ...serving.refusals.map((refusal) => misfit(settings, refusal)),
    ];
  }
  return [
    ...cloudFaults(settings),
    ...externalSecretsFaults(settings),
    ...mirrorFaults(settings),
    ...trainingFits(settings, serving.models),
    ...unjoinedGpus(settings, serving.models),
    ...lateModels(settings, serving.models),
    ...lateRecovery(settings, serving.models),
    ...monitoringFaults(settings),
  ];
}

type Entry = Settings["inventory"][number];

function inventoryFaults(entry: Entry, index: number): Fault[] {
  const found = stockFor(entry);
  if ("stock" in found) return [];
  return [
    {
      path: `deepseek:inventory[${index}]`,
      wrong: found.faults.join("; "),
      right: "what the nodes' labels nvidia.com/gpu.product, .count and .memory say",
    },
  ];
}

function stockFor({ product, nodes, gpusPerNode: perNode, memoryGibibytes }: Entry) {
  return stockOf({ product, nodes, perNode, memoryMebibytes: memoryGibibytes * 1_024 });
}

/** A Job that waits for GPUs that models hold waits for ever. */
function trainingFits(settings: Settings, served: readonly ServedModel[]): Fault[] {
  const { fineTuning } = settings;
  if (fineTuning === undefined) return [];
  const { pool, gpus } = fineTuning;
  const there = gpusOfPool(settings, pool);
  const held = gpusOf(
    served.filter(({ name }) =>
      settings.models.some(
        (model) => isOnGpus(model) && model.name === name && model.server.pool === pool,
      ),
    ),
  );
  if (held + gpus <= there) return [];
  const right = there > held ? `at most ${there - held}` : "a pool of its own, or fewer replicas";
  const wrong = `is ${gpus}, and of the ${there} GPUs of ${pool} models hold ${held}`;
  return [{ path: "deepseek:fineTuning.gpus", wrong, right }];
}

/** Cards on PCIe are joined two by two at most: a layer that is cut wider waits for the bus. */
function unjoinedGpus(settings: Settings, served: readonly ServedModel[]): Fault[] {
  return settings.models.flatMap((model, index) => {
    if (!isOnGpus(model)) return [];
    const entry = settings.inventory.find(({ name }) => name === model.server.pool);
    const found = entry === undefined ? undefined : stockFor(entry);
    const { tensorParallel = 1 } = served.find(({ name }) => name === model.name)?.plan ?? {};
    if (found === undefined || "faults" in found) return [];
    const { product, tensorParallelMax } = found.stock;
    if (tensorParallel <= tensorParallelMax) return [];
    return [
      {
        path: `deepseek:models[${index}].server.tensorParallel`,
        wrong: `is ${tensorParallel}, and of ${product} ${tensorParallelMax} are joined by NVLink`,
        right: `${tensorParallelMax} with server.pipelineParallel, or GPUs on an SXM board`,
      },
    ];
  });
}

function misfit(settings: Settings, { name, reasons, nearest }: ModelRefusal): Fault {
  return {
    path: `deepseek:models[${placeOf(settings, name)}].server`,
    wrong: reasons.join("; "),
    right:
      nearest === null ? "another model, or more GPUs" : `nearest that fits: ${shapeOf(nearest)}`,
  };
}

function shapeOf(plan: FitPlan): string {
  const { quantisation, tensorParallel, pipelineParallel, contextTokens } = plan;
  return `quantisation ${quantisation}, tensorParallel ${tensorParallel}, pipelineParallel ${pipelineParallel}, contextTokensMax ${contextTokens}`;
}

function placeOf({ models }: Settings, name: string): number {
  return models.findIndex((model) => model.name === name);
}

function lateModels(settings: Settings, served: readonly ServedModel[]): Fault[] {
  return settings.models.flatMap((model, index) => {
    const plan = served.find(({ name }) => name === model.name);
    if (model.latency === undefined || plan === undefined) return [];
    const total = latencyOfModel(model.name, settings, plan);
    if (total === undefined || total.totalMs <= model.latency.milliseconds) return [];
    const { promptMs, tokensMs, engineMs, serviceMs, totalMs } = total;
    const ms = (value: number) => `${Math.ceil(value)} ms`;
    return [
      {
        path: `deepseek:models[${index}].latency.milliseconds`,
        wrong: `is ${model.latency.milliseconds}, and the plan takes ${ms(totalMs)}: prompt ${ms(promptMs)}, tokens ${ms(tokensMs)}, the engine itself ${ms(engineMs)}, edge and gateway ${ms(serviceMs)}`,
        right: `${Math.ceil(totalMs)} or more, or a larger server.tensorParallel`,
      },
    ];
  });
}

export function latencyOfModel(name: string, settings: Settings, plan: ServedModel) {
  const model = settings.models.find((one) => one.name === name);
  if (model?.latency === undefined || !isOnGpus(model)) return undefined;
  const geometry = MODELS.find(({ id }) => id === model.server.checkpoint);
  if (geometry === undefined) return undefined;
  return latencyOf({
    model: geometry,
    quantisation: plan.plan.quantisation,
    tensorParallel: plan.plan.tensorParallel,
    memoryGibibytes: GPUS[plan.gpu].memoryMebibytes / 1_024,
    promptTokens: model.latency.promptTokensMax,
    answerTokens: model.latency.answerTokensMax,
  });
}

function lateRecovery(settings: Settings, served: readonly ServedModel[]): Fault[] {
  const plan = recoveryOfSite(settings, served);
  if (plan === undefined || "recovery" in plan) return [];
  const { rtoSeconds, rpoSeconds } = settings.site;
  return plan.refusal.reasons.map((reason) => ({
    path: reason.startsWith("service") ? "deepseek:site.rtoSeconds" : "deepseek:site.rpoSeconds",
    wrong: `is ${reason.startsWith("service") ? rtoSeconds : rpoSeconds}, and ${reason}`,
    right: "a longer time, site.warmReplicas one or all, or faster storage",
  }));
}
