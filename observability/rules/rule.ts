/**
 * What a recording and an alert are, and the one builder of what every alert carries. An alert says
 * what to do: critical wakes somebody, error is for the same day, warning for the week, info for the
 * record. Pure.
 */
export type Severity = "critical" | "error" | "warning" | "info";

/** Who mends it. */
export type Owner = "platform" | "serving" | "data" | "security";

/** Names of dashboards, as their addresses carry them. */
export type Dashboard =
  | "overview"
  | "serving"
  | "gpu"
  | "gateway"
  | "usage"
  | "edge"
  | "stores"
  | "compliance"
  | "recovery";

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly severity: Severity;
  /** What it is about: the graver of two alerts about one subject silences the milder. */
  readonly subject: string;
  readonly owner: Owner;
  readonly dashboard: Dashboard;
  readonly summary: string;
  readonly description: string;
  /** It is about this job alone, and says nothing true where that is not scraped. */
  readonly job?: string;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly (RecordingRule | AlertRule)[];
}

export interface Links {
  /** Where the pages of docs/runbooks can be read; their names come behind it. */
  readonly runbooks: string;
  /** Grafana's address; `/d/<name>` comes behind it. */
  readonly dashboards: string;
}

/** Without an address, the place in this package and the path within any Grafana. */
export const NO_LINKS: Links = { runbooks: "docs/runbooks", dashboards: "" };

/** Below one request in 20 s a ratio is one caller's luck, not the service's health. */
export const TRAFFIC_MIN = 0.05;

/**
 * The least value of three minutes: what holds for all of them. A scrape that fails leaves a hole for
 * one moment, and an alert that asks for the moment would begin to wait anew; this one does not.
 */
export function steady(selector: string): string {
  return `min_over_time(${selector}[3m])`;
}

/** As its description says it, with its unit: nobody reads 0.09321428571428572 at night. */
function measured({ description }: AlertRule): string {
  return /\{\{ \$value[^}]*\}\}(?:B| %)?/.exec(description)?.[0] ?? "{{ $value }}";
}

/** Labels and annotations of every alert. */
export function alertTexts(rule: AlertRule, links: Links) {
  return {
    labels: { severity: rule.severity, subject: rule.subject, owner: rule.owner },
    annotations: {
      summary: rule.summary,
      description: rule.description,
      value: measured(rule),
      runbook_url: `${links.runbooks}/${rule.alert}.md`,
      dashboard: `${links.dashboards}/d/${rule.dashboard}`,
    },
  };
}
