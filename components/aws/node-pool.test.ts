import { describe, expect, test } from "vitest";
import type { Capacity } from "./capacity.ts";
import { type NodeKind, NodePool, type NodePoolArgs } from "./node-pool.ts";
import { refuseUnlessOffered } from "./offerings.ts";
import { CHINA, clusterHandle, keysHandle, make, networkHandle, SITE } from "./test-aws.ts";

const SYSTEM: NodeKind = { kind: "system", instanceTypes: ["m7i.2xlarge"] };

const gpu = (more: Partial<Extract<NodeKind, { kind: "gpu" }>> = {}): NodeKind => ({
  kind: "gpu",
  instanceType: "p4de.24xlarge",
  zone: "eu-central-1b",
  capacity: { kind: "onDemand" },
  fabric: "shared",
  ...more,
});

const pool = (nodes: NodeKind, more: Partial<NodePoolArgs> = {}) =>
  make(() => {
    const made = new NodePool("pool", {
      site: SITE,
      cluster: clusterHandle(),
      network: networkHandle(),
      keys: keysHandle(),
      pool: nodes.kind === "gpu" ? "a100" : "system",
      nodes,
      size: { min: 0, max: 2, desired: 0 },
      kubernetesVersion: "1.33",
      releaseVersion: "1.33.5-20251120",
      volumeGibibytes: 200,
      ...more,
    });
    return { autoscalingGroup: made.autoscalingGroup };
  });

const BLOCK: Capacity = {
  kind: "capacityBlock",
  id: "cr-0123456789abcdef0",
  start: "2027-03-01T11:30:00Z",
  end: "2027-03-08T11:30:00Z",
  zone: "eu-central-1b",
};

describe("every pool", () => {
  test.each([
    ["system", SYSTEM],
    ["gpu", gpu()],
  ] as const)("%s: token only, encrypted, pinned", async (_, nodes) => {
    const made = await pool(nodes);
    const template = made.one("ec2/launchTemplate:LaunchTemplate");
    expect(template.inputs.metadataOptions).toEqual({
      httpEndpoint: "enabled",
      httpTokens: "required",
      httpPutResponseHopLimit: 1,
      instanceMetadataTags: "disabled",
    });
    expect(template.inputs.blockDeviceMappings).toEqual([
      {
        deviceName: "/dev/xvda",
        ebs: {
          volumeType: "gp3",
          volumeSize: 200,
          encrypted: "true",
          kmsKeyId: "arn:aws:kms:eu-central-1:111122223333:key/volumes",
          deleteOnTermination: "true",
        },
      },
    ]);
    expect(template.inputs.imageId).toBeUndefined();
    expect(made.one("eks/nodeGroup:NodeGroup").inputs).toMatchObject({
      clusterName: "deepseek-prod",
      releaseVersion: "1.33.5-20251120",
      scalingConfig: { minSize: 0, maxSize: 2, desiredSize: 0 },
      launchTemplate: { id: template.outputs.id, version: "1" },
    });
    const policies = made.all("iam/rolePolicyAttachment:RolePolicyAttachment");
    expect(policies.map(({ inputs }) => inputs.policyArn.split("/")[1])).toEqual([
      "AmazonEC2ContainerRegistryPullOnly",
      "AmazonEKSWorkerNodePolicy",
    ]);
  });

  test("tells the group that is behind it", async () => {
    const made = await pool(SYSTEM);
    const [resource] = made.one("eks/nodeGroup:NodeGroup").outputs.resources;
    expect(made.result.autoscalingGroup).toBe(resource.autoscalingGroups[0].name);
    for (const { inputs } of made.all("autoscaling/tag:Tag")) {
      expect(inputs.autoscalingGroupName).toBe(made.result.autoscalingGroup);
    }
  });

  test("can be changed for the odd need", async () => {
    const made = await pool(SYSTEM, {
      transform: { launchTemplate: (args) => ({ ...args, ebsOptimized: "true" }) },
    });
    expect(made.one("ec2/launchTemplate:LaunchTemplate").inputs.ebsOptimized).toBe("true");
  });
});

describe("a system pool", () => {
  test("stands in all zones, without taint, with the pool's label", async () => {
    const made = await pool(SYSTEM);
    const { inputs } = made.one("eks/nodeGroup:NodeGroup");
    expect(inputs).toMatchObject({
      amiType: "AL2023_x86_64_STANDARD",
      instanceTypes: ["m7i.2xlarge"],
      labels: { "deepseek.local/pool": "system" },
      subnetIds: ["subnet-eu-central-1a", "subnet-eu-central-1b", "subnet-eu-central-1c"],
    });
    expect(inputs.taints).toBeUndefined();
    const template = made.one("ec2/launchTemplate:LaunchTemplate").inputs;
    expect(template.vpcSecurityGroupIds).toEqual(["sg-cluster"]);
    expect(template.networkInterfaces).toBeUndefined();
    expect(made.all("ec2/placementGroup:PlacementGroup")).toEqual([]);
  });
});

describe("a GPU pool", () => {
  test("stands in one zone, tainted, labelled as its GPUs are, and replaces without a spare", async () => {
    const made = await pool(gpu());
    expect(made.one("eks/nodeGroup:NodeGroup").inputs).toMatchObject({
      amiType: "AL2023_x86_64_NVIDIA",
      subnetIds: ["subnet-eu-central-1b"],
      taints: [{ key: "nvidia.com/gpu", value: "present", effect: "NO_SCHEDULE" }],
      labels: {
        "deepseek.local/pool": "a100",
        "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB",
        "nvidia.com/gpu.count": "8",
        "nvidia.com/gpu.memory": "81920",
      },
      updateConfig: { maxUnavailable: 1, updateStrategy: "MINIMAL" },
    });
  });

  test("has its groups inside of its interfaces, and neither subnet nor public address", async () => {
    const made = await pool(gpu());
    const { inputs } = made.one("ec2/launchTemplate:LaunchTemplate");
    const fabric = made.one("ec2/securityGroup:SecurityGroup").outputs.id;
    expect(inputs.vpcSecurityGroupIds).toBeUndefined();
    expect(inputs.networkInterfaces).toHaveLength(4);
    for (const one of inputs.networkInterfaces) {
      expect(one.securityGroups).toEqual(["sg-cluster", fabric]);
      expect(one).not.toHaveProperty("subnetId");
      expect(one).not.toHaveProperty("associatePublicIpAddress");
    }
    for (const type of ["Ingress", "Egress"]) {
      expect(
        made.one(`vpc/securityGroup${type}Rule:SecurityGroup${type}Rule`).inputs,
      ).toMatchObject({
        securityGroupId: fabric,
        referencedSecurityGroupId: fabric,
        ipProtocol: "-1",
      });
    }
    expect(made.one("ec2/placementGroup:PlacementGroup").inputs.strategy).toBe("cluster");
  });

  test("without a fabric has neither its interfaces nor its group", async () => {
    const made = await pool(gpu({ fabric: "none" }));
    const { inputs } = made.one("ec2/launchTemplate:LaunchTemplate");
    expect(inputs.networkInterfaces).toBeUndefined();
    expect(inputs.vpcSecurityGroupIds).toEqual(["sg-cluster"]);
    expect(made.all("ec2/securityGroup:SecurityGroup")).toEqual([]);
    const keys = made.all("autoscaling/tag:Tag").map((tag) => tag.inputs.tag.key);
    expect(keys.filter((key) => key.includes("efa"))).toEqual([]);
  });

  test("of a reservation has no placement group; of a block its type stands in the template", async () => {
    const reserved = await pool(
      gpu({ capacity: { kind: "reservation", id: "cr-0123456789abcdef0" } }),
    );
    expect(reserved.all("ec2/placementGroup:PlacementGroup")).toEqual([]);
    const block = await pool(gpu({ capacity: BLOCK }));
    expect(block.one("ec2/launchTemplate:LaunchTemplate").inputs).toMatchObject({
      instanceType: "p4de.24xlarge",
      instanceMarketOptions: { marketType: "capacity-block" },
    });
    const { inputs } = block.one("eks/nodeGroup:NodeGroup");
    expect(inputs.capacityType).toBe("CAPACITY_BLOCK");
    expect(inputs.instanceTypes).toBeUndefined();
  });

  test("tells the Cluster Autoscaler what a node would be, while there is none", async () => {
    const made = await pool(gpu({ instanceType: "p4d.24xlarge" }));
    const tags = made
      .all("autoscaling/tag:Tag")
      .map(({ inputs }) => [inputs.tag.key, inputs.tag.value]);
    const lead = "k8s.io/cluster-autoscaler/node-template";
    expect(Object.fromEntries(tags)).toMatchObject({
      [`${lead}/label/deepseek.local/pool`]: "a100",
      [`${lead}/label/nvidia.com/gpu.product`]: "NVIDIA-A100-SXM4-40GB",
      [`${lead}/taint/nvidia.com/gpu`]: "present:NoSchedule",
      [`${lead}/resources/nvidia.com/gpu`]: "8",
      [`${lead}/resources/vpc.amazonaws.com/efa`]: "4",
    });
  });

  test("refuses a zone that the network does not have, and a block that does not fit", async () => {
    await make(() => {
      const refused = (nodes: NodeKind, message: string, size = { min: 0, max: 1, desired: 0 }) =>
        expect(
          () =>
            new NodePool(message, {
              site: SITE,
              cluster: clusterHandle(),
              network: networkHandle(["eu-central-1a"]),
              keys: keysHandle(),
              pool: message,
              nodes,
              size,
              kubernetesVersion: "1.33",
              releaseVersion: "1.33.5-20251120",
              volumeGibibytes: 200,
            }),
        ).toThrow(message);
      refused(gpu({ fabric: "none" }), "no subnet in eu-central-1b");
      refused(
        gpu({ capacity: BLOCK, zone: "eu-central-1a" }),
        "eu-central-1b, where the block stands",
      );
      refused(gpu({ capacity: BLOCK }), "AWS refuses nodes before a block begins", {
        min: 1,
        max: 1,
        desired: 1,
      });
      return {};
    });
  });
});

test("a zone without such instances is refused by name", () => {
  const zones = ["eu-central-1a", "eu-central-1b"];
  expect(() => refuseUnlessOffered("p4d.24xlarge", "eu-central-1b", zones)).not.toThrow();
  expect(() => refuseUnlessOffered("p4d.24xlarge", "eu-central-1c", zones)).toThrow(
    "no p4d.24xlarge in eu-central-1c",
  );
  expect(() => refuseUnlessOffered("p4d.24xlarge", "eu-central-1a", [])).toThrow("no p4d");
});

test("in China EC2 has a name of its own, and no ARN is of another partition", async () => {
  const made = await make(
    () => ({
      urn: new NodePool("pool", {
        site: CHINA,
        cluster: clusterHandle(),
        network: networkHandle(["cn-north-1a"]),
        keys: keysHandle(CHINA),
        pool: "system",
        nodes: SYSTEM,
        size: { min: 1, max: 1, desired: 1 },
        kubernetesVersion: "1.33",
        releaseVersion: "1.33.5-20251120",
        volumeGibibytes: 100,
      }).urn,
    }),
    CHINA,
  );
  expect(made.one("iam/role:Role").inputs.assumeRolePolicy).toContain("ec2.amazonaws.com.cn");
  expect(JSON.stringify(made.resources.map(({ inputs }) => inputs))).not.toMatch(/arn:aws:/);
});
