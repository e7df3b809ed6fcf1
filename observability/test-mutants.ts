/**
 * Changes one thing of an alert, mechanically: a threshold, its patience, a label, a metric, an operator.
 * A proof that still holds for the changed one proves nothing.
 */
import { parser } from "@prometheus-io/lezer-promql";
import { METRIC_CATALOGUE } from "./metric-catalogue.ts";
import type { AlertRule, Severity } from "./rules/rule.ts";

export interface Mutant {
  readonly rule: AlertRule;
  readonly what: string;
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Change {
  readonly from: number;
  readonly to: number;
  readonly by: string;
}

const SEVERITIES: readonly Severity[] = ["info", "warning", "error", "critical"];
const OPPOSITES: Readonly<Record<string, readonly string[]>> = {
  ">": ["<", ">="],
  "<": [">", "<="],
  "==": ["!="],
  and: ["unless"],
};

export function mutantsOf(rule: AlertRule, random: () => number): Mutant[] {
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  const { thresholds, matchers, names, operators } = placesOf(rule.expr);
  const changed = (kind: string, changes: readonly Change[]): Mutant[] => {
    const change = pick(changes);
    if (change === undefined) return [];
    const { from, to, by } = change;
    const expr = rule.expr.slice(0, from) + by + rule.expr.slice(to);
    return [{ rule: { ...rule, expr }, what: `${kind}: ${rule.expr.slice(from, to)} → ${by}` }];
  };
  const numbers = (factors: readonly number[], nought: string) =>
    thresholds.map(({ from, to, text }) => ({
      ...{ from, to },
      by: Number(text) === 0 ? nought : String(Number(text) * (pick(factors) ?? 1)),
    }));
  const others = METRIC_CATALOGUE.map(({ name }) => name);
  const other = pick(others.filter((name) => !names.some(({ text }) => text === name))) ?? "up";
  const patience = rule.for === undefined ? "10m" : pick(["0s", doubled(rule.for)]);
  const severity = pick(SEVERITIES.filter((one) => one !== rule.severity)) ?? "info";
  const mutants = [
    ...changed("threshold", numbers([1.2], "1e6")),
    ...changed("threshold", numbers([0.8], "-1")),
    ...changed(
      "metric",
      names.map(({ from, to }) => ({ from, to, by: other })),
    ),
    ...changed(
      "label",
      matchers.map(({ from, to, text }) => ({ from, to, by: `"x${text.slice(1)}` })),
    ),
    ...changed(
      "operator",
      operators.map(({ from, to, text }) => ({
        from,
        to,
        by: pick(OPPOSITES[text] ?? []) ?? text,
      })),
    ),
    {
      rule: { ...rule, ...(patience === undefined ? {} : { for: patience }) },
      what: `for: ${rule.for ?? "none"} → ${patience}`,
    },
    { rule: { ...rule, severity }, what: `severity: ${rule.severity} → ${severity}` },
  ];
  return mutants.map((mutant, index) => ({
    ...mutant,
    rule: { ...mutant.rule, alert: `${rule.alert}_${index}` },
  }));
}

interface Place {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

function placesOf(expr: string) {
  const thresholds: Place[] = [];
  const matchers: Place[] = [];
  const names: Place[] = [];
  const operators: Place[] = [];
  parser.parse(expr).iterate({
    enter({ name, from, to, node }) {
      const place = { from, to, text: expr.slice(from, to) };
      if (name === "Identifier" && node.parent?.name === "VectorSelector") names.push(place);
      if (name === "StringLiteral" && node.parent?.name === "UnquotedLabelMatcher")
        matchers.push(place);
      if (place.text in OPPOSITES && node.parent?.name === "BinaryExpr") operators.push(place);
      const compared = /^(Gtr|Lss|Eql|Neq)/.test(node.prevSibling?.name ?? "");
      const factor = node.nextSibling?.name === "Mul" && Number(place.text) !== 0;
      if (name === "NumberDurationLiteral" && (compared || factor)) thresholds.push(place);
    },
  });
  return { thresholds, matchers, names, operators };
}

function doubled(duration: string): string {
  return duration.replace(/^\d+/, (count) => String(Number(count) * 2));
}
