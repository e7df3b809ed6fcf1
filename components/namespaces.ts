/** The namespaces of a site, with the strictest pod security the API server can enforce. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "./component.ts";

export interface NamespacesArgs {
  readonly names: readonly string[];
  /** Those whose pods reach into their node, and why they must: shown beside the exemption. */
  readonly exempted?: Readonly<Record<string, string>>;
}

/** Enforced at admission, and warned of, so that a mistake is seen before it is refused. */
const RESTRICTED = {
  "pod-security.kubernetes.io/enforce": "restricted",
  "pod-security.kubernetes.io/audit": "restricted",
  "pod-security.kubernetes.io/warn": "restricted",
};

/** Nothing is enforced, and nothing is silent: the API server's audit log still names what is not restricted. */
const EXEMPTED = { ...RESTRICTED, "pod-security.kubernetes.io/enforce": "privileged" };
const EXEMPTION_ANNOTATION = "deepseek.local/pod-security-exemption";

export class Namespaces extends Component {
  readonly names: pulumi.Output<string[]>;

  constructor(name: string, args: NamespacesArgs, options?: pulumi.ComponentResourceOptions) {
    super("network:Namespaces", name, options);
    const namespaces = args.names.map(
      (namespace) =>
        new k8s.core.v1.Namespace(
          namespace,
          {
            metadata: metadataOf(namespace, args.exempted?.[namespace]),
          },
          { parent: this },
        ),
    );
    this.names = pulumi.all(namespaces.map((namespace) => namespace.metadata.name));
    this.registerOutputs({ names: this.names });
  }
}

function metadataOf(name: string, reason: string | undefined) {
  const part = { "app.kubernetes.io/part-of": "deepseek" };
  if (reason === undefined) return { name, labels: { ...RESTRICTED, ...part } };
  const annotations = { [EXEMPTION_ANNOTATION]: reason };
  return { name, labels: { ...EXEMPTED, ...part }, annotations };
}
