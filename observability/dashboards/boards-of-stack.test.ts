/** A stack gets the panels about what it has, all of them and no others. */
import { expect, test } from "vitest";
import { METRIC_CATALOGUE } from "../metric-catalogue.ts";
import { RULE_GROUPS } from "../rules.ts";
import { judgePromql, withRecorded } from "../test-promql.ts";
import { boardsOf, expressionsOf, jobOf, metricsIn, missing } from "./boards-of-stack.ts";
import { BOARDS } from "./dashboards.ts";
import { type Need, number } from "./panel.ts";

const known = withRecorded(METRIC_CATALOGUE, RULE_GROUPS);
const recorded = new Set(
  RULE_GROUPS.flatMap(({ rules }) => rules).flatMap((rule) =>
    "record" in rule ? [rule.record] : [],
  ),
);
const panels = BOARDS.flatMap(({ rows }) => rows).flatMap((row) => row.panels);
const everything = {
  jobs: [...new Set(METRIC_CATALOGUE.map(jobOf))],
  has: ["redisReplicas", "webhooks"] satisfies Need[],
};

test("the metrics of an expression are those that Prometheus' grammar finds in it", () => {
  for (const expr of panels.flatMap(expressionsOf)) {
    const names = [...judgePromql(expr, known).names].filter((name) => !recorded.has(name));
    const found = new Set(metricsIn(expr).map(({ name }) => name));
    const bare = names.map((name) =>
      found.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ""),
    );
    for (const name of bare) expect([...found], expr).toContain(name);
    const direct = [...judgePromql(expr, known).names].every((name) => !recorded.has(name));
    if (direct) expect(found.size, expr).toBe(new Set(bare).size);
    expect(found.size, expr).toBeGreaterThan(0);
  }
});

test("a stack that has everything gets every panel; one that has nothing, none", () => {
  expect(boardsOf(everything)).toEqual(BOARDS);
  expect(boardsOf({ jobs: [], has: [] })).toEqual([]);
});

test("a panel goes with any job that it asks, and with what it needs, and nothing else goes", () => {
  for (const job of everything.jobs) {
    const shown = { ...everything, jobs: everything.jobs.filter((one) => one !== job) };
    const gone = panels.filter((panel) => missing(panel, shown) !== null);
    const about = panels.filter((panel) =>
      expressionsOf(panel).some((expr) => metricsIn(expr).some((metric) => jobOf(metric) === job)),
    );
    expect([job, gone]).toEqual([job, about]);
  }
  for (const need of everything.has) {
    const shown = { ...everything, has: everything.has.filter((one) => one !== need) };
    const gone = panels.filter((panel) => missing(panel, shown) === need);
    expect(gone.length, need).toBeGreaterThan(0);
    expect(boardsOf(shown).flatMap(({ rows }) => rows.flatMap((row) => row.panels))).toEqual(
      panels.filter((panel) => !gone.includes(panel)),
    );
  }
});

test("a recording is as good as what it records", () => {
  const panel = number("Errors", "错误", "none", "api:errors:ratio_rate5m");
  expect(missing(panel, { jobs: ["gateway"], has: [] })).toBeNull();
  expect(missing(panel, { jobs: ["edge"], has: [] })).toBe("gateway");
});
