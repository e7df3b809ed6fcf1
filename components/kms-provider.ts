/**
 * What keeps Secrets encrypted in etcd: the API server's EncryptionConfiguration with a KMS plugin
 * (v2). A kubeconfig cannot set it, since it is a file beside the API server, so it is rendered for the
 * cluster's administrators, with how to roll it out and how to see that it holds.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component, labelsOf } from "./component.ts";
import { FOR_LABEL } from "./openbao-keys.ts";

export interface KmsProviderArgs {
  readonly namespace: string;
  /** Of the plugin, as it tells it: it becomes part of what is stored. */
  readonly plugin: string;
  /** Its socket on each control-plane node. */
  readonly socket: string;
  /** Kinds that are encrypted, as `resource` or `resource.group`. */
  readonly resources: readonly string[];
}

const DOCUMENTS = "kubernetes-encryption";
/** Kubernetes' own default; an API server waits so long for the plugin at most. */
const TIMEOUT = "3s";
/** How the API server begins each value that a KMS plugin of version 2 encrypted. */
const PREFIX = "k8s:enc:kms:v2:";

export class KmsProvider extends Component {
  constructor(name: string, args: KmsProviderArgs, options?: pulumi.ComponentResourceOptions) {
    super("security:KmsProvider", name, options);
    const labels = labelsOf("kubernetes", FOR_LABEL);
    new k8s.core.v1.ConfigMap(
      `${name}-documents`,
      {
        metadata: { name: DOCUMENTS, namespace: args.namespace, labels },
        data: kmsDocuments(args),
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/** File name → text. Pure. */
export function kmsDocuments(args: Omit<KmsProviderArgs, "namespace">): Record<string, string> {
  const file = (last: boolean) => `${JSON.stringify(encryption(args, last), null, 2)}\n`;
  return {
    "README.md": readme(args),
    "encryption-1-begin.json": file(true),
    "encryption-2-only.json": file(false),
  };
}

/** The first provider writes, all read. With `identity` last what is still in clear can be read. */
function encryption(
  { plugin, socket, resources }: Omit<KmsProviderArgs, "namespace">,
  clear: boolean,
) {
  const kms = { apiVersion: "v2", name: plugin, endpoint: `unix://${socket}`, timeout: TIMEOUT };
  return {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [
      { resources: [...resources], providers: [{ kms }, ...(clear ? [{ identity: {} }] : [])] },
    ],
  };
}

function readme({ plugin, resources }: Omit<KmsProviderArgs, "namespace">): string {
  return `# Encryption of Secrets in etcd

No kubeconfig can set this: it is a file beside each API server. Until the cluster's administrators have
done it, Secrets lie in etcd in clear, whatever a stack says. Encrypted: ${resources.join(", ")}.

1. Run the plugin \`${plugin}\` on each control-plane node, before the API server.
2. Give each API server \`--encryption-provider-config\` with \`encryption-1-begin.json\`, one after the other.
3. Write every object anew, so that it is encrypted: \`kubectl get secrets -A -o json | kubectl replace -f -\`,
   and the same for the other kinds.
4. See that it holds. What etcd has of any Secret begins with \`${PREFIX}${plugin}:\`:
   \`etcdctl get --prefix /registry/secrets/deepseek/ | grep -a -c '${PREFIX}${plugin}:'\` counts them all.
5. Then only take \`encryption-2-only.json\`, which no longer reads what is in clear.

To rotate, give the plugin's key a new version: the API server sees a new key id within a minute, and step 3
again brings everything under it. Keep the former version until then. Without its plugin an API server cannot read a
single Secret, so the key is backed up, and a restored etcd needs the key of its day.
`;
}
