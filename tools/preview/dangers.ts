/** Picks out of the steps what may lose data, lock somebody out or stop the service. Pure. */
import {
  ASSET_DANGERS,
  ASSETS,
  type Asset,
  type Consequence,
  MODEL_START,
} from "./asset-dangers.ts";
import { POD_PATHS, rolledModels } from "./effects.ts";
import type { PropertyDanger } from "./property-danger.ts";
import { PROPERTY_DANGERS } from "./property-dangers.ts";
import type { Report, ReportChange, ReportPlan, ReportStep } from "./report.ts";

export interface Danger extends Consequence {
  readonly step: ReportStep;
  readonly asset: Asset | "unknown effect";
  /** The properties that cause it; empty where the resource itself comes or goes. */
  readonly causes: readonly ReportChange[];
  readonly source: string;
}

/** Worst first: what is gone for good, then what stops, then what is weaker. */
export function dangersOf(report: Report): Danger[] {
  const { steps, plan } = report;
  const all = [
    ...steps.flatMap((step) => {
      const whole = assetDanger(step, plan.after ?? plan.before);
      // What is made anew as a whole need not be told property by property.
      return whole.length > 0 ? whole : [...propertyDangers(step, report), ...unknownEffect(step)];
    }),
    ...stoppedModels({ steps, plan }),
    ...singleModels({ steps, plan }),
  ];
  const rank = (danger: Danger) =>
    (danger.step.kind === "delete" ? 0 : danger.step.kind === "replace" ? 1 : 2) * 100 +
    (danger.asset === "unknown effect" ? 99 : ASSETS.indexOf(danger.asset));
  return all
    .map((danger, index) => ({ danger, index }))
    .sort((a, b) => rank(a.danger) - rank(b.danger) || a.index - b.index)
    .map(({ danger }) => danger);
}

function assetDanger(step: ReportStep, plan: ReportPlan | null): Danger[] {
  if (step.kind !== "replace" && step.kind !== "delete") return [];
  const found = ASSET_DANGERS.find(
    ({ type, name }) => type === step.type && (name === undefined || name.test(step.name)),
  );
  if (found === undefined) return [];
  const { says, downtime } = step.kind === "replace" ? found.replace : found.remove;
  return [
    {
      step,
      asset: found.asset,
      causes: step.changes.filter(({ replace }) => replace),
      says,
      downtime: downtime === MODEL_START ? modelStart(plan) : downtime,
      source: found.source,
    },
  ];
}

function modelStart(plan: ReportPlan | null): string {
  const slowest = Math.max(0, ...(plan?.models ?? []).map(({ startSeconds }) => startSeconds));
  if (slowest === 0) return MODEL_START;
  return `${MODEL_START}: up to ${Math.ceil(slowest / 60)} min, by the plan`;
}

/** A model with one replica and no spare GPU is not served while its pod is made anew. */
function stoppedModels(report: Pick<Report, "steps" | "plan">): Danger[] {
  return rolledModels(report)
    .filter(({ model }) => model.servingLeast === 0 && model.replicas.least > 0)
    .map(({ step, model }) => ({
      step,
      asset: "model",
      causes: step.changes.filter(({ path }) => POD_PATHS.test(path)),
      says: "is made anew, and no other replica serves meanwhile",
      downtime: `up to ${Math.ceil(model.startSeconds / 60)} min, by the plan`,
      source: "docs/serving.md",
    }));
}

function singleModels({ steps, plan }: Pick<Report, "steps" | "plan">): Danger[] {
  return (plan.after?.models ?? []).flatMap((model): Danger[] => {
    const before = plan.before?.models.find(({ name }) => name === model.name);
    const step = steps.find(({ name }) => name === `model-${model.name}`);
    const lost = before !== undefined && before.replicas.least > 1 && model.replicas.least === 1;
    if (!lost || step === undefined) return [];
    return [
      {
        step,
        asset: "model",
        causes: step.changes.filter(({ path }) => path === "spec.replicas"),
        says: "has no second replica any more: the loss of its node is an outage",
        downtime: "none by itself",
        source: "docs/serving.md",
      },
    ];
  });
}

function propertyDangers(step: ReportStep, { steps, files }: Report): Danger[] {
  if (step.kind === "delete") return [];
  // One that comes instead of another is not known to let in more.
  const isInstead =
    step.kind === "create" &&
    steps.some(
      ({ kind, type, component }) =>
        kind === "delete" && type === step.type && component === step.component,
    );
  const rules = PROPERTY_DANGERS.filter(
    ({ type, name, when }) =>
      type === step.type &&
      (name === undefined || name.test(step.name)) &&
      !(when === "widens" && isInstead),
  );
  return rules.flatMap((rule) => {
    const causes = step.changes.filter((change) => isAt(rule, change.path) && moves(rule, change));
    const { asset, says, downtime, source } = rule;
    if (causes.length === 0 && !changesFile(rule, step, files)) return [];
    return [{ step, asset, causes, says, downtime, source }];
  });
}

function isAt({ path }: PropertyDanger, place: string): boolean {
  return path.test(place) || path.test(place.replaceAll(/\[[^\]]*\]/g, ""));
}

/** A document is told as a file, and is then no change of a property. */
function changesFile(rule: PropertyDanger, step: ReportStep, files: Report["files"]): boolean {
  const folder = `${step.type.split(":").at(-1)?.toLowerCase()}/${step.name}/`;
  return (
    rule.when === "changes" &&
    files.some(({ path }) => path.startsWith(folder) && isAt(rule, path.slice(folder.length)))
  );
}

const EVERYWHERE = /(^|")(0\.0\.0\.0\/0|::\/0)("|$)/;
const WEAK = /GOVERNANCE|Delete/;

function moves({ when }: PropertyDanger, change: ReportChange): boolean {
  switch (when) {
    case "changes":
      return true;
    case "shrinks":
      return change.kind === "delete" || number(change.new) < number(change.old);
    case "opens":
      return EVERYWHERE.test(change.new) && !EVERYWHERE.test(change.old);
    case "widens":
      return !EVERYWHERE.test(change.new) && prefix(change.new) < prefix(change.old);
    case "is false":
      return change.new === "false" || (change.kind === "delete" && change.old === "true");
    case "is true":
      return change.new === "true";
    case "is weaker":
      return WEAK.test(change.new) || change.kind === "delete";
  }
}

/** 12 of `["10.0.0.0/16","172.16.0.0/12"]`: of the widest range; what holds none is narrower than any. */
function prefix(text: string): number {
  const found = [...text.matchAll(/\/(\d+)"/g)].map(([, digits]) => Number(digits));
  return Math.min(...found, Number.POSITIVE_INFINITY);
}

/** `366`, `"400d"`; a text without a number never shrinks. */
function number(text: string): number {
  return Number(/^"?(\d+(?:\.\d+)?)/.exec(text)?.[1] ?? Number.NaN);
}

function unknownEffect(step: ReportStep): Danger[] {
  if (step.basis !== "unknown-effect") return [];
  return [
    {
      step,
      asset: "unknown effect",
      causes: step.changes,
      says: "changes in a way that no table knows: it may be replaced",
      downtime: "not known",
      source: "docs/simulated-cloud.md",
    },
  ];
}
