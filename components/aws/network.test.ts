import { describe, expect, test } from "vitest";
import {
  endpointService,
  INTERFACE_SERVICES,
  interfacePolicy,
  storagePolicy,
} from "./endpoints.ts";
import { Network, type NetworkArgs, type NetworkSource, subnetIds, subnetIn } from "./network.ts";
import { CHINA, keysHandle, make, SITE, ZONES } from "./test-aws.ts";
import { judge } from "./test-policy.ts";

const NEW: NetworkSource = { mode: "new", cidr: "10.20.0.0/16", zones: ZONES };

const network = (more: Partial<NetworkArgs> = {}) =>
  make(() => {
    const args = { site: SITE, source: NEW, keys: keysHandle(), logDays: 365, ...more };
    const made = new Network("network", args);
    return { vpcId: made.vpcId, subnets: subnetIds(made) };
  }, more.site);

describe("a new network", () => {
  test("has private subnets in each zone, and no way to the internet", async () => {
    const made = await network();
    expect(
      made
        .all("ec2/subnet:Subnet")
        .map(({ inputs }) => [inputs.availabilityZone, inputs.cidrBlock]),
    ).toEqual([
      ["eu-central-1a", "10.20.0.0/18"],
      ["eu-central-1b", "10.20.64.0/18"],
      ["eu-central-1c", "10.20.128.0/18"],
    ]);
    for (const { inputs } of made.all("ec2/subnet:Subnet")) {
      expect(inputs.mapPublicIpOnLaunch).toBe(false);
    }
    const types = new Set(made.resources.map(({ type }) => type));
    for (const way of [
      "internetGateway:InternetGateway",
      "natGateway:NatGateway",
      "eip:Eip",
      "route:Route",
    ]) {
      expect(types).not.toContain(`ec2/${way}`);
    }
    expect(made.one("ec2/routeTable:RouteTable").inputs.routes).toBeUndefined();
    expect(made.all("ec2/routeTableAssociation:RouteTableAssociation")).toHaveLength(3);
    expect(made.result.subnets).toHaveLength(3);
  });

  test("its default security group lets nothing pass", async () => {
    const made = await network();
    expect(made.one("ec2/defaultSecurityGroup:DefaultSecurityGroup").inputs).toMatchObject({
      vpcId: made.result.vpcId,
      ingress: [],
      egress: [],
    });
  });

  test("has a door to each service, open to the VPC and on 443 alone", async () => {
    const made = await network();
    const doors = made.all("ec2/vpcEndpoint:VpcEndpoint");
    const group = made.one("ec2/securityGroup:SecurityGroup");
    expect(doors).toHaveLength(INTERFACE_SERVICES.length + 1);
    for (const { inputs } of doors.filter((one) => one.inputs.vpcEndpointType === "Interface")) {
      expect(inputs).toMatchObject({
        privateDnsEnabled: true,
        subnetIds: made.result.subnets,
        securityGroupIds: [group.outputs.id],
      });
    }
    expect(made.one("vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs).toMatchObject({
      cidrIpv4: "10.20.0.0/16",
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
    });
    expect(made.all("vpc/securityGroupEgressRule:SecurityGroupEgressRule")).toEqual([]);
    expect(made.one("ec2/vpcEndpoint:VpcEndpoint", "network-s3").inputs).toMatchObject({
      vpcEndpointType: "Gateway",
      serviceName: "com.amazonaws.eu-central-1.s3",
    });
  });

  test("writes every connection into a log group under the key of logs", async () => {
    const made = await network();
    const group = made.one("cloudwatch/logGroup:LogGroup");
    expect(group.inputs).toMatchObject({
      name: "/aws/vpc/deepseek-prod",
      retentionInDays: 365,
      kmsKeyId: "arn:aws:kms:eu-central-1:111122223333:key/logs",
    });
    expect(made.one("ec2/flowLog:FlowLog").inputs).toMatchObject({
      trafficType: "ALL",
      logDestination: group.outputs.arn,
      iamRoleArn: made.one("iam/role:Role").outputs.arn,
    });
    const write = (account: string) =>
      judge(made.one("iam/role:Role").inputs.assumeRolePolicy, {
        who: "vpc-flow-logs.amazonaws.com",
        action: "sts:AssumeRole",
        context: {
          "aws:SourceAccount": account,
          "aws:SourceArn": `arn:aws:ec2:eu-central-1:${account}:vpc-flow-log/fl-1`,
        },
      });
    expect([write(SITE.account), write("999999999999")]).toEqual(["allow", "none"]);
  });

  test("a retention that CloudWatch does not offer is refused", async () => {
    await expect(network({ logDays: 184 })).rejects.toThrow("retentionInDays");
  });

  test("takes the route to the organisation's own network", async () => {
    const route = { cidrBlock: "10.0.0.0/8", transitGatewayId: "tgw-1" };
    const made = await network({
      transform: { routeTable: (args) => ({ ...args, routes: [route] }) },
    });
    expect(made.one("ec2/routeTable:RouteTable").inputs.routes).toEqual([route]);
  });
});

describe("a given network", () => {
  const given: NetworkSource = {
    mode: "given",
    vpcId: "vpc-9",
    cidr: "10.9.0.0/16",
    subnets: [
      { id: "subnet-a", zone: "eu-central-1a" },
      { id: "subnet-b", zone: "eu-central-1b" },
    ],
  };

  test("is used and not touched", async () => {
    const made = await network({ source: given });
    expect(made.resources).toEqual([]);
    expect(made.result).toEqual({ vpcId: "vpc-9", subnets: ["subnet-a", "subnet-b"] });
  });

  test("has subnets in its own zones and tells which", async () => {
    await make(() => {
      const one = new Network("network", {
        site: SITE,
        source: given,
        keys: keysHandle(),
        logDays: 1,
      });
      expect(() => subnetIn(one, "eu-central-1c")).toThrow("eu-central-1a, eu-central-1b");
      return {};
    });
  });
});

describe("what passes the doors", () => {
  const ours = { "aws:PrincipalAccount": SITE.account };
  const theirs = { "aws:PrincipalAccount": "999999999999" };

  test.each(["kms", "logs", "secretsmanager"] as const)(
    "%s: our own identities only",
    (service) => {
      const policy = interfacePolicy(SITE, service);
      if (policy === undefined) throw new Error("no policy");
      const action = `${service}:Anything`;
      expect(judge(policy, { who: "x", action, context: ours })).toBe("allow");
      expect(judge(policy, { who: "x", action, context: theirs })).toBe("none");
      expect(judge(policy, { who: "x", action })).toBe("none");
    },
  );

  test("S3: our own buckets by our own identities, and layers of images to read", () => {
    const call = (action: string, resource: string, context: Record<string, string>) =>
      judge(storagePolicy(SITE), { who: "x", action, resource, context });
    const own = { ...ours, "aws:ResourceAccount": SITE.account };
    const object = "arn:aws:s3:::deepseek-prod-weights/x";
    expect(call("s3:PutObject", object, own)).toBe("allow");
    expect(call("s3:PutObject", object, { ...own, ...theirs })).toBe("none");
    expect(
      call("s3:PutObject", "arn:aws:s3:::theirs/x", { ...ours, "aws:ResourceAccount": "9" }),
    ).toBe("none");
    const layer = "arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/sha256";
    expect(call("s3:GetObject", layer, {})).toBe("allow");
    expect(call("s3:PutObject", layer, {})).toBe("none");
  });

  test("in China the names are China's", async () => {
    expect(endpointService(CHINA, "ec2")).toBe("cn.com.amazonaws.cn-north-1.ec2");
    expect(endpointService(CHINA, "kms")).toBe("com.amazonaws.cn-north-1.kms");
    expect(endpointService(CHINA, "s3")).toBe("com.amazonaws.cn-north-1.s3");
    const source = { ...NEW, zones: ["cn-north-1a", "cn-north-1b"] };
    const made = await network({ site: CHINA, source, keys: keysHandle(CHINA) });
    expect(JSON.stringify(made.resources.map(({ inputs }) => inputs))).not.toMatch(/arn:aws:/);
  });
});
