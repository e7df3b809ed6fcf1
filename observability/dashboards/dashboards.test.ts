/** Every expression of every dashboard speaks of metrics that exist, and shows what it says it shows. */
import { expect, test } from "vitest";
import { METRIC_CATALOGUE } from "../metric-catalogue.ts";
import type { Dashboard } from "../rules/rule.ts";
import { ALERTS, RULE_GROUPS } from "../rules.ts";
import { judgePromql, withRecorded } from "../test-promql.ts";
import { BOARDS, dashboardFiles, renderDashboard } from "./dashboards.ts";
import type { Board, Panel, Text } from "./panel.ts";

const known = withRecorded(METRIC_CATALOGUE, RULE_GROUPS);
const NAMES: readonly Dashboard[] = [
  "overview",
  "serving",
  "gpu",
  "gateway",
  "usage",
  "edge",
  "stores",
  "compliance",
  "recovery",
];

interface Asked {
  readonly expr: string;
  readonly legend: string;
  readonly panel: Panel;
}

function queriesOf(board: Board): Asked[] {
  return board.rows
    .flatMap(({ panels }) => panels)
    .flatMap((panel): Asked[] => {
      if (panel.kind === "lines") return panel.queries.map((one) => ({ ...one, panel }));
      return panel.kind === "number" ? [{ expr: panel.expr, legend: "", panel }] : [];
    });
}

test("there is a dashboard for every name that an alert may link to", () => {
  expect(BOARDS.map(({ name }) => name)).toEqual(NAMES);
  for (const { dashboard } of ALERTS) expect(NAMES).toContain(dashboard);
});

test.each(BOARDS.map((board) => [board.name, board] as const))(
  "%s: every query is of the catalogue",
  (_name, board) => {
    const faults = queriesOf(board).flatMap(({ expr, panel }) =>
      judgePromql(expr, known).faults.map((fault) => `${panel.title.en}: ${fault}`),
    );
    expect(faults).toEqual([]);
  },
);

test.each(BOARDS.map((board) => [board.name, board] as const))(
  "%s: legends name what tells its lines apart",
  (_name, board) => {
    const wrong = queriesOf(board).flatMap(({ expr, legend, panel }) => {
      const named = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label);
      const { labels, kind } = judgePromql(expr, known).shape;
      if (kind !== "vector") return [`${panel.title.en}: ${kind}`];
      const summed = /\b(sum|max|min|count|histogram_quantile)\b/.test(expr);
      const missing = named.filter((label) => !labels.has(label));
      // What was grouped by and is not named would make two lines with one name.
      const silent =
        panel.kind === "lines" && summed
          ? [...labels].filter((label) => label !== "le" && !named.includes(label))
          : [];
      return [...missing, ...silent].map((label) => `${panel.title.en}: ${label}`);
    });
    expect(wrong).toEqual([]);
  },
);

test("a query of what is no more in the catalogue would be found", () => {
  const [board] = BOARDS;
  const [first] = board === undefined ? [] : queriesOf(board);
  expect(judgePromql(first?.expr ?? "", known).faults).toEqual([]);
  const without = withRecorded(
    METRIC_CATALOGUE.filter(({ name }) => name !== "api_requests_total"),
    [],
  );
  expect(judgePromql(first?.expr ?? "", without).faults).not.toEqual([]);
});

test("a choice of models is offered where it is used, and used where it is offered", () => {
  for (const board of BOARDS) {
    const used = queriesOf(board).some(({ expr }) => expr.includes("$model"));
    expect([board.name, used]).toEqual([board.name, board.models !== null]);
    const { metric, label } = board.models ?? { metric: "up", label: "job" };
    expect(known.get(metric)?.labels.has(label)).toBe(true);
  }
});

test("every word is there in both languages, and the Chinese ones are Chinese", () => {
  const texts = BOARDS.flatMap((board): Text[] => [
    board.title,
    ...board.rows.flatMap(({ title, panels }) => [
      title,
      ...panels.flatMap((panel) => [
        panel.title,
        ...(panel.note === undefined ? [] : [panel.note]),
        ...(panel.kind === "words" ? [panel.text] : []),
      ]),
    ]),
  ]);
  for (const { en, zh } of texts) {
    expect(en).toMatch(/^[A-Z]/);
    // Names of programs and units are the same in both.
    if (en !== zh) expect(zh).toMatch(/[\u4e00-\u9fff]|^Token$|^GPU$|^Webhook$/);
  }
});

interface Rendered {
  readonly uid: string;
  readonly title: string;
  readonly editable: boolean;
  readonly templating: { readonly list: readonly { name: string; type: string }[] };
  readonly panels: readonly {
    readonly type: string;
    readonly gridPos: { x: number; y: number; w: number; h: number };
    readonly targets?: readonly { expr: string; refId: string }[];
    readonly fieldConfig?: { defaults: { unit?: string } };
  }[];
}

test("rendered, no panel lies on another, each query has its own letter, and addresses are the alerts'", async () => {
  const files = dashboardFiles(["en", "zh"], BOARDS);
  expect(files.map(({ name }) => name)).toEqual([...NAMES, ...NAMES.map((name) => `${name}-zh`)]);
  for (const file of files) {
    const content = await renderDashboard(file);
    const board = JSON.parse(content) as Rendered;
    expect([file.name, board.editable]).toEqual([board.uid, false]);
    expect(board.title).toBe(file.board.title[file.language]);
    expect(board.templating.list[0]).toMatchObject({ name: "site", type: "datasource" });
    const places = board.panels.map(({ gridPos }) => gridPos);
    for (const [index, one] of places.entries()) {
      expect(one.x + one.w).toBeLessThanOrEqual(24);
      const over = places.slice(index + 1).filter((two) => overlap(one, two));
      expect([file.name, index, over]).toEqual([file.name, index, []]);
    }
    for (const { targets = [] } of board.panels) {
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    }
    // The limit of a ConfigMap is 1 MiB; each has one of its own.
    expect(content.length).toBeLessThan(200_000);
  }
});

type Place = Rendered["panels"][number]["gridPos"];

function overlap(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
