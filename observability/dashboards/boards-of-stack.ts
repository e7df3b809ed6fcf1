/**
 * The dashboards of one stack: a panel about something that the stack does not have, or that nobody
 * scrapes, would be empty for ever and look like a fault. Pure.
 */
import type { Component, Metric } from "../catalogue/metric.ts";
import { JOBS, OTHER_JOBS } from "../jobs.ts";
import { METRIC_CATALOGUE } from "../metric-catalogue.ts";
import { RULE_GROUPS } from "../rules.ts";
import { BOARDS } from "./dashboards.ts";
import type { Board, Need, Panel, Row } from "./panel.ts";

/** What a stack has to be shown. */
export interface Shown {
  /** Scrape jobs, of its own Prometheus and of the cluster's. */
  readonly jobs: readonly string[];
  readonly has: readonly Need[];
}

/** Under which job a component is scraped. */
const JOB_OF: Readonly<Record<Component, string>> = {
  gateway: JOBS.gateway,
  vllm: JOBS.modelServer,
  "dcgm-exporter": OTHER_JOBS.gpu,
  "edge-exporter": JOBS.edge,
  "redis-exporter": JOBS.redis,
  "postgres-exporter": JOBS.postgres,
  "cloudnative-pg": OTHER_JOBS.postgresOperator,
  "blackbox-exporter": OTHER_JOBS.addresses,
  "node-exporter": OTHER_JOBS.nodes,
  // Its file is read by the node exporter.
  "gpu-check": OTHER_JOBS.nodes,
  "kube-state-metrics": OTHER_JOBS.objects,
  kubelet: OTHER_JOBS.volumes,
  keda: OTHER_JOBS.scaler,
  prometheus: JOBS.prometheus,
  alertmanager: JOBS.alertmanager,
  "audit-archive": OTHER_JOBS.auditArchive,
  "restore-test": OTHER_JOBS.restoreTest,
  collector: OTHER_JOBS.collector,
  "alert-relay": OTHER_JOBS.alertRelay,
};

const METRICS = new Map(METRIC_CATALOGUE.map((metric) => [metric.name, metric]));
const RECORDED = new Map(
  RULE_GROUPS.flatMap(({ rules }) => rules).flatMap((rule) =>
    "record" in rule ? [[rule.record, rule.expr] as const] : [],
  ),
);

/** Without rows in which nothing is left; a board always keeps what every stack has. */
export function boardsOf(shown: Shown): readonly Board[] {
  return BOARDS.map((board) => ({
    ...board,
    rows: board.rows
      .map((row): Row => ({ ...row, panels: row.panels.filter((panel) => !missing(panel, shown)) }))
      .filter(({ panels }) => panels.some(({ kind }) => kind !== "words")),
  })).filter(({ rows }) => rows.length > 0);
}

/** Why a stack does not get a panel; null: it does. */
export function missing(panel: Panel, { jobs, has }: Shown): string | null {
  if (panel.needs !== undefined && !has.includes(panel.needs)) return panel.needs;
  const wanted = expressionsOf(panel).flatMap((expr) => metricsIn(expr).map(jobOf));
  return wanted.find((job) => !jobs.includes(job)) ?? null;
}

export function expressionsOf(panel: Panel): readonly string[] {
  if (panel.kind === "words") return [];
  return panel.kind === "lines" ? panel.queries.map(({ expr }) => expr) : [panel.expr];
}

/** Those of the catalogue that an expression asks for, through recordings as well. */
export function metricsIn(expr: string): Metric[] {
  const names = new Set(expr.replaceAll(/"[^"]*"/g, "").match(/[a-zA-Z_:][\w:]*/g) ?? []);
  return [...names].flatMap((name) => {
    const recorded = RECORDED.get(name);
    if (recorded !== undefined) return metricsIn(recorded);
    return METRICS.get(name) ?? METRICS.get(name.replace(/_(bucket|sum|count)$/, "")) ?? [];
  });
}

export function jobOf({ component }: Pick<Metric, "component">): string {
  return JOB_OF[component];
}
