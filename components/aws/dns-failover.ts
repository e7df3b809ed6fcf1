/**
 * One name for two sites: Route 53 answers with the primary while it is healthy, else with the
 * standby. A caller needs nothing but that name, and a resolver that keeps to the time to live.
 */
import { MetricAlarm } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import { HealthCheck, type HealthCheckArgs } from "@pulumi/aws/route53/healthCheck.js";
import { Record as DnsRecord, type RecordArgs } from "@pulumi/aws/route53/record.js";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../component.ts";
import type { BalancerHandle } from "./balancer.ts";
import { ALIAS_TTL_SECONDS, failoverSeconds, type HealthTest } from "./failover-time.ts";
import { type AwsSite, nameTag } from "./place.ts";

export interface DnsFailoverArgs {
  /** Where alarms stand. */
  readonly site: AwsSite;
  readonly zoneId: string;
  /** The name that callers use. */
  readonly host: string;
  readonly primary: SiteAddress;
  readonly standby: SiteAddress;
  readonly health: PrimaryHealth;
}

export type SiteAddress =
  | {
      readonly kind: "balancer";
      readonly dnsName: pulumi.Input<string>;
      readonly zoneId: pulumi.Input<string>;
    }
  | {
      readonly kind: "addresses";
      readonly addresses: readonly string[];
      readonly ttlSeconds: number;
    };

export type PrimaryHealth =
  | {
      /** Only where the primary can be reached from the internet. */
      readonly kind: "probe";
      readonly intervalSeconds: 10 | 30;
      readonly failures: number;
    }
  /** No healthy target for so many minutes. */
  | {
      readonly kind: "balancer";
      readonly metrics: {
        readonly loadBalancer: pulumi.Input<string>;
        readonly targetGroup: pulumi.Input<string>;
      };
      readonly minutes: number;
    }
  /** An alarm that somebody else keeps, as for a primary in a data centre. */
  | { readonly kind: "alarm"; readonly alarmName: string; readonly minutes: number };

export class DnsFailover extends Component {
  /** Of which the recovery time of the plan is made. */
  readonly failoverSeconds: number;

  constructor(name: string, args: DnsFailoverArgs, options?: pulumi.ComponentResourceOptions) {
    super("aws:DnsFailover", name, options);
    const check = healthCheck(name, args, this);
    createRecord(name, args, "primary", check.id, this);
    createRecord(name, args, "standby", undefined, this);
    this.failoverSeconds = failoverSeconds(healthTest(args.health), ttlSeconds(args.primary));
    this.registerOutputs({ failoverSeconds: this.failoverSeconds });
  }
}

function healthTest(health: PrimaryHealth): HealthTest {
  if (health.kind === "probe") return health;
  return { kind: "alarm", minutes: health.minutes };
}

function ttlSeconds(address: SiteAddress): number {
  return address.kind === "balancer" ? ALIAS_TTL_SECONDS : address.ttlSeconds;
}

function healthCheck(name: string, args: DnsFailoverArgs, parent: pulumi.Resource): HealthCheck {
  const { health, host, site } = args;
  const tags = nameTag(`${site.prefix}-primary`);
  if (health.kind === "probe") {
    return new HealthCheck(
      `${name}-primary`,
      {
        // Of a connection: a probe that asks for a page has no key, and would be answered 401.
        type: "TCP",
        ...probed(args.primary, host),
        port: 443,
        requestInterval: health.intervalSeconds,
        failureThreshold: health.failures,
        tags,
      },
      { parent },
    );
  }
  const alarm =
    health.kind === "alarm" ? health.alarmName : targetsAlarm(name, site, health, parent).name;
  return new HealthCheck(
    `${name}-primary`,
    {
      type: "CLOUDWATCH_METRIC",
      cloudwatchAlarmName: alarm,
      cloudwatchAlarmRegion: site.region,
      // A new alarm knows nothing for a minute: that is no reason to leave the primary.
      insufficientDataHealthStatus: "LastKnownStatus",
      tags,
    },
    { parent },
  );
}

/** The site's own address: the shared name would be answered with the other one while it is down. */
function probed(address: SiteAddress, host: string): Pick<HealthCheckArgs, "fqdn" | "ipAddress"> {
  if (address.kind === "balancer") return { fqdn: address.dnsName };
  const [first] = address.addresses;
  if (first === undefined) throw new Error(`${host}: the primary has no address`);
  return { ipAddress: first };
}

function targetsAlarm(
  name: string,
  site: AwsSite,
  health: Extract<PrimaryHealth, { kind: "balancer" }>,
  parent: pulumi.Resource,
): MetricAlarm {
  return new MetricAlarm(
    `${name}-primary`,
    {
      name: `${site.prefix}-edge-unreachable`,
      alarmDescription: "No node of the primary answers: Route 53 sends callers to the standby.",
      namespace: "AWS/NetworkELB",
      metricName: "HealthyHostCount",
      dimensions: {
        LoadBalancer: health.metrics.loadBalancer,
        TargetGroup: health.metrics.targetGroup,
      },
      statistic: "Maximum",
      comparisonOperator: "LessThanThreshold",
      threshold: 1,
      period: 60,
      evaluationPeriods: health.minutes,
      // A load balancer that tells nothing any more is gone.
      treatMissingData: "breaching",
      tags: nameTag(`${site.prefix}-edge-unreachable`),
    },
    { parent },
  );
}

function createRecord(
  name: string,
  args: DnsFailoverArgs,
  which: "primary" | "standby",
  healthCheckId: pulumi.Output<string> | undefined,
  parent: pulumi.Resource,
): void {
  new DnsRecord(
    `${name}-${which}`,
    {
      zoneId: args.zoneId,
      name: args.host,
      type: "A",
      setIdentifier: which,
      failoverRoutingPolicies: [{ type: which === "primary" ? "PRIMARY" : "SECONDARY" }],
      ...(healthCheckId === undefined ? {} : { healthCheckId }),
      ...target(args[which]),
    },
    { parent },
  );
}

function target(address: SiteAddress): Pick<RecordArgs, "aliases" | "records" | "ttl"> {
  if (address.kind === "addresses") {
    return { records: [...address.addresses], ttl: address.ttlSeconds };
  }
  const { dnsName, zoneId } = address;
  return { aliases: [{ name: dnsName, zoneId, evaluateTargetHealth: true }] };
}

/** A site of ours on AWS, as an address. */
export function balancerAddress(balancer: BalancerHandle): SiteAddress {
  return { kind: "balancer", dnsName: balancer.dnsName, zoneId: balancer.zoneId };
}
