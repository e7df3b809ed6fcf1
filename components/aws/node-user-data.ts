/**
 * What a node reads when it starts. EKS adds its own part with the cluster's address; ours makes the
 * local NVMe disks one volume on which the kubelet, images and the cache of models live. Pure.
 */

const BOUNDARY = "deepseek-node";

/** nodeadm's own schema: nodeconfig_types.go of amazon-eks-ami. */
const NODE_CONFIG = `apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  instance:
    localStorage:
      strategy: RAID0
`;

export function nodeUserData(): string {
  return [
    "MIME-Version: 1.0",
    `Content-Type: multipart/mixed; boundary="${BOUNDARY}"`,
    "",
    `--${BOUNDARY}`,
    "Content-Type: application/node.eks.aws",
    "",
    NODE_CONFIG,
    `--${BOUNDARY}--`,
    "",
  ].join("\n");
}

/** As a launch template takes it. */
export function nodeUserDataBase64(): string {
  return Buffer.from(nodeUserData()).toString("base64");
}
