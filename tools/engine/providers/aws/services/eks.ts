/** Amazon EKS: clusters, node groups, access, add-ons, pod identities. */
import { isObject, type PropertyMap } from "../../../values.ts";
import { type Making, type ServiceTable, SIMULATED_TIME } from "../table.ts";

/** Fill-in where the program names no version: the engine never decides one silently elsewhere. */
const DEFAULT_KUBERNETES = "1.33";

function minor(version: unknown): number {
  return Number(String(version ?? "").split(".")[1] ?? Number.NaN);
}

function clusterComputed(m: Making): PropertyMap {
  const id = m.hex(32, "endpoint").toUpperCase();
  const ca = Buffer.from(`simulated certificate authority of ${m.id}`).toString("base64");
  const vpc = isObject(m.inputs.vpcConfig) ? m.inputs.vpcConfig : {};
  return {
    accessConfig: {
      authenticationMode: "CONFIG_MAP",
      bootstrapClusterCreatorAdminPermissions: true,
    },
    arn: m.arn("eks", `cluster/${m.id}`),
    certificateAuthority: { data: ca },
    clusterId: "",
    createdAt: SIMULATED_TIME,
    deletionProtection: false,
    endpoint: `https://${id}.gr7.${m.region}.eks.${m.dnsSuffix}.invalid`,
    identities: [{ oidcs: [{ issuer: `https://oidc.eks.${m.region}.${m.dnsSuffix}/id/${id}` }] }],
    kubernetesNetworkConfig: {
      elasticLoadBalancing: { enabled: false },
      ipFamily: "ipv4",
      serviceIpv4Cidr: "172.20.0.0/16",
      serviceIpv6Cidr: "",
    },
    name: m.id,
    platformVersion: "eks.1",
    status: "ACTIVE",
    upgradePolicy: { supportType: "EXTENDED" },
    version: DEFAULT_KUBERNETES,
    vpcConfig: {
      controlPlaneEgressMode: "",
      endpointPrivateAccess: false,
      endpointPublicAccess: true,
      publicAccessCidrs: vpc.endpointPublicAccess === false ? [] : ["0.0.0.0/0"],
      ...vpc,
      clusterSecurityGroupId: `sg-${m.hex(17, "cluster security group")}`,
      vpcId: `vpc-${m.hex(17, "vpc of the subnets")}`,
    },
  };
}

export const EKS: ServiceTable = {
  "aws:eks/cluster:Cluster": {
    source: "eks_cluster",
    replaces:
      "accessConfig.bootstrapClusterCreatorAdminPermissions bootstrapSelfManagedAddons name " +
      "kubernetesNetworkConfig.ipFamily kubernetesNetworkConfig.serviceIpv4Cidr roleArn " +
      "outpostConfig.controlPlaneInstanceType outpostConfig.controlPlanePlacement " +
      "remoteNetworkConfig",
    updates:
      "accessConfig.authenticationMode computeConfig controlPlaneScalingConfig " +
      "defaultAddonsToRemoves deletionProtection enabledClusterLogTypes encryptionConfig " +
      "forceUpdateVersion kubernetesNetworkConfig.elasticLoadBalancing storageConfig " +
      "upgradePolicy version vpcConfig zonalShiftConfig",
    replacesWhen: [
      // Envelope encryption cannot be taken away again.
      { property: "encryptionConfig", when: (_, after) => after.encryptionConfig === undefined },
      { property: "version", when: (a, b) => minor(b.version) < minor(a.version) },
    ],
    autoname: { property: "name", lengthMax: 100 },
    excludes: ["encryptionConfig outpostConfig", "kubernetesNetworkConfig outpostConfig"],
    values: {
      "accessConfig.authenticationMode": "API API_AND_CONFIG_MAP CONFIG_MAP",
      enabledClusterLogTypes: "api audit authenticator controllerManager scheduler",
      "encryptionConfig.resources": "secrets",
      "kubernetesNetworkConfig.ipFamily": "ipv4 ipv6",
      "upgradePolicy.supportType": "EXTENDED STANDARD",
    },
    formats: { roleArn: "arn", "kubernetesNetworkConfig.serviceIpv4Cidr": "cidr4" },
    defaults: { bootstrapSelfManagedAddons: true },
    protectedBy: "deletionProtection",
    id: (m) => m.text("name"),
    computed: clusterComputed,
  },
  "aws:eks/nodeGroup:NodeGroup": {
    source: "eks_node_group",
    replaces:
      "amiType capacityType clusterName diskSize instanceTypes launchTemplate.id " +
      "launchTemplate.name nodeGroupName nodeGroupNamePrefix nodeRoleArn remoteAccess subnetIds",
    updates:
      "forceUpdateVersion labels launchTemplate.version nodeRepairConfig releaseVersion " +
      "scalingConfig taints updateConfig version warmPoolConfig",
    autoname: { property: "nodeGroupName", lengthMax: 63, prefixProperty: "nodeGroupNamePrefix" },
    excludes: [
      "launchTemplate remoteAccess",
      "updateConfig.maxUnavailable updateConfig.maxUnavailablePercentage",
    ],
    values: {
      amiType:
        "AL2_x86_64 AL2_x86_64_GPU AL2_ARM_64 AL2023_x86_64_STANDARD AL2023_x86_64_NEURON " +
        "AL2023_x86_64_NVIDIA AL2023_ARM_64_STANDARD AL2023_ARM_64_NVIDIA BOTTLEROCKET_x86_64 " +
        "BOTTLEROCKET_x86_64_NVIDIA BOTTLEROCKET_x86_64_FIPS BOTTLEROCKET_ARM_64 " +
        "BOTTLEROCKET_ARM_64_NVIDIA BOTTLEROCKET_ARM_64_FIPS CUSTOM WINDOWS_CORE_2019_x86_64 " +
        "WINDOWS_CORE_2022_x86_64 WINDOWS_FULL_2019_x86_64 WINDOWS_FULL_2022_x86_64",
      capacityType: "ON_DEMAND SPOT CAPACITY_BLOCK",
      "updateConfig.updateStrategy": "DEFAULT MINIMAL",
      "taints.effect": "NO_SCHEDULE NO_EXECUTE PREFER_NO_SCHEDULE",
    },
    formats: { nodeRoleArn: "arn" },
    id: (m) => `${m.text("clusterName")}:${m.text("nodeGroupName")}`,
    computed: (m) => ({
      amiType: "AL2023_x86_64_STANDARD",
      arn: m.arn(
        "eks",
        `nodegroup/${m.text("clusterName")}/${m.text("nodeGroupName")}/${m.uuid("arn")}`,
      ),
      capacityType: "ON_DEMAND",
      diskSize: "launchTemplate" in m.inputs ? 0 : 20,
      instanceTypes: "launchTemplate" in m.inputs ? [] : ["t3.medium"],
      nodeRepairConfig: { enabled: false },
      releaseVersion: `${DEFAULT_KUBERNETES}.0-20000101`,
      resources: [
        {
          autoscalingGroups: [{ name: `eks-${m.text("nodeGroupName")}-${m.uuid("asg")}` }],
          remoteAccessSecurityGroupId: "",
        },
      ],
      status: "ACTIVE",
      updateConfig: { maxUnavailable: 1, maxUnavailablePercentage: 0 },
      version: DEFAULT_KUBERNETES,
    }),
  },
  "aws:eks/accessEntry:AccessEntry": {
    source: "eks_access_entry",
    replaces: "clusterName principalArn type",
    updates: "kubernetesGroups userName",
    values: {
      type: "STANDARD EC2 EC2_LINUX EC2_WINDOWS FARGATE_LINUX HYBRID_LINUX HYPERPOD_LINUX",
    },
    formats: { principalArn: "arn" },
    defaults: { type: "STANDARD" },
    id: (m) => `${m.text("clusterName")}:${m.text("principalArn")}`,
    computed: (m) => ({
      accessEntryArn: m.arn(
        "eks",
        `access-entry/${m.text("clusterName")}/role/${m.account}/${m.text("principalArn").split("/").at(-1)}/${m.uuid("arn")}`,
      ),
      createdAt: SIMULATED_TIME,
      modifiedAt: SIMULATED_TIME,
      userName: m.text("principalArn"),
    }),
  },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
    source: "eks_access_policy_association",
    replaces: "accessScope clusterName policyArn principalArn",
    updates: "",
    values: { "accessScope.type": "cluster namespace" },
    formats: { policyArn: "arn", principalArn: "arn" },
    id: (m) => `${m.text("clusterName")}#${m.text("principalArn")}#${m.text("policyArn")}`,
    computed: () => ({ associatedAt: SIMULATED_TIME, modifiedAt: SIMULATED_TIME }),
  },
  "aws:eks/addon:Addon": {
    source: "eks_addon",
    replaces: "addonName clusterName namespaceConfig",
    updates:
      "addonVersion configurationValues podIdentityAssociations preserve " +
      "resolveConflictsOnCreate resolveConflictsOnUpdate serviceAccountRoleArn",
    values: {
      resolveConflictsOnCreate: "NONE OVERWRITE",
      resolveConflictsOnUpdate: "NONE OVERWRITE PRESERVE",
    },
    formats: { configurationValues: "json", serviceAccountRoleArn: "arn" },
    id: (m) => `${m.text("clusterName")}:${m.text("addonName")}`,
    computed: (m) => ({
      addonVersion: "v0.0.0-simulated.1",
      arn: m.arn("eks", `addon/${m.text("clusterName")}/${m.text("addonName")}/${m.uuid("arn")}`),
      configurationValues: "",
      createdAt: SIMULATED_TIME,
      modifiedAt: SIMULATED_TIME,
    }),
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
    source: "eks_pod_identity_association",
    replaces: "clusterName namespace serviceAccount",
    updates: "disableSessionTags policy roleArn targetRoleArn",
    formats: { policy: "json", roleArn: "arn", targetRoleArn: "arn" },
    id: (m) => `a-${m.base36(17).toLowerCase()}`,
    computed: (m) => ({
      associationArn: m.arn("eks", `podidentityassociation/${m.text("clusterName")}/${m.id}`),
      associationId: m.id,
      disableSessionTags: false,
      externalId: m.text("targetRoleArn") === "" ? "" : m.uuid("external"),
    }),
  },
};
