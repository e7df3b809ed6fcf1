/** Compares a page of /metrics with the catalogue: names, types and labels, both ways. */
import type { Metric } from "./catalogue/metric.ts";
import type { KnownSeries } from "./test-promql.ts";

interface Family {
  readonly type: string;
  readonly labels: ReadonlySet<string>;
}

/** Labels that the text format itself adds. */
const PARTS = new Set(["le", "quantile"]);

/** `asked` are the metrics that must be on the page; others of the page are nobody's business. */
export function expositionFaults(page: string, asked: readonly Metric[]): string[] {
  const families = familiesOf(page);
  return asked.flatMap(({ name, type, labels }) => {
    const found = families.get(name);
    if (found === undefined) return [`${name} is not exposed`];
    const unknown = [...found.labels].filter(
      (label) => !PARTS.has(label) && !labels.includes(label),
    );
    return [
      ...(found.type === type ? [] : [`${name} is a ${found.type}, not a ${type}`]),
      ...unknown.map((label) => `${name} has the label ${label}, which the catalogue lacks`),
    ];
  });
}

/** Names that begin like the program's own and are in no catalogue. */
export function strangers(page: string, own: RegExp, known: readonly Metric[]): string[] {
  const names = new Set(known.map(({ name }) => name));
  return [...familiesOf(page).keys()].filter((name) => own.test(name) && !names.has(name));
}

/** The same of series that Prometheus holds, as its API lists them. */
export function seriesFaults(
  series: readonly Readonly<Record<string, string>>[],
  known: KnownSeries,
): string[] {
  const faults = series.flatMap(({ __name__: name = "", ...labels }) => {
    const found = known.get(name);
    if (found === undefined) return [`${name} is in no catalogue`];
    const unknown = Object.keys(labels).filter((label) => !found.labels.has(label));
    return unknown.map((label) => `${name} has the label ${label}, which the catalogue lacks`);
  });
  return [...new Set(faults)];
}

function familiesOf(page: string): Map<string, Family> {
  const types = new Map<string, string>();
  const labels = new Map<string, Set<string>>();
  for (const line of page.split("\n")) {
    const [, name = "", type = ""] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== "") types.set(name, type);
    const [, series = "", , inner = ""] = /^([a-zA-Z_:][\w:]*)(\{(.*)\})? \S+/.exec(line) ?? [];
    if (series === "") continue;
    const family = types.has(series) ? series : series.replace(/_(bucket|sum|count)$/, "");
    const known = labels.get(family) ?? new Set();
    for (const [, label = ""] of inner.matchAll(/(?:^|,)\s*([a-zA-Z_]\w*)="/g)) known.add(label);
    labels.set(family, known);
  }
  return new Map(
    [...types].map(([name, type]) => [name, { type, labels: labels.get(name) ?? new Set() }]),
  );
}
