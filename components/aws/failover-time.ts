/**
 * How long callers are sent to a site that is gone, by how its health is told. Pure.
 * (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html)
 */

export type HealthTest =
  /** Route 53's own probes, from the internet. */
  | { readonly kind: "probe"; readonly intervalSeconds: 10 | 30; readonly failures: number }
  /** An alarm of CloudWatch: for what probes from the internet cannot reach. */
  | { readonly kind: "alarm"; readonly minutes: number };

/** Metrics of load balancers are written once a minute and may come a minute late. */
const METRIC_LATE_SECONDS = 60;
/** An alias to a load balancer has a time to live of its own that nobody can set. */
export const ALIAS_TTL_SECONDS = 60;

/** Until Route 53 answers with the other site. */
export function detectSeconds(test: HealthTest): number {
  if (test.kind === "probe") return test.intervalSeconds * test.failures;
  return test.minutes * 60 + METRIC_LATE_SECONDS;
}

/** And until the last caller that keeps to the time to live has asked again. */
export function failoverSeconds(test: HealthTest, ttlSeconds: number): number {
  return detectSeconds(test) + ttlSeconds;
}
