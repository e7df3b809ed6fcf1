/** Amazon Route 53: zones, records, health checks. Global: ARNs have neither region nor account. */
import type { Making, ServiceTable } from "../table.ts";

const RECORD_TYPES = "A AAAA CAA CNAME DS HTTPS MX NAPTR NS PTR SOA SPF SRV SSHFP SVCB TLSA TXT";
const ROUTING =
  "cidrRoutingPolicy failoverRoutingPolicies geolocationRoutingPolicies geoproximityRoutingPolicy " +
  "latencyRoutingPolicies multivalueAnswerRoutingPolicy weightedRoutingPolicies";

function nameServers(m: Making): string[] {
  // The real ones end in awsdns-NN.<com|net|org|co.uk>; .invalid resolves nowhere (RFC 2606).
  return ["com", "net", "org", "co.uk"].map(
    (zone) => `ns-${m.digits(3, zone)}.awsdns-${m.digits(2, zone)}.${zone}.invalid`,
  );
}

function fqdn(name: string): string {
  return name.replace(/\.$/, "");
}

export const ROUTE53: ServiceTable = {
  "aws:route53/zone:Zone": {
    source: "route53_zone",
    replaces: "delegationSetId name",
    updates: "comment enableAcceleratedRecovery forceDestroy vpcs",
    excludes: ["delegationSetId vpcs"],
    autoname: { property: "name", lengthMax: 255 },
    defaults: { comment: "Managed by Pulumi", forceDestroy: false },
    id: (m) => `Z${m.base36(20)}`,
    computed: (m) => ({
      arn: m.globalArn("route53", `hostedzone/${m.id}`, ""),
      enableAcceleratedRecovery: false,
      nameServers: nameServers(m),
      primaryNameServer: nameServers(m)[0] ?? "",
      zoneId: m.id,
    }),
  },
  "aws:route53/record:Record": {
    source: "route53_record",
    replaces: "name zoneId",
    updates: `aliases allowOverwrite healthCheckId records setIdentifier ttl type ${ROUTING}`,
    values: { type: RECORD_TYPES, "failoverRoutingPolicies.type": "PRIMARY SECONDARY" },
    needsOne: ["aliases records"],
    excludes: ["aliases records", "aliases ttl", ROUTING],
    id: (m) => {
      const set = m.text("setIdentifier");
      const base = `${m.text("zoneId")}_${fqdn(m.text("name"))}_${m.text("type")}`;
      return set === "" ? base : `${base}_${set}`;
    },
    computed: (m) => ({ allowOverwrite: false, fqdn: fqdn(m.text("name")) }),
  },
  "aws:route53/healthCheck:HealthCheck": {
    source: "route53_health_check",
    replaces: "measureLatency referenceName requestInterval routingControlArn type",
    updates:
      "childHealthThreshold childHealthchecks cloudwatchAlarmName cloudwatchAlarmRegion disabled " +
      "enableSni failureThreshold fqdn insufficientDataHealthStatus invertHealthcheck ipAddress " +
      "port regions resourcePath searchString triggers",
    values: {
      type: "HTTP HTTPS HTTP_STR_MATCH HTTPS_STR_MATCH TCP CALCULATED CLOUDWATCH_METRIC RECOVERY_CONTROL",
      requestInterval: "10 30",
      insufficientDataHealthStatus: "Healthy Unhealthy LastKnownStatus",
    },
    ranges: { failureThreshold: [1, 10], childHealthThreshold: [0, 256] },
    formats: { port: "port" },
    defaults: { disabled: false, invertHealthcheck: false, measureLatency: false },
    id: (m) => m.uuid(),
    computed: (m) => ({
      arn: m.globalArn("route53", `healthcheck/${m.id}`, ""),
      enableSni: m.text("type").startsWith("HTTPS"),
      failureThreshold: 3,
    }),
  },
};
