/**
 * Secrets that others keep, brought by the operator External Secrets: an ExternalSecret for each name that
 * the settings expect in the cluster. Their values never pass through the program or its state.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "./component.ts";

/** A Secret that programs of ours read, and the keys that they read of it. */
export interface NeededSecret {
  readonly name: string;
  readonly namespace: string;
  readonly keys: readonly string[];
}

export interface ExternalSecretsArgs {
  readonly store: { readonly kind: "SecretStore" | "ClusterSecretStore"; readonly name: string };
  readonly refreshMinutes: number;
  readonly secrets: readonly (NeededSecret & {
    /** Its place in the store; its properties are called as the Secret's keys. */
    readonly from: string;
  })[];
}

const EXTERNAL_SECRETS_API = "external-secrets.io/v1";

export class ExternalSecrets extends Component {
  constructor(name: string, args: ExternalSecretsArgs, options?: pulumi.ComponentResourceOptions) {
    super("identity:ExternalSecrets", name, options);
    for (const secret of args.secrets) {
      new k8s.apiextensions.CustomResource(
        `${name}-${secret.namespace}-${secret.name}`,
        {
          apiVersion: EXTERNAL_SECRETS_API,
          kind: "ExternalSecret",
          metadata: { name: secret.name, namespace: secret.namespace },
          spec: externalSecretSpec(args, secret),
        },
        { parent: this },
      );
    }
    this.registerOutputs({});
  }
}

export function externalSecretSpec(
  { store, refreshMinutes }: ExternalSecretsArgs,
  { name, keys, from }: ExternalSecretsArgs["secrets"][number],
): object {
  return {
    secretStoreRef: { kind: store.kind, name: store.name },
    refreshPolicy: "Periodic",
    refreshInterval: `${refreshMinutes}m`,
    // It goes with its object; what the store no longer has stays, and the object says so.
    target: { name, creationPolicy: "Owner", deletionPolicy: "Retain" },
    data: keys.map((key) => ({ secretKey: key, remoteRef: { key: from, property: key } })),
  };
}
