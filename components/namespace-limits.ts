/** What one namespace may ask of the cluster at most, and what a careless container gets. */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "./component.ts";

export interface NamespaceLimitsArgs {
  readonly namespace: string;
  readonly pods: number;
  readonly cpu: string;
  readonly memory: string;
}

export class NamespaceLimits extends Component {
  constructor(name: string, args: NamespaceLimitsArgs, options?: pulumi.ComponentResourceOptions) {
    super("network:NamespaceLimits", name, options);
    const metadata = { name: "limits", namespace: args.namespace };
    new k8s.core.v1.ResourceQuota(
      `${name}-quota`,
      {
        metadata,
        spec: {
          hard: {
            pods: String(args.pods),
            "requests.cpu": args.cpu,
            "requests.memory": args.memory,
            "limits.memory": args.memory,
          },
        },
      },
      { parent: this },
    );
    new k8s.core.v1.LimitRange(
      `${name}-range`,
      {
        metadata,
        spec: {
          limits: [
            {
              type: "Container",
              defaultRequest: { cpu: "50m", memory: "64Mi" },
              default: { memory: "128Mi" },
            },
          ],
        },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
