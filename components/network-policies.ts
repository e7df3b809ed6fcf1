/** Default deny in every namespace, and one policy per program that opens its flows. */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "./component.ts";
import { type Flow, policiesOf } from "./flows.ts";

export interface NetworkPoliciesArgs {
  readonly namespaces: readonly string[];
  readonly flows: readonly Flow[];
  readonly dnsRanges: readonly string[];
  /** Programs that may not even resolve names. */
  readonly silent?: readonly string[];
}

const FLOWS_ANNOTATION = "deepseek.local/flows";

export class NetworkPolicies extends Component {
  constructor(name: string, args: NetworkPoliciesArgs, options?: pulumi.ComponentResourceOptions) {
    super("network:NetworkPolicies", name, options);
    const { namespaces, flows, dnsRanges, silent } = args;
    for (const policy of policiesOf(namespaces, flows, dnsRanges, silent)) {
      const annotations = { [FLOWS_ANNOTATION]: policy.flows.join(", ") };
      new k8s.networking.v1.NetworkPolicy(
        `${policy.namespace}-${policy.name}`,
        {
          metadata: {
            name: policy.name,
            namespace: policy.namespace,
            ...(policy.flows.length === 0 ? {} : { annotations }),
          },
          spec: policy.spec,
        },
        { parent: this },
      );
    }
    this.registerOutputs({});
  }
}
