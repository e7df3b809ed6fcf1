/** What the watching itself costs: memory, processor, series, and whose series they are. */
import type { PrometheusClient } from "../prometheus/client.ts";

export interface Watching {
  readonly series: number;
  readonly samplesPerSecond: number;
  readonly residentMebibytes: number;
  /** Processors, the mean of the time. */
  readonly processors: number;
  /** Series of each job's targets, and how many targets it has. */
  readonly jobs: readonly {
    readonly job: string;
    readonly targets: number;
    readonly series: number;
  }[];
  /** How long the slowest group of rules took last. */
  readonly slowestRulesSeconds: number;
}

const SELF = '{job="prometheus"}';

export async function watchingLoad(
  prometheus: PrometheusClient,
  seconds: number,
): Promise<Watching> {
  const one = async (expr: string) => (await prometheus.now(expr))[0]?.value ?? 0;
  const window = `${Math.max(60, seconds)}s`;
  const targets = await prometheus.now("count by (job) (up)");
  const counts = await prometheus.now("sum by (job) (scrape_samples_post_metric_relabeling)");
  return {
    series: await one(`prometheus_tsdb_head_series${SELF}`),
    samplesPerSecond: await one(
      `rate(prometheus_tsdb_head_samples_appended_total${SELF}[${window}])`,
    ),
    residentMebibytes: (await one(`process_resident_memory_bytes${SELF}`)) / 1024 ** 2,
    processors: await one(`rate(process_cpu_seconds_total${SELF}[${window}])`),
    jobs: targets.map(({ metric, value }) => ({
      job: metric["job"] ?? "",
      targets: value,
      series: counts.find(({ metric: { job } }) => job === metric["job"])?.value ?? 0,
    })),
    slowestRulesSeconds: await one("max(prometheus_rule_group_last_duration_seconds)"),
  };
}
