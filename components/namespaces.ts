/** The namespaces of a site, with the strictest pod security the API server can enforce. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "./component.ts";

export interface NamespacesArgs {
  readonly names: readonly string[];
}

/** Enforced at admission, and warned of, so that a mistake is seen before it is refused. */
const RESTRICTED = {
  "pod-security.kubernetes.io/enforce": "restricted",
  "pod-security.kubernetes.io/audit": "restricted",
  "pod-security.kubernetes.io/warn": "restricted",
};

export class Namespaces extends Component {
  readonly names: pulumi.Output<string[]>;

  constructor(name: string, args: NamespacesArgs, options?: pulumi.ComponentResourceOptions) {
    super("network:Namespaces", name, options);
    const namespaces = args.names.map(
      (namespace) =>
        new k8s.core.v1.Namespace(
          namespace,
          {
            metadata: {
              name: namespace,
              labels: { ...RESTRICTED, "app.kubernetes.io/part-of": "deepseek" },
            },
          },
          { parent: this },
        ),
    );
    this.names = pulumi.all(namespaces.map((namespace) => namespace.metadata.name));
    this.registerOutputs({ names: this.names });
  }
}
