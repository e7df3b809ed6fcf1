import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { Balancer, type BalancerArgs } from "./balancer.ts";
import { clusterHandle, make, networkHandle, SITE } from "./test-aws.ts";

const balancer = (more: Partial<BalancerArgs> = {}) =>
  make(() => {
    const { dnsName, zoneId, metrics } = new Balancer("edge", {
      site: SITE,
      network: networkHandle(),
      cluster: clusterHandle(),
      pools: ["system-a", "system-b"].map((pool) => ({
        pool,
        autoscalingGroup: pulumi.output(`eks-${pool}`),
      })),
      nodePorts: { https: 30_443, http: 30_080 },
      callerRanges: ["10.0.0.0/8"],
      drainSeconds: 660,
      deletable: false,
      ...more,
    });
    return { dnsName, zoneId, ...metrics };
  });

test("stands inside of the network, in all zones, and is not ended by mistake", async () => {
  const made = await balancer();
  expect(made.one("lb/loadBalancer:LoadBalancer").inputs).toMatchObject({
    name: "deepseek-prod-edge",
    loadBalancerType: "network",
    internal: true,
    enableCrossZoneLoadBalancing: true,
    enableDeletionProtection: true,
    subnets: ["subnet-eu-central-1a", "subnet-eu-central-1b", "subnet-eu-central-1c"],
  });
  expect(made.result.dnsName).toMatch(/^internal-deepseek-prod-edge-/);
});

test("passes TCP on, so that TLS ends at the edge", async () => {
  const made = await balancer();
  const listeners = made.all("lb/listener:Listener").map(({ inputs }) => inputs);
  expect(listeners.map(({ protocol, port }) => [protocol, port])).toEqual([
    ["TCP", 80],
    ["TCP", 443],
  ]);
  for (const { certificateArn, sslPolicy } of listeners) {
    expect([certificateArn, sslPolicy]).toEqual([undefined, undefined]);
  }
  expect(
    made.all("lb/targetGroup:TargetGroup").map(({ inputs }) => [inputs.protocol, inputs.port]),
  ).toEqual([
    ["TCP", 30_080],
    ["TCP", 30_443],
  ]);
});

test("sends to every node of every pool that it is given", async () => {
  const made = await balancer();
  const [http, https] = made.all("lb/targetGroup:TargetGroup").map(({ outputs }) => outputs.arn);
  expect(
    made
      .all("autoscaling/attachment:Attachment")
      .map(({ inputs }) => [inputs.autoscalingGroupName, inputs.lbTargetGroupArn]),
  ).toEqual([
    ["eks-system-a", http],
    ["eks-system-b", http],
    ["eks-system-a", https],
    ["eks-system-b", https],
  ]);
});

describe("who may connect", () => {
  test("callers to the balancer, the balancer to the nodes, nobody else", async () => {
    const made = await balancer({ callerRanges: ["10.0.0.0/8", "fd00::/8"] });
    const group = made.one("ec2/securityGroup:SecurityGroup").outputs.id;
    const rules = made.all("vpc/securityGroupIngressRule:SecurityGroupIngressRule");
    const doors = rules.map(({ inputs }) => [
      inputs.securityGroupId === group ? "balancer" : inputs.securityGroupId,
      inputs.cidrIpv4 ?? inputs.cidrIpv6 ?? inputs.referencedSecurityGroupId,
      inputs.fromPort,
    ]);
    expect(new Set(doors.map((door) => door.join(" ")))).toEqual(
      new Set([
        "balancer 10.0.0.0/8 443",
        "balancer fd00::/8 443",
        "balancer 10.0.0.0/8 80",
        "balancer fd00::/8 80",
        `sg-cluster ${group} 30443`,
        `sg-cluster ${group} 30080`,
      ]),
    );
    const out = made.all("vpc/securityGroupEgressRule:SecurityGroupEgressRule");
    expect(out.map(({ inputs }) => [inputs.referencedSecurityGroupId, inputs.toPort])).toEqual([
      ["sg-cluster", 30_080],
      ["sg-cluster", 30_443],
    ]);
  });

  test("the edge is told the caller's own address, where it counts connections", async () => {
    const made = await balancer();
    const told = made
      .all("lb/targetGroup:TargetGroup")
      .map(({ inputs }) => [inputs.port, inputs.proxyProtocolV2, inputs.preserveClientIp]);
    expect(told).toEqual([
      [30_080, false, "false"],
      [30_443, true, "false"],
    ]);
  });
});

test("a node that goes keeps its streams, as long as AWS waits", async () => {
  const delay = async (drainSeconds: number) => {
    const made = await balancer({ drainSeconds });
    return made.one("lb/targetGroup:TargetGroup", "edge-https").inputs.deregistrationDelay;
  };
  expect([await delay(660), await delay(7_260)]).toEqual([660, 3_600]);
});
