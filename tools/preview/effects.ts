/** What a change means for those who call the service and those who run it, in words. Pure. */
import { code, type Text } from "./page.ts";
import type { Report, ReportPlan, ReportStep } from "./report.ts";

/** More than this is no headline. */
const EFFECTS_MAX = 8;

export function effectsOf(report: Report): Text[] {
  const all = [
    ...modelEffects(report.plan.before, report.plan.after),
    ...rollouts(report),
    ...STEP_EFFECTS.flatMap((effect) =>
      report.steps.some((step) => effect.step(step)) ? [effect.says] : [],
    ),
    ...FILE_EFFECTS.flatMap((effect) =>
      report.files.some(({ path }) => effect.file.test(path)) ? [effect.says] : [],
    ),
  ];
  const rest = all.length - EFFECTS_MAX;
  return rest <= 0 ? all : [...all.slice(0, EFFECTS_MAX), [`… and ${rest} more effects.`]];
}

function modelEffects(before: ReportPlan | null, after: ReportPlan | null): Text[] {
  if (before === null || after === null) return [];
  const [old, now] = [before, after].map(
    ({ models }) => new Map(models.map((model) => [model.name, model])),
  ) as [Map<string, Model>, Map<string, Model>];
  const gone = [...old.keys()].filter((name) => !now.has(name));
  const come = [...now.keys()].filter((name) => !old.has(name));
  const scaled = [...now.values()].flatMap((model) => {
    const was = old.get(model.name)?.replicas;
    const { least, most } = model.replicas;
    if (was === undefined || (was.least === least && was.most === most)) return [];
    const range = (one: Model["replicas"]) =>
      one.least === one.most ? `${one.least}` : `${one.least} to ${one.most}`;
    return [[code(model.name), ` has ${range(model.replicas)} replicas instead of ${range(was)}.`]];
  });
  return [
    ...gone.map((name) => [code(name), " is no longer served: its callers get an error."]),
    ...come.map((name) => [code(name), " can be called."]),
    ...scaled,
  ];
}

type Model = ReportPlan["models"][number];

const MODEL_TYPES = [
  "kubernetes:apps/v1:Deployment",
  "kubernetes:ray.io/v1:RayService",
  "kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet",
];
/** Below these stands what pods are made from; the rest of such an object changes no pod. */
export const POD_PATHS = /^spec\.(template|leaderWorkerTemplate|rayClusterConfig)\b/;

/** Models whose pods are made anew, and how many replicas serve meanwhile. */
export function rolledModels({ steps, plan }: Pick<Report, "steps" | "plan">) {
  const models = new Map((plan.after?.models ?? []).map((model) => [model.name, model]));
  return steps.flatMap((step) => {
    const [, name = ""] = /^model-(.+)$/.exec(step.name) ?? [];
    const model = models.get(name);
    const isRolled =
      step.kind === "update" &&
      MODEL_TYPES.includes(step.type) &&
      step.changes.some(({ path }) => POD_PATHS.test(path));
    return isRolled && model !== undefined ? [{ step, model }] : [];
  });
}

function rollouts(report: Report): Text[] {
  return rolledModels(report)
    .filter(({ model }) => model.servingLeast > 0)
    .map(({ model }) => [
      code(model.name),
      ` is rolled; replicas that serve meanwhile, at the least: ${model.servingLeast}.`,
    ]);
}

interface StepEffect {
  readonly step: (step: ReportStep) => boolean;
  readonly says: Text;
}

const changesPods = ({ kind, changes }: ReportStep) =>
  kind === "update" && changes.some(({ path }) => POD_PATHS.test(path));

const STEP_EFFECTS: readonly StepEffect[] = [
  {
    step: (step) =>
      step.type.endsWith(":StatefulSet") && step.name === "gateway" && changesPods(step),
    // One at a time and without a spare: each has a volume of its own.
    says: ["Gateways roll one at a time; the others serve meanwhile."],
  },
  {
    step: (step) => step.type.endsWith(":Deployment") && step.name === "edge" && changesPods(step),
    says: ["Pods of the edge roll; a pod that goes lets its streams end first."],
  },
  {
    step: ({ type, kind }) => type.endsWith(":Certificate") && kind !== "delete",
    says: ["Certificates are issued anew."],
  },
  {
    step: ({ type, name }) => type.endsWith("/loadBalancer:LoadBalancer") && name === "balancer",
    says: ["The load balancer in front of the edge changes."],
  },
];

/** By the file's path, `kind/name/entry`. */
const FILE_EFFECTS: readonly { readonly file: RegExp; readonly says: Text }[] = [
  {
    file: /^configmap\/gateway-routes\//,
    says: ["The gateway's routes, models, tiers or quotas change."],
  },
  { file: /^configmap\/edge-configuration\//, says: ["The edge's configuration changes."] },
  {
    file: /^configmap\/prometheus-configuration\//,
    says: ["What is watched or alerted on changes; callers notice nothing of it."],
  },
];
