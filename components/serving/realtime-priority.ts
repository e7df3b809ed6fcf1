/**
 * The rank of models with a budget of latency. Where a node dies and GPUs are short, their pods take
 * the place of others instead of waiting for it.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { after, Component, labelsOf } from "../component.ts";
import { MODEL_SERVER } from "./model-component.ts";

export interface RealtimePriorityArgs {
  readonly name: string;
}

/** Above everything without a rank (0), far below the cluster's own (2,000,000,000). */
const VALUE = 100_000;

export class RealtimePriority extends Component {
  readonly priorityClass: pulumi.Output<string>;

  constructor(name: string, args: RealtimePriorityArgs, options?: pulumi.ComponentResourceOptions) {
    super("serving:RealtimePriority", name, options);
    const priority = new k8s.scheduling.v1.PriorityClass(
      name,
      {
        metadata: { name: args.name, labels: labelsOf(MODEL_SERVER) },
        value: VALUE,
        globalDefault: false,
        preemptionPolicy: "PreemptLowerPriority",
        description: "Models with a budget of latency, as decisions about risk.",
      },
      { parent: this },
    );
    this.priorityClass = after(priority, args.name);
    this.registerOutputs({ priorityClass: this.priorityClass });
  }
}
