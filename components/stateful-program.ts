/**
 * A program whose pods have a volume each (one pod: Redis, PostgreSQL, Prometheus, Alertmanager;
 * several equal ones: the gateway): the StatefulSet and the Service in front of it, as plain
 * specifications.
 */
import type * as k8s from "@pulumi/kubernetes";
import { labelsOf, selectorOf } from "./component.ts";
import { type Program, podTemplate } from "./pod-template.ts";

type StatefulSetArgs = k8s.apps.v1.StatefulSetArgs;
type ServiceArgs = k8s.core.v1.ServiceArgs;

export interface VolumeSettings {
  readonly storage: string;
  /** Undefined: the cluster's default class. */
  readonly storageClass: string | undefined;
  readonly onDestroy: "retain" | "delete";
}

/** The claim's name; a mount of kind `claim` must be called the same. */
export const DATA_VOLUME = "data";

/**
 * Waiting for a Service's endpoints is left to whoever owns the pods: their own readiness says the
 * same, and whoever only needs the address need not wait for it.
 */
const SKIP_AWAIT = { "pulumi.com/skipAwait": "true" };

export function statefulSet(
  namespace: string,
  program: Program,
  volume: VolumeSettings,
  replicas = 1,
): StatefulSetArgs {
  const metadata = { name: program.name, namespace, labels: labelsOf(program.name) };
  return {
    metadata,
    spec: {
      replicas,
      serviceName: program.name,
      // The pods have no order to keep, and the ordered policy never replaces one that fails. A
      // rollout still takes one pod at a time, and waits until it is ready.
      podManagementPolicy: "Parallel",
      selector: { matchLabels: selectorOf(program.name) },
      template: podTemplate(program),
      persistentVolumeClaimRetentionPolicy: {
        whenDeleted: volume.onDestroy === "delete" ? "Delete" : "Retain",
        whenScaled: "Retain",
      },
      volumeClaimTemplates: [
        {
          metadata: { name: DATA_VOLUME, labels: selectorOf(program.name) },
          spec: {
            accessModes: ["ReadWriteOnce"],
            ...(volume.storageClass === undefined ? {} : { storageClassName: volume.storageClass }),
            resources: { requests: { storage: volume.storage } },
          },
        },
      ],
    },
  };
}

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly nodePort?: number;
}

export interface ServiceSettings {
  readonly name: string;
  readonly namespace: string;
  readonly program: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
  /** One address per pod: what a scraper wants. `all` are those that are not ready, too. */
  readonly headless?: "all" | "ready";
  /**
   * The pods see who calls: a node passes calls to its own pods alone, as they came. Without it, any node passes them to any
   * pod, as its own.
   */
  readonly callersSeen?: boolean;
  /** Where others than we label its pods. */
  readonly selector?: Readonly<Record<string, string>>;
}

export function service(settings: ServiceSettings): ServiceArgs {
  const exposed = settings.ports.some((port) => port.nodePort !== undefined);
  return {
    metadata: {
      name: settings.name,
      namespace: settings.namespace,
      labels: labelsOf(settings.program, settings.labels),
      annotations: SKIP_AWAIT,
    },
    spec: {
      type: exposed ? "NodePort" : "ClusterIP",
      ...(settings.callersSeen === true ? { externalTrafficPolicy: "Local" } : {}),
      ...(settings.headless === undefined ? {} : { clusterIP: "None" }),
      ...(settings.headless === "all" ? { publishNotReadyAddresses: true } : {}),
      selector: settings.selector ?? selectorOf(settings.program, settings.labels),
      ports: settings.ports.map(({ name, port, nodePort }) => ({
        name,
        port,
        targetPort: name,
        protocol: "TCP",
        ...(nodePort === undefined ? {} : { nodePort }),
      })),
    },
  };
}

/** The name by which others in the cluster call a Service; its certificate carries it. */
export function hostOf(name: string, namespace: string): string {
  return `${name}.${namespace}.svc`;
}
