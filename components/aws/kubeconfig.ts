/**
 * A kubeconfig without a credential: the AWS CLI draws a token of fifteen minutes for whoever runs
 * it, so that the file may be shown, and kept in a state. Pure.
 */

export interface ClusterAddress {
  readonly name: string;
  readonly endpoint: string;
  /** Base64, as EKS tells it. */
  readonly certificateAuthority: string;
  readonly region: string;
}

/** JSON is YAML, and needs no library to be written. */
export function kubeconfigText(address: ClusterAddress): string {
  const { name, endpoint, certificateAuthority, region } = address;
  const user = {
    exec: {
      apiVersion: "client.authentication.k8s.io/v1beta1",
      command: "aws",
      args: ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json"],
      interactiveMode: "Never",
      provideClusterInfo: false,
    },
  };
  const cluster = { server: endpoint, "certificate-authority-data": certificateAuthority };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  });
}
