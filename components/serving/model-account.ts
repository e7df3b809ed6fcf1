/**
 * Who model servers are to a cloud: a service account with which a role that reads weights is
 * associated. It may do nothing in the cluster, and no pod is given its token for the API server.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { after, Component, labelsOf } from "../component.ts";
import { MODEL_SERVER } from "./model-component.ts";

export interface ModelAccountArgs {
  readonly namespace: string;
}

export class ModelAccount extends Component {
  readonly account: pulumi.Output<string>;

  constructor(name: string, args: ModelAccountArgs, options?: pulumi.ComponentResourceOptions) {
    super("serving:ModelAccount", name, options);
    const account = new k8s.core.v1.ServiceAccount(
      name,
      {
        metadata: {
          name: MODEL_SERVER,
          namespace: args.namespace,
          labels: labelsOf(MODEL_SERVER),
        },
        automountServiceAccountToken: false,
      },
      { parent: this },
    );
    this.account = after(account, MODEL_SERVER);
    this.registerOutputs({ account: this.account });
  }
}
