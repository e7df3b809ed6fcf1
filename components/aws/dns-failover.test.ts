import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { balancerAddress, DnsFailover, type DnsFailoverArgs } from "./dns-failover.ts";
import { detectSeconds, failoverSeconds } from "./failover-time.ts";
import { make, SITE } from "./test-aws.ts";

const balancer = (name: string) => ({
  dnsName: pulumi.output(`${name}.elb.invalid`),
  zoneId: pulumi.output("Z1"),
  metrics: {
    loadBalancer: pulumi.output(`net/${name}/1`),
    targetGroup: pulumi.output(`targetgroup/${name}/1`),
  },
});

const failover = (more: Partial<DnsFailoverArgs> = {}) =>
  make(() => {
    const primary = balancer("primary");
    const made = new DnsFailover("dns", {
      site: SITE,
      zoneId: "Z0",
      host: "api.example.org",
      primary: balancerAddress(primary),
      standby: balancerAddress(balancer("standby")),
      health: { kind: "balancer", metrics: primary.metrics, minutes: 2 },
      ...more,
    });
    return { seconds: made.failoverSeconds };
  });

const RECORD = "route53/record:Record";
const CHECK = "route53/healthCheck:HealthCheck";

test("one name, the primary while it is healthy, else the standby", async () => {
  const made = await failover();
  const check = made.one(CHECK).outputs.id;
  expect(made.one(RECORD, "dns-primary").inputs).toMatchObject({
    name: "api.example.org",
    type: "A",
    setIdentifier: "primary",
    failoverRoutingPolicies: [{ type: "PRIMARY" }],
    healthCheckId: check,
    aliases: [{ name: "primary.elb.invalid", zoneId: "Z1", evaluateTargetHealth: true }],
  });
  const standby = made.one(RECORD, "dns-standby").inputs;
  expect(standby).toMatchObject({ failoverRoutingPolicies: [{ type: "SECONDARY" }] });
  // The last resort is answered whatever its health: there is nothing after it.
  expect(standby.healthCheckId).toBeUndefined();
});

test("a private edge is watched by its targets, and silence counts as gone", async () => {
  const made = await failover();
  const alarm = made.one("cloudwatch/metricAlarm:MetricAlarm");
  expect(alarm.inputs).toMatchObject({
    namespace: "AWS/NetworkELB",
    metricName: "HealthyHostCount",
    dimensions: { LoadBalancer: "net/primary/1", TargetGroup: "targetgroup/primary/1" },
    comparisonOperator: "LessThanThreshold",
    threshold: 1,
    period: 60,
    evaluationPeriods: 2,
    treatMissingData: "breaching",
  });
  expect(made.one(CHECK).inputs).toMatchObject({
    type: "CLOUDWATCH_METRIC",
    cloudwatchAlarmName: alarm.outputs.name,
    cloudwatchAlarmRegion: "eu-central-1",
  });
  expect(made.result.seconds).toBe(2 * 60 + 60 + 60);
});

test("a primary in a data centre: its addresses, and an alarm that somebody else keeps", async () => {
  const made = await failover({
    primary: { kind: "addresses", addresses: ["203.0.113.7"], ttlSeconds: 30 },
    health: { kind: "alarm", alarmName: "bank-edge", minutes: 3 },
  });
  expect(made.one(RECORD, "dns-primary").inputs).toMatchObject({
    records: ["203.0.113.7"],
    ttl: 30,
  });
  expect(made.all("cloudwatch/metricAlarm:MetricAlarm")).toEqual([]);
  expect(made.one(CHECK).inputs.cloudwatchAlarmName).toBe("bank-edge");
  expect(made.result.seconds).toBe(3 * 60 + 60 + 30);
});

test("a public one is probed under its own address, not the shared name", async () => {
  const health = { kind: "probe", intervalSeconds: 10, failures: 3 } as const;
  const made = await failover({
    primary: { kind: "addresses", addresses: ["203.0.113.7"], ttlSeconds: 30 },
    health,
  });
  expect(made.one(CHECK).inputs).toMatchObject({
    type: "TCP",
    ipAddress: "203.0.113.7",
    port: 443,
    requestInterval: 10,
    failureThreshold: 3,
  });
  expect(made.result.seconds).toBe(60);
});

test("a primary without an address is refused", async () => {
  await make(() => {
    const build = () =>
      new DnsFailover("dns", {
        site: SITE,
        zoneId: "Z0",
        host: "api.example.org",
        primary: { kind: "addresses", addresses: [], ttlSeconds: 30 },
        standby: balancerAddress(balancer("standby")),
        health: { kind: "probe", intervalSeconds: 10, failures: 3 },
      });
    expect(build).toThrow("no address");
    return {};
  });
});

describe("how long callers are sent to a site that is gone", () => {
  test.each([
    [{ kind: "probe", intervalSeconds: 10, failures: 3 }, 30],
    [{ kind: "probe", intervalSeconds: 30, failures: 3 }, 90],
    [{ kind: "alarm", minutes: 1 }, 120],
  ] as const)("%j: found after %i seconds, and the time to live on top", (test, seconds) => {
    expect(detectSeconds(test)).toBe(seconds);
    expect(failoverSeconds(test, 60)).toBe(seconds + 60);
  });
});
