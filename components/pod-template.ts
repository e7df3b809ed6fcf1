/**
 * The one way our pods are made: restricted security, probes, bounded memory, mounts and a stated
 * time to stop. A component says what is particular; nothing here can be left out by forgetting it.
 */
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf, selectorOf } from "./component.ts";
import type { ProbeBudget } from "./sizing/probes.ts";
import { mebibytes } from "./sizing/quantity.ts";

type PodTemplate = k8s.types.input.core.v1.PodTemplateSpec;
type Mounted = k8s.types.input.core.v1.VolumeMount;
type Volume = k8s.types.input.core.v1.Volume;
type Probe = k8s.types.input.core.v1.Probe;
type Projection = k8s.types.input.core.v1.VolumeProjection;

export interface Resources {
  readonly cpu: string;
  readonly memory: string;
  /**
   * What a device plugin hands out (GPUs, network adapters), and huge pages: asked for and allowed
   * alike, since none of it can be overcommitted.
   */
  readonly devices?: Readonly<Record<string, string>>;
}

export type Mount = { readonly name: string; readonly path: string } & (
  | { readonly secret: pulumi.Input<string> }
  | { readonly configMap: pulumi.Input<string> }
  /** Empty at every start; bounded, since it counts against the node's disk. */
  | { readonly scratch: string }
  /** The same in memory: it counts against the pod's limit, and no disk ever sees it. */
  | { readonly memory: string }
  /** A volume that is there already, by its claim. */
  | { readonly volume: pulumi.Input<string>; readonly readOnly: boolean }
  /** A volume that the StatefulSet's claim template provides, or a folder of it. */
  | { readonly claim: true; readonly subPath?: string; readonly readOnly?: true }
  /** Several sources in one folder, such as a token and what verifies whom it is for. */
  | { readonly projected: readonly Projection[] }
  /** To read only: a volume under the same name that another container of the pod brings. */
  | { readonly shared: true }
);

/** How a probe asks. `https` verifies nothing, as kubelet cannot; the answer still proves the start. */
export type Question =
  | { readonly https: string; readonly port: number }
  | { readonly command: readonly string[] };

export interface Health {
  readonly budget: ProbeBudget;
  readonly ready: Question;
  /** Default: as `ready`. */
  readonly alive?: Question;
  /** Has started: default as `ready`. */
  readonly started?: Question;
}

/** What runs to its end before the program starts. */
export interface Preparation {
  readonly name: string;
  readonly image: pulumi.Input<string>;
  readonly command?: readonly pulumi.Input<string>[];
  readonly args?: readonly pulumi.Input<string>[];
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Variables filled with a field of the pod. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Variables filled from a Secret. */
  readonly secrets?: Readonly<Record<string, { name: pulumi.Input<string>; key: string }>>;
  readonly resources: Resources;
  /** Volumes of the same name as one of the program's are the same volume. */
  readonly mounts: readonly Mount[];
}

export interface Container extends Preparation {
  readonly ports: Readonly<Record<string, number>>;
  /** null: another pod answers for this one, as the leader of a group does for its workers. */
  readonly health: Health | null;
  readonly preStopSeconds?: number;
}

/** Which nodes, where not every one will do. */
export interface Placement {
  /** Labels of the node and the values that will do. */
  readonly nodeLabels: Readonly<Record<string, readonly string[]>>;
  /** Keys of taints that keep others away. */
  readonly tolerations: readonly string[];
  /**
   * Pods of this name rather stand on one node than on many, whatever programs they are: where small
   * ones are spread, each node has some room and none has enough for a large one.
   */
  readonly together?: string;
}

const TOGETHER_LABEL = "deepseek.local/together";

/** Its name is label, container name, and the name policies select by. */
export interface Program extends Container {
  /** The number of its user, as the image has it: 10001 for every image of ours. */
  readonly user?: number;
  /** Further containers of the pod, which run as the same user and serve the program (exporters). */
  readonly companions?: readonly Container[];
  /** Run one after the other, each to its end, before the program. */
  readonly preparations?: readonly Preparation[];
  /** Started before the program and stopped after it (native sidecars, Kubernetes 1.29). */
  readonly sidecars?: readonly Container[];
  readonly placement?: Placement;
  /** Carries an identity outside of the cluster; its token for the API server is mounted never. */
  readonly serviceAccount?: pulumi.Input<string>;
  readonly priorityClass?: string;
  readonly terminationSeconds: number;
  /** Further labels, which select as well (a model server's model). */
  readonly labels?: Readonly<Record<string, string>>;
  /** No two of its pods on one node, even where one then finds no place. */
  readonly apart?: true;
  /** Rolls the pods when it changes. */
  readonly checksum?: pulumi.Input<string>;
}

/** Uid and gid of every program in an image of ours. */
export const PROGRAM_USER = 10_001;

const HOST = "kubernetes.io/hostname";
export const ZONE = "topology.kubernetes.io/zone";

export const CHECKSUM_ANNOTATION = "deepseek.local/configuration";

export function podTemplate(program: Program): PodTemplate {
  refuseOverflow(program);
  const user = program.user ?? PROGRAM_USER;
  return {
    metadata: {
      labels: { ...labelsOf(program.name, program.labels), ...togetherLabel(program) },
      ...(program.checksum === undefined
        ? {}
        : { annotations: { [CHECKSUM_ANNOTATION]: program.checksum } }),
    },
    spec: {
      // Hardly anything of ours talks to the API server, and what does mounts its token by itself.
      automountServiceAccountToken: false,
      // Service variables would collide with settings.
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: user,
        runAsGroup: user,
        fsGroup: user,
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
      },
      terminationGracePeriodSeconds: program.terminationSeconds,
      topologySpreadConstraints: spread(program),
      ...placed(program),
      ...before(program),
      containers: [program, ...(program.companions ?? [])].map(container),
      volumes: volumes(program),
    },
  };
}

function before({ preparations = [], sidecars = [] }: Program) {
  if (preparations.length + sidecars.length === 0) return {};
  const beside = sidecars.map((one) => ({ ...container(one), restartPolicy: "Always" }));
  return { initContainers: [...preparations.map(preparation), ...beside] };
}

/** Files in memory count against the same limit: a pod that fills its own volumes would be killed. */
function refuseOverflow(program: Program): void {
  const inMemory = [program, ...(program.preparations ?? [])].flatMap(({ mounts }) =>
    mounts.flatMap((mount) => ("memory" in mount ? [mebibytes(mount.memory)] : [])),
  );
  const wanted = inMemory.reduce((sum, one) => sum + one, 0);
  if (wanted === 0 || wanted < mebibytes(program.resources.memory)) return;
  const has = program.resources.memory;
  throw new Error(`${program.name}: volumes of ${wanted}Mi in memory, and it has ${has} in all`);
}

function placed(program: Program) {
  const { placement, serviceAccount, priorityClass } = program;
  const { affinity, ...nodes } = placement === undefined ? {} : nodesOf(placement);
  const whole = {
    ...affinity,
    ...(program.apart === undefined ? {} : { podAntiAffinity: apartOf(program) }),
  };
  return {
    ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
    ...(priorityClass === undefined ? {} : { priorityClassName: priorityClass }),
    ...nodes,
    ...(affinity === undefined && program.apart === undefined ? {} : { affinity: whole }),
  };
}

function togetherLabel({ placement }: Program): Record<string, string> {
  const { together } = placement ?? {};
  return together === undefined ? {} : { [TOGETHER_LABEL]: together };
}

/** A wish: where a node is full, the next one will do. */
function togetherOf(name: string) {
  const labelSelector = { matchLabels: { [TOGETHER_LABEL]: name } };
  const podAffinityTerm = { topologyKey: HOST, labelSelector };
  return {
    podAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm }],
    },
  };
}

/** An affinity, not a selector, since several values of one label may do. */
function nodesOf({ nodeLabels, tolerations, together }: Placement) {
  const matchExpressions = Object.entries(nodeLabels).map(([key, values]) => ({
    key,
    operator: "In",
    values: [...values],
  }));
  const nodeSelectorTerms = [{ matchExpressions }];
  return {
    affinity: {
      // A term without expressions would match no node at all.
      ...(matchExpressions.length === 0
        ? {}
        : {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
            },
          }),
      ...(together === undefined ? {} : togetherOf(together)),
    },
    tolerations: tolerations.map((key) => ({ key, operator: "Exists", effect: "NoSchedule" })),
  };
}

/**
 * Across nodes (unless they shall stand together), and zones where there are some; a preference, so
 * that one node works.
 */
function spread(program: Program): k8s.types.input.core.v1.TopologySpreadConstraint[] {
  const topologies = program.placement?.together === undefined ? [HOST, ZONE] : [ZONE];
  return topologies.map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: selectorOf(program.name, program.labels) },
    // Only pods of the same generation count, else a rollout leaves them crooked.
    matchLabelKeys: ["controller-revision-hash", "pod-template-hash"],
  }));
}

/** Pods of every generation count, as each holds a part of what must not go at once. */
function apartOf(program: Program): k8s.types.input.core.v1.PodAntiAffinity {
  const labelSelector = { matchLabels: selectorOf(program.name, program.labels) };
  return {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: "kubernetes.io/hostname", labelSelector },
    ],
  };
}

function container(program: Container): k8s.types.input.core.v1.Container {
  return {
    ...preparation(program),
    ports: Object.entries(program.ports).map(([name, containerPort]) => ({ name, containerPort })),
    ...(program.health === null ? {} : probes(program.health)),
    ...(program.preStopSeconds === undefined
      ? {}
      : { lifecycle: { preStop: { sleep: { seconds: program.preStopSeconds } } } }),
  };
}

function preparation(program: Preparation): k8s.types.input.core.v1.Container {
  const { cpu, memory, devices } = program.resources;
  return {
    name: program.name,
    image: program.image,
    imagePullPolicy: "IfNotPresent",
    ...(program.command === undefined ? {} : { command: [...program.command] }),
    ...(program.args === undefined ? {} : { args: [...program.args] }),
    env: variables(program),
    // Memory is a wall; processor time is only a share, since a hard limit throttles single answers.
    resources: { requests: { cpu, memory, ...devices }, limits: { memory, ...devices } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: program.mounts.map(mounted),
  };
}

function mounted(mount: Mount): Mounted {
  const { name, path } = mount;
  const writable =
    "scratch" in mount ||
    "memory" in mount ||
    ("claim" in mount && mount.readOnly !== true) ||
    ("volume" in mount && !mount.readOnly);
  const folder = "claim" in mount && mount.subPath !== undefined ? { subPath: mount.subPath } : {};
  return { name, mountPath: path, ...folder, ...(writable ? {} : { readOnly: true }) };
}

function variables(program: Preparation): k8s.types.input.core.v1.EnvVar[] {
  const plain = Object.entries(program.environment ?? {}).map(([name, value]) => ({ name, value }));
  const fields = Object.entries(program.fields ?? {}).map(([name, fieldPath]) => ({
    name,
    valueFrom: { fieldRef: { fieldPath } },
  }));
  const secrets = Object.entries(program.secrets ?? {}).map(([name, secretKeyRef]) => ({
    name,
    valueFrom: { secretKeyRef },
  }));
  return [...plain, ...fields, ...secrets];
}

function probes({ budget, ready, alive, started }: Health) {
  return {
    startupProbe: probe(started ?? ready, budget.startup),
    readinessProbe: probe(ready, budget.readiness),
    livenessProbe: probe(alive ?? ready, budget.liveness),
  };
}

function probe(question: Question, timing: ProbeBudget["startup"]): Probe {
  return "https" in question
    ? { httpGet: { scheme: "HTTPS", path: question.https, port: question.port }, ...timing }
    : { exec: { command: [...question.command] }, ...timing };
}

/** Those of the program, of what prepares it and of what runs beside it, each once. */
function volumes(program: Program): Volume[] {
  const { preparations = [], sidecars = [] } = program;
  const all = [program, ...preparations, ...sidecars].flatMap(({ mounts }) =>
    mounts.flatMap(volume),
  );
  const names = all.map(({ name }) => name);
  return all.filter(({ name }, index) => names.indexOf(name) === index);
}

function volume(mount: Mount): Volume[] {
  // 0440 with fsGroup: the program may read its secrets, nobody may write them.
  if ("secret" in mount) {
    return [{ name: mount.name, secret: { secretName: mount.secret, defaultMode: 0o440 } }];
  }
  if ("configMap" in mount) {
    return [{ name: mount.name, configMap: { name: mount.configMap, defaultMode: 0o444 } }];
  }
  if ("projected" in mount) {
    const sources = [...mount.projected];
    return [{ name: mount.name, projected: { sources, defaultMode: 0o440 } }];
  }
  if ("scratch" in mount) return [{ name: mount.name, emptyDir: { sizeLimit: mount.scratch } }];
  if ("memory" in mount) {
    return [{ name: mount.name, emptyDir: { medium: "Memory", sizeLimit: mount.memory } }];
  }
  if ("volume" in mount) {
    const claim = { claimName: mount.volume, readOnly: mount.readOnly };
    return [{ name: mount.name, persistentVolumeClaim: claim }];
  }
  return [];
}
