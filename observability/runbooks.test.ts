/** Whoever is woken finds a page: every alert has its runbook, in both languages, and none is left over. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { METRIC_CATALOGUE } from "./metric-catalogue.ts";
import { ALERTS, RULE_GROUPS } from "./rules.ts";
import { judgePromql, withRecorded } from "./test-promql.ts";

const folder = path.resolve(import.meta.dirname, "../docs/runbooks");
const known = withRecorded(METRIC_CATALOGUE, RULE_GROUPS);
const CHAPTERS = [
  ...["How to confirm", "Stop the bleeding", "Find the cause"],
  ...["如何确认", "止损", "查找原因"],
];

test("every alert has a runbook, and every runbook an alert", () => {
  const pages = readdirSync(folder).map((file) => file.replace(/\.md$/, ""));
  expect(pages.sort()).toEqual(ALERTS.map(({ alert }) => alert).sort());
});

test.each(ALERTS.map(({ alert }) => alert))(
  "%s: its page has all chapters and a query",
  (alert) => {
    const text = readFileSync(path.join(folder, `${alert}.md`), "utf8");
    expect(text.startsWith(`# ${alert}\n`)).toBe(true);
    const chapters = [...text.matchAll(/^## (.*)\n\n(.+)/gm)];
    expect(chapters.map(([, name]) => name)).toEqual(CHAPTERS);
    // Chinese says in five characters what takes a sentence elsewhere.
    for (const [, name, words = ""] of chapters) expect(words.length, name).toBeGreaterThan(4);
    const queries = [...text.matchAll(/```promql\n([^`]+)\n```/g)];
    expect(queries).toHaveLength(1);
    for (const [, query = ""] of queries) expect(judgePromql(query, known).faults).toEqual([]);
    // Alerts of other pages that are named are there.
    const names = new Set(ALERTS.map((rule) => rule.alert));
    for (const [, other = ""] of text.matchAll(/(?:as|do what|see|look at) ([A-Z]\w+[a-z]\w*)/g)) {
      if (/[a-z][A-Z]/.test(other)) expect(names, other).toContain(other);
    }
  },
);
