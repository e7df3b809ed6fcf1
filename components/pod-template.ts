/**
 * The one way our pods are made: restricted security, probes, bounded memory, mounts and a stated
 * time to stop. A component says what is particular; nothing here can be left out by forgetting it.
 */
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf, selectorOf } from "./component.ts";
import type { ProbeBudget } from "./sizing/probes.ts";

type PodTemplate = k8s.types.input.core.v1.PodTemplateSpec;
type Volume = k8s.types.input.core.v1.Volume;
type Probe = k8s.types.input.core.v1.Probe;

export interface Resources {
  readonly cpu: string;
  readonly memory: string;
}

export type Mount = { readonly name: string; readonly path: string } & (
  | { readonly secret: pulumi.Input<string> }
  | { readonly configMap: pulumi.Input<string> }
  /** Empty at every start; bounded, since it counts against the node's disk. */
  | { readonly scratch: string }
  /** A volume that the StatefulSet's claim template provides. */
  | { readonly claim: true }
  /** A companion's: a volume of its program under the same name, to read. */
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
}

export interface Container {
  readonly name: string;
  readonly image: pulumi.Input<string>;
  readonly command?: readonly pulumi.Input<string>[];
  readonly args?: readonly pulumi.Input<string>[];
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Variables filled with a field of the pod. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Variables filled from a Secret. */
  readonly secrets?: Readonly<Record<string, { name: pulumi.Input<string>; key: string }>>;
  readonly ports: Readonly<Record<string, number>>;
  readonly resources: Resources;
  readonly mounts: readonly Mount[];
  readonly health: Health;
  readonly preStopSeconds?: number;
}

/** Its name is label, container name, and the name policies select by. */
export interface Program extends Container {
  /** The number of its user, as the image has it: 10001 for every image of ours. */
  readonly user?: number;
  /** Further containers of the pod, which run as the same user and serve the program (exporters). */
  readonly companions?: readonly Container[];
  readonly terminationSeconds: number;
  /** Further labels, which select as well (a model server's model). */
  readonly labels?: Readonly<Record<string, string>>;
  /** Rolls the pods when it changes. */
  readonly checksum?: pulumi.Input<string>;
}

/** Uid and gid of every program in an image of ours. */
export const PROGRAM_USER = 10_001;

export const CHECKSUM_ANNOTATION = "deepseek.local/configuration";

export function podTemplate(program: Program): PodTemplate {
  const user = program.user ?? PROGRAM_USER;
  return {
    metadata: {
      labels: labelsOf(program.name, program.labels),
      ...(program.checksum === undefined
        ? {}
        : { annotations: { [CHECKSUM_ANNOTATION]: program.checksum } }),
    },
    spec: {
      // Nothing of ours talks to the API server, and Service variables would collide with settings.
      automountServiceAccountToken: false,
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
      containers: [program, ...(program.companions ?? [])].map(container),
      volumes: program.mounts.flatMap(volume),
    },
  };
}

/** Across nodes always, across zones where there are some; a preference, so that one node works. */
function spread(program: Program): k8s.types.input.core.v1.TopologySpreadConstraint[] {
  return ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: selectorOf(program.name, program.labels) },
    // Only pods of the same generation count, else a rollout leaves them crooked.
    matchLabelKeys: ["controller-revision-hash", "pod-template-hash"],
  }));
}

function container(program: Container): k8s.types.input.core.v1.Container {
  const { cpu, memory } = program.resources;
  return {
    name: program.name,
    image: program.image,
    imagePullPolicy: "IfNotPresent",
    ...(program.command === undefined ? {} : { command: [...program.command] }),
    ...(program.args === undefined ? {} : { args: [...program.args] }),
    env: variables(program),
    ports: Object.entries(program.ports).map(([name, containerPort]) => ({ name, containerPort })),
    // Memory is a wall; processor time is only a share, since a hard limit throttles single answers.
    resources: { requests: { cpu, memory }, limits: { memory } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ["ALL"] },
    },
    ...probes(program.health),
    ...(program.preStopSeconds === undefined
      ? {}
      : { lifecycle: { preStop: { sleep: { seconds: program.preStopSeconds } } } }),
    volumeMounts: program.mounts.map(({ name, path, ...source }) => ({
      name,
      mountPath: path,
      ...("scratch" in source || "claim" in source ? {} : { readOnly: true }),
    })),
  };
}

function variables(program: Container): k8s.types.input.core.v1.EnvVar[] {
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

function probes({ budget, ready, alive }: Health) {
  return {
    startupProbe: probe(ready, budget.startup),
    readinessProbe: probe(ready, budget.readiness),
    livenessProbe: probe(alive ?? ready, budget.liveness),
  };
}

function probe(question: Question, timing: ProbeBudget["startup"]): Probe {
  return "https" in question
    ? { httpGet: { scheme: "HTTPS", path: question.https, port: question.port }, ...timing }
    : { exec: { command: [...question.command] }, ...timing };
}

function volume(mount: Mount): Volume[] {
  // 0440 with fsGroup: the program may read its secrets, nobody may write them.
  if ("secret" in mount) {
    return [{ name: mount.name, secret: { secretName: mount.secret, defaultMode: 0o440 } }];
  }
  if ("configMap" in mount) {
    return [{ name: mount.name, configMap: { name: mount.configMap, defaultMode: 0o444 } }];
  }
  if ("scratch" in mount) return [{ name: mount.name, emptyDir: { sizeLimit: mount.scratch } }];
  return [];
}
