/**
 * LeaderWorkerSet's kind for tests, written from the list of its fields, since its Go module is not
 * to be had everywhere: names, kinds, enumerations and defaults of
 * https://github.com/kubernetes-sigs/lws/blob/v0.10.0/api/leaderworkerset/v1/leaderworkerset_types.go
 * (read twice, 2026-11-21 and 2026-11-26). Pod templates pass as they are: tests hand them to the API
 * server as pods.
 */
const text = { type: "string" } as const;
const integer = { type: "integer", format: "int32" } as const;
const either = { "x-kubernetes-int-or-string": true } as const;
const any = { type: "object", "x-kubernetes-preserve-unknown-fields": true } as const;
const oneOf = (...values: string[]) => ({ ...text, enum: values });
const object = (properties: object, required: readonly string[] = []) => ({
  type: "object",
  properties,
  ...(required.length === 0 ? {} : { required }),
});

const template = object(
  {
    leaderTemplate: any,
    workerTemplate: any,
    size: { ...integer, default: 1 },
    restartPolicy: {
      ...oneOf("Default", "RecreateGroupOnPodRestart", "RecreateGroupAfterStart", "None"),
      default: "RecreateGroupOnPodRestart",
    },
    subGroupPolicy: object({
      subGroupPolicyType: oneOf("LeaderWorker", "LeaderExcluded"),
      subGroupSize: integer,
    }),
    volumeClaimTemplates: { type: "array", items: any },
    persistentVolumeClaimRetentionPolicy: any,
  },
  ["workerTemplate"],
);

const rollout = object(
  {
    type: { ...oneOf("RollingUpdate"), default: "RollingUpdate" },
    rollingUpdateConfiguration: object({
      partition: { ...integer, default: 0 },
      maxUnavailable: { ...either, default: 1 },
      maxSurge: { ...either, default: 0 },
    }),
  },
  ["type"],
);

const spec = object(
  {
    replicas: { ...integer, minimum: 0, maximum: 1_000_000, default: 1 },
    leaderWorkerTemplate: template,
    rolloutStrategy: rollout,
    startupPolicy: { ...oneOf("LeaderCreated", "LeaderReady"), default: "LeaderCreated" },
    networkConfig: object({ subdomainPolicy: oneOf("Shared", "UniquePerReplica") }, [
      "subdomainPolicy",
    ]),
  },
  ["leaderWorkerTemplate"],
);

export const LEADER_WORKER_SET_DEFINITION = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: {
    name: "leaderworkersets.leaderworkerset.x-k8s.io",
    // The API server asks for a reason where a group of Kubernetes' own domain is defined.
    annotations: { "api-approved.kubernetes.io": "unapproved, for tests" },
  },
  spec: {
    group: "leaderworkerset.x-k8s.io",
    scope: "Namespaced",
    names: {
      kind: "LeaderWorkerSet",
      plural: "leaderworkersets",
      singular: "leaderworkerset",
      shortNames: ["lws"],
    },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: {
            specReplicasPath: ".spec.replicas",
            statusReplicasPath: ".status.replicas",
            labelSelectorPath: ".status.hpaPodSelector",
          },
        },
        schema: {
          openAPIV3Schema: object({
            apiVersion: text,
            kind: text,
            metadata: { type: "object" },
            spec,
            status: any,
          }),
        },
      },
    ],
  },
};
