/**
 * A model whose replicas follow its load: a ScaledObject of KEDA that asks Prometheus, over TLS that
 * it verifies, for this model alone. It never asks for more GPUs than are declared, and where
 * Prometheus is silent nothing is taken away.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component, labelsOf, type Transform } from "../component.ts";
import { MODEL_LABEL, MODEL_SERVER, modelService } from "./model-component.ts";
import { groupName } from "./model-server-group.ts";
import { type Scaling, scalingFaults, stabilisationSeconds, triggersOf } from "./scaling.ts";

export interface ScaledModelArgs {
  readonly namespace: string;
  readonly model: string;
  /** What holds its replicas. */
  readonly target: "ModelServer" | "ModelServerGroup";
  readonly scaling: Scaling;
  /** Of Prometheus, as KEDA reaches it. */
  readonly prometheus: pulumi.Input<string>;
  /** A Secret of this namespace whose ca.crt Prometheus' certificate is verified with. */
  readonly authority: pulumi.Input<string>;
  readonly transform?: { readonly scaledObject?: Transform<k8s.apiextensions.CustomResourceArgs> };
}

const POLLING_SECONDS = 15;
/** Three polls in vain: 45 s. */
const FAILURES = 3;

export class ScaledModel extends Component {
  constructor(name: string, args: ScaledModelArgs, options?: pulumi.ComponentResourceOptions) {
    super("serving:ScaledModel", name, options);
    const faults = scalingFaults(args.scaling);
    if (faults.length > 0) throw new Error(`${args.model}: ${faults.join("; ")}`);
    const trust = new k8s.apiextensions.CustomResource(`${name}-authority`, authority(args), {
      parent: this,
    });
    const object = scaledObject(args);
    const made = args.transform?.scaledObject?.(object) ?? object;
    new k8s.apiextensions.CustomResource(name, made, { parent: this, dependsOn: [trust] });
    this.registerOutputs({});
  }
}

function metadataOf({ model, namespace }: ScaledModelArgs) {
  const labels = labelsOf(MODEL_SERVER, { [MODEL_LABEL]: model });
  return { name: modelService(model), namespace, labels };
}

function authority(args: ScaledModelArgs): k8s.apiextensions.CustomResourceArgs {
  const ca = { parameter: "ca", name: args.authority, key: "ca.crt" };
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "TriggerAuthentication",
    metadata: metadataOf(args),
    spec: { secretTargetRef: [ca] },
  };
}

function scaledObject(args: ScaledModelArgs): k8s.apiextensions.CustomResourceArgs {
  const { scaling, model } = args;
  const { least, most } = scaling.replicas;
  const window = stabilisationSeconds(scaling);
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: metadataOf(args),
    spec: {
      scaleTargetRef: target(args),
      pollingInterval: POLLING_SECONDS,
      cooldownPeriod: window,
      minReplicaCount: least,
      maxReplicaCount: most,
      fallback: {
        failureThreshold: FAILURES,
        replicas: Math.max(1, least),
        behavior: "currentReplicasIfHigher",
      },
      advanced: {
        horizontalPodAutoscalerConfig: {
          name: modelService(model),
          behavior: {
            // One at a time: the load of the one that went must be seen before the next one goes.
            scaleDown: {
              stabilizationWindowSeconds: window,
              policies: [{ type: "Pods", value: 1, periodSeconds: POLLING_SECONDS * 4 }],
            },
          },
        },
      },
      triggers: triggersOf(model, scaling).map(({ name, query, threshold }) => ({
        type: "prometheus",
        name,
        metadata: {
          serverAddress: args.prometheus,
          query,
          threshold: String(threshold),
          ignoreNullValues: "false",
        },
        authenticationRef: { name: metadataOf(args).name },
      })),
    },
  };
}

function target({ target: kind, model }: ScaledModelArgs) {
  return kind === "ModelServer"
    ? { apiVersion: "apps/v1", kind: "Deployment", name: modelService(model) }
    : {
        apiVersion: "leaderworkerset.x-k8s.io/v1",
        kind: "LeaderWorkerSet",
        name: groupName(model),
      };
}
