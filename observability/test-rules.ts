/** Which recordings an alert needs, and the alert with them written out. */
import { parser } from "@prometheus-io/lezer-promql";
import { METRIC_CATALOGUE } from "./metric-catalogue.ts";
import type { AlertRule, RecordingRule } from "./rules/rule.ts";
import { RULE_GROUPS } from "./rules.ts";
import { judgePromql, withRecorded } from "./test-promql.ts";

const known = withRecorded(METRIC_CATALOGUE, RULE_GROUPS);
const RECORDINGS = RULE_GROUPS.flatMap(({ rules }) => rules).filter((rule) => "record" in rule);

/** In the order in which Prometheus must record them. */
export function recordingsOf({ expr }: { readonly expr: string }): RecordingRule[] {
  const needed = new Set<string>();
  const collect = (expression: string) => {
    for (const name of judgePromql(expression, known).names) {
      const recording = RECORDINGS.find(({ record }) => record === name);
      if (recording === undefined || needed.has(name)) continue;
      needed.add(name);
      collect(recording.expr);
    }
  };
  collect(expr);
  return RECORDINGS.filter(({ record }) => needed.has(record));
}

/**
 * With its recordings in place of their names, so that a change can be made in them, too. What is
 * looked at over time must stay recorded.
 */
export function writtenOut(rule: AlertRule): AlertRule {
  let { expr } = rule;
  for (;;) {
    const next = writtenOutOnce(expr);
    if (next === expr) return { ...rule, expr };
    expr = next;
  }
}

function writtenOutOnce(expr: string): string {
  let found: { from: number; to: number; by: string } | null = null;
  parser.parse(expr).iterate({
    enter({ name, from, to, node }) {
      const text = expr.slice(from, to);
      const recording = RECORDINGS.find(({ record }) => record === text);
      const alone = node.parent?.parent?.name;
      if (name !== "Identifier" || recording === undefined) return;
      if (alone === "MatrixSelector" || alone === "OffsetExpr") return;
      found ??= { from, to, by: `(${recording.expr})` };
    },
  });
  if (found === null) return expr;
  const { from, to, by } = found as { from: number; to: number; by: string };
  return expr.slice(0, from) + by + expr.slice(to);
}
