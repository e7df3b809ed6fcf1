/**
 * The pods that operators would make of our objects, without them: for tests that schedule them on
 * simulated nodes, and for counting. What the operators add (names, labels, variables) is theirs as
 * their sources have it: LeaderWorkerSet v0.10, KubeRay v1.5. Pure.
 */
import type * as k8s from "@pulumi/kubernetes";

type PodTemplate = k8s.types.input.core.v1.PodTemplateSpec;

/** What this file reads of an object, as it was rendered. */
export interface RenderedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  // biome-ignore lint/suspicious/noExplicitAny: fields of kinds that have no types here
  readonly spec: any;
}

export interface ExpandedPod {
  readonly apiVersion: "v1";
  readonly kind: "Pod";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec: object;
}

const LWS = "leaderworkerset.sigs.k8s.io";

/** Leaders are `<set>-<group>`, workers `<set>-<group>-<index>`, numbered from 1. */
export function podsOfLeaderWorkerSetWithoutOperator(object: RenderedObject): ExpandedPod[] {
  const { metadata, spec } = object;
  const { leaderTemplate, workerTemplate, size } = spec.leaderWorkerTemplate;
  const groups = range(spec.replicas ?? 1);
  return groups.flatMap((group) =>
    range(size).map((index) => {
      const leader = `${metadata.name}-${group}`;
      const template = index === 0 ? (leaderTemplate ?? workerTemplate) : workerTemplate;
      return expanded(template, {
        name: index === 0 ? leader : `${leader}-${index}`,
        namespace: metadata.namespace,
        labels: {
          [`${LWS}/name`]: metadata.name,
          [`${LWS}/group-index`]: String(group),
          [`${LWS}/worker-index`]: String(index),
        },
        variables: {
          LWS_LEADER_ADDRESS: `${leader}.${metadata.name}.${metadata.namespace}`,
          LWS_GROUP_SIZE: String(size),
          LWS_WORKER_INDEX: String(index),
        },
      });
    }),
  );
}

/** One head, and of each group of workers the least that is asked for. */
export function podsOfRayServiceWithoutOperator(object: RenderedObject): ExpandedPod[] {
  const { metadata, spec } = object;
  const { headGroupSpec, workerGroupSpecs = [] } = spec.rayClusterConfig;
  const of = (type: string, group: string) => ({
    "ray.io/node-type": type,
    "ray.io/group": group,
    "ray.io/cluster": metadata.name,
  });
  const { namespace } = metadata;
  const head = expanded(headGroupSpec.template, {
    name: `${metadata.name}-head`,
    namespace,
    labels: of("head", "headgroup"),
    variables: {},
  });
  const workers = workerGroupSpecs.flatMap(
    (group: { groupName: string; replicas: number; numOfHosts?: number; template: PodTemplate }) =>
      range(group.replicas * (group.numOfHosts ?? 1)).map((index) =>
        expanded(group.template, {
          name: `${metadata.name}-${group.groupName}-worker-${index}`,
          namespace,
          labels: of("worker", group.groupName),
          variables: {},
        }),
      ),
  );
  return [head, ...workers];
}

interface Additions {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Record<string, string>;
  readonly variables: Record<string, string>;
}

/** Labels of the template stay: both operators let them win where they meet their own. */
function expanded(template: PodTemplate, additions: Additions): ExpandedPod {
  const { name, namespace, labels, variables } = additions;
  const { metadata, spec } = JSON.parse(JSON.stringify(template));
  const env = Object.entries(variables).map(([variable, value]) => ({ name: variable, value }));
  const containers = spec.containers.map((container: { env?: object[] }) => ({
    ...container,
    env: [...env, ...(container.env ?? [])],
  }));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata, name, namespace, labels: { ...labels, ...metadata.labels } },
    spec: { ...spec, containers },
  };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
