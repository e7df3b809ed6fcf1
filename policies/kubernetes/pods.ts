/** The pods inside a Kubernetes object: their containers of every kind, and what is malformed. */
import { isUnknownValue } from "./judge.ts";
import { asFields, at, type Fields, isPresent, textAt } from "./values.ts";

/** What a pod asks for GPUs by, and the taint of nodes that have them. */
export const GPU = "nvidia.com/gpu";

/** Where a type keeps a pod, and whether its pods are meant to run for good. */
interface Place {
  /** `*` stands for every entry of a list. */
  readonly path: readonly string[];
  readonly longRunning: boolean;
  /** An object of the type may do without it. */
  readonly optional?: boolean;
}

const TEMPLATE: readonly Place[] = [{ path: ["spec", "template"], longRunning: true }];
const LEADER_WORKER = ["spec", "leaderWorkerTemplate"];
const PLACES: Readonly<Record<string, readonly Place[]>> = {
  Pod: [{ path: [], longRunning: true }],
  Deployment: TEMPLATE,
  StatefulSet: TEMPLATE,
  DaemonSet: TEMPLATE,
  ReplicaSet: TEMPLATE,
  ReplicationController: TEMPLATE,
  Job: [{ path: ["spec", "template"], longRunning: false }],
  CronJob: [{ path: ["spec", "jobTemplate", "spec", "template"], longRunning: false }],
  LeaderWorkerSet: [
    { path: [...LEADER_WORKER, "leaderTemplate"], longRunning: true, optional: true },
    { path: [...LEADER_WORKER, "workerTemplate"], longRunning: true },
  ],
  RayCluster: rayPlaces(["spec"]),
  RayService: rayPlaces(["spec", "rayClusterConfig"]),
  RayJob: rayPlaces(["spec", "rayClusterSpec"]),
  // KEDA, Argo Rollouts, JobSet.
  ScaledJob: [{ path: ["spec", "jobTargetRef", "template"], longRunning: false }],
  Rollout: TEMPLATE,
  JobSet: [
    { path: ["spec", "replicatedJobs", "*", "template", "spec", "template"], longRunning: false },
  ],
  // What a chart makes is known to Helm alone: it has no pod that could be judged, and is refused for it.
  Release: [{ path: ["pods"], longRunning: true }],
};
/** The SDK's lists and patches of those; a patch may hold the part that it changes and no more. */
const VARIANT = /^(\w+)(List|Patch)$/;

function rayPlaces(cluster: readonly string[]): Place[] {
  return [
    { path: [...cluster, "headGroupSpec", "template"], longRunning: true },
    { path: [...cluster, "workerGroupSpecs", "*", "template"], longRunning: true, optional: true },
  ];
}

export interface Pod {
  /** `Deployment gateway` */
  readonly owner: string;
  /** Read when asked for, since it may be a value that a preview does not know. */
  readonly namespace: string;
  readonly labels: Fields;
  readonly annotations: Fields;
  readonly spec: Fields;
  readonly longRunning: boolean;
}

export type ContainerKind = "container" | "init container" | "ephemeral container";

export interface Container {
  readonly pod: Pod;
  readonly kind: ContainerKind;
  readonly name: string;
  readonly fields: Fields;
  /** An init container that goes on beside the others (restartPolicy: Always). */
  readonly sidecar: boolean;
}

export interface Found<T> {
  readonly items: readonly T[];
  /** What has no form that could be judged; each is a violation of its own. */
  readonly malformed: readonly string[];
}

export function kindOf(type: string): string | undefined {
  return type.startsWith("kubernetes:") ? type.split(":")[2] : undefined;
}

/** Of CloudNativePG, whose pods only the operator knows. */
export function isPostgresCluster(type: string): boolean {
  return type.startsWith("kubernetes:postgresql.cnpg.io/") && kindOf(type) === "Cluster";
}

/** A way to such a cluster, which the operator makes pods of PgBouncer for. */
export function isPostgresPooler(type: string): boolean {
  return type.startsWith("kubernetes:postgresql.cnpg.io/") && kindOf(type) === "Pooler";
}

export function hasPods(type: string): boolean {
  return placesOf(type).length > 0;
}

function placesOf(type: string): readonly Place[] {
  const kind = kindOf(type) ?? "";
  const own = PLACES[kind];
  if (own !== undefined) return own;
  const [, base = "", variant] = VARIANT.exec(kind) ?? [];
  return (PLACES[base] ?? []).map((place) => ({
    ...place,
    optional: true,
    path: variant === "List" ? ["items", "*", ...place.path] : place.path,
  }));
}

/** The pods of an object, if its type has any. */
export function podsOf(type: string, props: Fields): Found<Pod> {
  const kind = kindOf(type) ?? "";
  const found = placesOf(type).map((place) => podsAt(kind, place, props));
  return {
    items: found.flatMap(({ items }) => items),
    malformed: found.flatMap(({ malformed }) => malformed),
  };
}

function podsAt(kind: string, place: Place, props: Fields): Found<Pod> {
  const owner = `${kind} ${nameIn(props)}`;
  const templates = valuesAt(props, place.path);
  const present = templates.filter((template) => template !== undefined && template !== null);
  if (present.length === 0 && place.optional === true) return { items: [], malformed: [] };
  const specs = (place.optional === true ? present : templates).map((template) => ({
    template,
    spec: asFields(at(template, "spec")),
  }));
  const items = specs.flatMap(({ template, spec }): Pod[] => {
    if (spec === undefined) return [];
    return [
      {
        owner,
        get namespace() {
          return textAt(props, "metadata", "namespace") ?? "default";
        },
        labels: asFields(at(template, "metadata", "labels")) ?? {},
        annotations: asFields(at(template, "metadata", "annotations")) ?? {},
        spec,
        longRunning: place.longRunning,
      },
    ];
  });
  const malformed = specs.some(({ spec }) => spec === undefined)
    ? [`${owner} has no pod specification that could be judged.`]
    : [];
  return { items, malformed };
}

/** What stands at a path, for every entry of the lists on the way. */
export function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  const [key, ...rest] = path;
  if (key === undefined) return [value];
  if (key === "*") return Array.isArray(value) ? value.flatMap((one) => valuesAt(one, rest)) : [];
  return valuesAt(asFields(value)?.[key], rest);
}

/** The name in a message; one that is not known yet must not keep the rest from being judged. */
export function nameIn(props: Fields): string {
  try {
    return textAt(props, "metadata", "name") ?? "(named later)";
  } catch (error) {
    if (!isUnknownValue(error)) throw error;
    return "(name not known yet)";
  }
}

const LISTS: readonly [key: string, kind: ContainerKind][] = [
  ["initContainers", "init container"],
  ["containers", "container"],
  ["ephemeralContainers", "ephemeral container"],
];

export function containersOf(pod: Pod): Found<Container> {
  const items: Container[] = [];
  const malformed: string[] = [];
  for (const [key, kind] of LISTS) {
    const list = pod.spec[key];
    if (!isPresent(list)) {
      if (key === "containers") malformed.push(`${pod.owner} has no containers.`);
    } else if (!Array.isArray(list)) {
      malformed.push(`${pod.owner}: ${key} is not a list.`);
    } else {
      list.forEach((entry: unknown, index) => {
        const fields = asFields(entry);
        if (fields === undefined) malformed.push(`${pod.owner}: ${key}[${index}] is no container.`);
        else
          items.push({
            pod,
            kind,
            name: nameOf(fields, index),
            fields,
            sidecar: isSidecar(kind, fields),
          });
      });
    }
  }
  return { items, malformed };
}

/** "Deployment gateway, init container migrate": how a message begins. */
export function whereOf(pod: Pod, container: Container): string {
  return `${pod.owner}, ${container.kind} ${container.name}`;
}

function nameOf(fields: Fields, index: number): string {
  return textAt(fields, "name") ?? `number ${index + 1}`;
}

function isSidecar(kind: ContainerKind, fields: Fields): boolean {
  return kind === "init container" && fields.restartPolicy === "Always";
}
