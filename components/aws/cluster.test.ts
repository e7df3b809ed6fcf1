import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { UNKNOWN } from "../../tools/engine/values.ts";
import { Cluster, type ClusterArgs } from "./cluster.ts";
import { ClusterAddons, volumeKeys } from "./cluster-addons.ts";
import { podTrust } from "./pod-role.ts";
import { CHINA, clusterHandle, keysHandle, make, networkHandle, SITE } from "./test-aws.ts";
import { judge } from "./test-policy.ts";

const ADMIN = "arn:aws:iam::111122223333:role/platform";

const args = (more: Partial<ClusterArgs> = {}): ClusterArgs => ({
  site: SITE,
  network: networkHandle(),
  keys: keysHandle(more.site),
  kubernetesVersion: "1.33",
  administrators: [ADMIN],
  privateRanges: ["10.0.0.0/8"],
  publicRanges: [],
  addonVersions: {
    "vpc-cni": "v1.20.4-eksbuild.1",
    "kube-proxy": "v1.33.3-eksbuild.4",
    "eks-pod-identity-agent": "v1.3.8-eksbuild.2",
  },
  logDays: 365,
  deletable: false,
  ...more,
});

const cluster = (more: Partial<ClusterArgs> = {}) =>
  make(() => {
    const { name, kubeconfig, securityGroupId } = new Cluster("cluster", args(more));
    return { name, kubeconfig, securityGroupId };
  }, more.site);

describe("the control plane", () => {
  test("answers inside of the network, under our key, and tells everything it does", async () => {
    const made = await cluster();
    expect(made.one("eks/cluster:Cluster").inputs).toMatchObject({
      name: "deepseek-prod",
      version: "1.33",
      vpcConfig: { endpointPrivateAccess: true, endpointPublicAccess: false },
      encryptionConfig: {
        resources: ["secrets"],
        provider: { keyArn: "arn:aws:kms:eu-central-1:111122223333:key/cluster" },
      },
      enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
      accessConfig: {
        authenticationMode: "API",
        bootstrapClusterCreatorAdminPermissions: false,
      },
      bootstrapSelfManagedAddons: false,
      deletionProtection: true,
    });
    expect(made.one("eks/cluster:Cluster").inputs.vpcConfig.publicAccessCidrs).toBeUndefined();
    expect(made.one("cloudwatch/logGroup:LogGroup").inputs).toMatchObject({
      name: "/aws/eks/deepseek-prod/cluster",
      kmsKeyId: "arn:aws:kms:eu-central-1:111122223333:key/logs",
    });
  });

  test("its role may open secrets, with that key alone", async () => {
    const made = await cluster();
    const { policy, role } = made.one("iam/rolePolicy:RolePolicy").inputs;
    expect(role).toBe("deepseek-prod-cluster");
    const use = (purpose: string) =>
      judge(policy, {
        who: "",
        action: "kms:Decrypt",
        resource: `arn:aws:kms:eu-central-1:111122223333:key/${purpose}`,
      });
    expect([use("cluster"), use("volumes")]).toEqual(["allow", "none"]);
  });

  test("is public only for ranges that are named", async () => {
    const made = await cluster({ publicRanges: ["203.0.113.0/24"] });
    expect(made.one("eks/cluster:Cluster").inputs.vpcConfig).toMatchObject({
      endpointPrivateAccess: true,
      endpointPublicAccess: true,
      publicAccessCidrs: ["203.0.113.0/24"],
    });
  });

  test("is entered by the roles that are named, from the ranges that are named", async () => {
    const made = await cluster({ privateRanges: ["10.0.0.0/8", "fd00::/8"] });
    expect(made.one("eks/accessEntry:AccessEntry").inputs.principalArn).toBe(ADMIN);
    expect(made.one("eks/accessPolicyAssociation:AccessPolicyAssociation").inputs).toMatchObject({
      principalArn: ADMIN,
      policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
      accessScope: { type: "cluster" },
    });
    const doors = made.all("vpc/securityGroupIngressRule:SecurityGroupIngressRule");
    expect(doors.map(({ inputs }) => [inputs.cidrIpv4 ?? inputs.cidrIpv6, inputs.toPort])).toEqual([
      ["10.0.0.0/8", 443],
      ["fd00::/8", 443],
    ]);
    expect(doors[0]?.inputs.securityGroupId).toBe(made.result.securityGroupId);
  });

  test("keeps its security group while a subnet is not known yet", async () => {
    const vpcConfig = { subnetIds: ["subnet-a", UNKNOWN], clusterSecurityGroupId: "sg-cluster" };
    const doors: unknown[] = [];
    await pulumi.runtime.setMocks(
      {
        newResource: async ({ type, name, inputs }) => {
          if (type.endsWith(":SecurityGroupIngressRule")) doors.push(inputs.securityGroupId);
          return { id: name, state: type.endsWith(":Cluster") ? { ...inputs, vpcConfig } : inputs };
        },
        call: async () => ({}),
      },
      "deepseek",
      "prod",
      true,
    );
    new Cluster("cluster", args());
    await pulumi.runtime.disconnect();
    expect(doors).toEqual(["sg-cluster"]);
  });

  test("refuses to be a cluster that nobody could enter", async () => {
    const made = await make(() => {
      const nobody = () => new Cluster("cluster", args({ administrators: [] }));
      expect(nobody).toThrow("name a role");
      return {};
    });
    expect(made.resources).toEqual([]);
  });

  test("has what makes a node ready before any node, each in its version", async () => {
    const made = await cluster();
    const addons = made
      .all("eks/addon:Addon")
      .map(({ inputs }) => [inputs.addonName, inputs.addonVersion]);
    expect(Object.fromEntries(addons)).toEqual(args().addonVersions);
    const cni = made.one("eks/addon:Addon", "cluster-vpc-cni").inputs;
    expect(JSON.parse(cni.configurationValues)).toEqual({ enableNetworkPolicy: "true" });
    expect(cni.podIdentityAssociations).toEqual([
      {
        roleArn: made.one("iam/role:Role", "cluster-vpc-cni").outputs.arn,
        serviceAccount: "aws-node",
      },
    ]);
    expect(made.result.name).toBe("deepseek-prod");
  });

  test("tells a kubeconfig that holds no credential", async () => {
    const made = await cluster();
    const kubeconfig = JSON.parse(made.result.kubeconfig);
    expect(kubeconfig.clusters[0].cluster.server).toBe(
      made.one("eks/cluster:Cluster").outputs.endpoint,
    );
    expect(kubeconfig.users[0].user).toEqual({
      exec: expect.objectContaining({
        command: "aws",
        args: expect.arrayContaining(["get-token", "deepseek-prod", "eu-central-1"]),
      }),
    });
  });

  test("may be ended where it is for trying out, and be changed for the odd need", async () => {
    const made = await cluster({
      deletable: true,
      transform: { cluster: (plain) => ({ ...plain, zonalShiftConfig: { enabled: true } }) },
    });
    expect(made.one("eks/cluster:Cluster").inputs).toMatchObject({
      deletionProtection: false,
      zonalShiftConfig: { enabled: true },
    });
  });

  test("in China no name of another partition is left", async () => {
    const made = await cluster({
      site: CHINA,
      administrators: ["arn:aws-cn:iam::111122223333:role/platform"],
    });
    const inputs = JSON.stringify(made.resources.map((one) => one.inputs));
    expect(inputs).not.toMatch(/arn:aws:/);
    expect(inputs).toContain("arn:aws-cn:eks::aws:cluster-access-policy/");
  });
});

const addons = () =>
  make(() => ({
    urn: new ClusterAddons("addons", {
      site: SITE,
      cluster: clusterHandle(),
      keys: keysHandle(),
      versions: { coredns: "v1.12.2-eksbuild.4", "aws-ebs-csi-driver": "v1.48.0-eksbuild.1" },
      pool: "system",
      volumePurposes: ["volumes", "patient"],
    }).urn,
  }));

describe("add-ons that are pods", () => {
  test("run on the system pool, in their versions", async () => {
    const made = await addons();
    const selector = { nodeSelector: { "deepseek.local/pool": "system" } };
    const dns = made.one("eks/addon:Addon", "addons-coredns").inputs;
    expect(dns.addonVersion).toBe("v1.12.2-eksbuild.4");
    expect(JSON.parse(dns.configurationValues)).toEqual(selector);
    const volumes = made.one("eks/addon:Addon", "addons-aws-ebs-csi-driver").inputs;
    expect(JSON.parse(volumes.configurationValues)).toEqual({ controller: selector });
    expect(volumes.podIdentityAssociations).toEqual([
      {
        roleArn: made.one("iam/role:Role").outputs.arn,
        serviceAccount: "ebs-csi-controller-sa",
      },
    ]);
  });

  test("volumes are opened with the key of volumes, through EC2 only", () => {
    const key = "arn:aws:kms:eu-central-1:111122223333:key/volumes";
    const policy = volumeKeys(SITE, [key]);
    const use = (resource: string, via: string, action = "kms:Decrypt", isForAws = "true") =>
      judge(policy, {
        who: "",
        action,
        resource,
        context: {
          "kms:ViaService": `${via}.eu-central-1.amazonaws.com`,
          "kms:GrantIsForAWSResource": isForAws,
        },
      });
    expect(use(key, "ec2")).toBe("allow");
    expect(use(key, "s3")).toBe("none");
    expect(use(key.replace("volumes", "audit"), "ec2")).toBe("none");
    expect(use(key, "ec2", "kms:CreateGrant")).toBe("allow");
    expect(use(key, "ec2", "kms:CreateGrant", "false")).toBe("none");
  });
});

test("volumes of patients are made under their own key", async () => {
  const made = await addons();
  const { policy } = made.one("iam/rolePolicy:RolePolicy").inputs;
  for (const purpose of ["volumes", "patient", "audit"]) {
    const verdict = judge(policy, {
      who: "",
      action: "kms:Decrypt",
      resource: `arn:aws:kms:eu-central-1:111122223333:key/${purpose}`,
      context: { "kms:ViaService": "ec2.eu-central-1.amazonaws.com" },
    });
    expect([purpose, verdict]).toEqual([purpose, purpose === "audit" ? "none" : "allow"]);
  }
});

test("a pod's role is given to pods of this cluster only", () => {
  const take = (cluster: string, who = "pods.eks.amazonaws.com") =>
    judge(podTrust(SITE), {
      who,
      action: "sts:AssumeRole",
      context: {
        "aws:SourceAccount": SITE.account,
        "aws:SourceArn": `arn:aws:eks:eu-central-1:111122223333:cluster/${cluster}`,
      },
    });
  expect(take("deepseek-prod")).toBe("allow");
  expect(take("other")).toBe("none");
  expect(take("deepseek-prod", "ec2.amazonaws.com")).toBe("none");
});
