/** Every expression of every dashboard speaks of metrics that exist, and shows what it says it shows. */
import { expect, test } from "vitest";
import { METRIC_CATALOGUE } from "../metric-catalogue.ts";
import type { Dashboard } from "../rules/rule.ts";
import { ALERTS, RULE_GROUPS } from "../rules.ts";
import { judgePromql, withRecorded } from "../test-promql.ts";
import { BOARDS, dashboardFiles, renderDashboard } from "./dashboards.ts";
import { placesOf } from "./layout.ts";
import { type Board, inLanguage, type Panel, type Text } from "./panel.ts";

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

const LANGUAGES = ["en", "zh"] as const;

interface Asked {
  readonly expr: string;
  readonly legend: string;
  readonly panel: Panel;
}

function queriesOf(board: Board): Asked[] {
  return board.rows
    .flatMap(({ panels }) => panels)
    .flatMap((panel): Asked[] => {
      if (panel.kind === "words") return [];
      if (panel.kind !== "lines") return [{ expr: panel.expr, legend: "", panel }];
      return panel.queries.flatMap(({ expr, legend }) =>
        LANGUAGES.map((language) => ({ expr, legend: inLanguage(legend, language), panel })),
      );
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
  const asking = BOARDS.flatMap(queriesOf).find(({ expr }) => expr.includes("redis_up"));
  expect(judgePromql(asking?.expr ?? "", known).faults).toEqual([]);
  const without = withRecorded(
    METRIC_CATALOGUE.filter(({ name }) => name !== "redis_up"),
    [],
  );
  expect(judgePromql(asking?.expr ?? "", without).faults).not.toEqual([]);
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
        ...(panel.kind === "table"
          ? [panel.value, ...panel.columns.map(([, title]) => title)]
          : []),
      ]),
    ]),
  ]);
  for (const { en, zh } of texts) {
    expect(en).toMatch(/^[A-Z]/);
    // Names of programs and units are the same in both.
    if (en !== zh) expect(zh).toMatch(/[\u4e00-\u9fff]|^Token$|^GPU$|^Webhook$/);
  }
});

test("a number is one, and a table shows each label that tells its lines apart", () => {
  for (const { expr, panel } of BOARDS.flatMap(queriesOf)) {
    const labels = [...judgePromql(expr, known).shape.labels].sort();
    const shown = panel.kind === "table" ? panel.columns.map(([label]) => label) : [];
    if (panel.kind !== "lines") expect([expr, labels]).toEqual([expr, [...shown].sort()]);
  }
});

test("the title of a number has room in a window of 1100 pixels", () => {
  // 44.8 pixels a column there, of which 18 are the panel's edges; a letter is 7.3 wide.
  const letters = (span: number) => Math.floor((span * 44.8 - 26) / 7.3);
  for (const { panels } of BOARDS.flatMap(({ rows }) => rows)) {
    for (const [index, { span }] of placesOf(panels).entries()) {
      const panel = panels[index];
      if (panel?.kind !== "number") continue;
      expect(panel.title.en.length, panel.title.en).toBeLessThanOrEqual(letters(span));
    }
  }
});

interface Rendered {
  readonly uid: string;
  readonly title: string;
  readonly editable: boolean;
  readonly links: readonly { readonly tags: readonly string[]; readonly placement?: string }[];
  readonly templating: { readonly list: readonly { name: string; type: string }[] };
  readonly panels: readonly {
    readonly type: string;
    readonly title: string;
    readonly gridPos: { x: number; y: number; w: number; h: number };
    readonly targets?: readonly { expr: string; refId: string }[];
    readonly fieldConfig?: {
      readonly defaults: {
        readonly unit?: string;
        readonly noValue?: string;
        readonly color?: { readonly mode: string; readonly fixedColor?: string };
        readonly custom?: { readonly axisSoftMin?: number; readonly axisSoftMax?: number };
        readonly thresholds?: {
          readonly steps: readonly { color: string; value: number | null }[];
        };
      };
      readonly overrides: readonly {
        readonly matcher: { readonly options: string };
        readonly properties: readonly { readonly value: { readonly fixedColor: string } }[];
      }[];
    };
    readonly options?: { readonly reduceOptions?: { readonly calcs: readonly string[] } };
    readonly transformations?: readonly { readonly id: string }[];
  }[];
}

type RenderedPanel = Rendered["panels"][number];

async function renderedPanels(): Promise<RenderedPanel[]> {
  const boards = await Promise.all(dashboardFiles(LANGUAGES, BOARDS).map(renderDashboard));
  return boards.flatMap((board) => (JSON.parse(board) as Rendered).panels);
}

test("rendered, nothing is left to what Grafana would do of itself", async () => {
  const panels = await renderedPanels();
  const ofType = (type: string) => panels.filter((panel) => panel.type === type);
  expect(new Set(panels.map(({ type }) => type))).toEqual(
    new Set(["row", "stat", "timeseries", "table", "text"]),
  );
  for (const { title, fieldConfig, options } of ofType("stat")) {
    const { unit, thresholds, noValue } = fieldConfig?.defaults ?? {};
    // Its own thresholds draw whatever is above 80 in red, and its own reducer shows what was, not what is.
    expect([title, unit, thresholds?.steps[0]?.value, noValue]).toEqual([
      title,
      expect.any(String),
      null,
      "–",
    ]);
    expect([title, options?.reduceOptions?.calcs]).toEqual([title, ["last"]]);
  }
  for (const { title, fieldConfig } of ofType("timeseries")) {
    const { unit, noValue, custom } = fieldConfig?.defaults ?? {};
    // Its own scale of a line of noughts ends at 100, which is 10000 % of a share.
    expect([title, unit, noValue, custom?.axisSoftMin]).toEqual([
      title,
      expect.any(String),
      expect.any(String),
      0,
    ]);
    expect([title, custom?.axisSoftMax]).toEqual([title, expect.any(Number)]);
  }
  for (const { title, transformations } of ofType("table")) {
    expect([title, transformations?.map(({ id }) => id)]).toEqual([title, ["organize"]]);
  }
});

test("rendered, no failure is drawn in green and no success in red", async () => {
  const panels = await renderedPanels();
  const titles = new Set(
    BOARDS.flatMap(({ rows }) => rows.flatMap((row) => row.panels))
      .filter((panel) => panel.kind === "lines" && panel.tone === "bad")
      .map(({ title }) => title.en),
  );
  const bad = panels.filter(({ type, title }) => type === "timeseries" && titles.has(title));
  expect(bad.length).toBeGreaterThan(20);
  for (const { title, fieldConfig } of bad) {
    const { color, thresholds } = fieldConfig?.defaults ?? {};
    const worst = color?.mode === "shades" ? color.fixedColor : thresholds?.steps.at(-1)?.color;
    expect([title, worst]).toEqual([title, "red"]);
  }
  const colours = panels
    .filter(({ type }) => type === "timeseries")
    .flatMap(({ fieldConfig }) => fieldConfig?.overrides ?? [])
    .map(({ matcher, properties: [property] }) => [matcher.options, property?.value.fixedColor]);
  const colourOf = (name: string) =>
    new Set(colours.filter(([matcher = ""]) => inside(matcher).test(name)).map(([, one]) => one));
  expect(["success", "m success", "error", "m error", "client_error"].map(colourOf)).toEqual(
    ["green", "green", "red", "red", "orange"].map((one) => new Set([one])),
  );
});

/** As Grafana reads a regular expression of a matcher. */
function inside(matcher: string): RegExp {
  return new RegExp(matcher.slice(1, matcher.lastIndexOf("/")));
}

test("rendered, no panel lies on another, none leaves a hole, each query has its own letter, and addresses are the alerts'", async () => {
  const files = dashboardFiles(["en", "zh"], BOARDS);
  expect(files.map(({ name }) => name)).toEqual([...NAMES, ...NAMES.map((name) => `${name}-zh`)]);
  for (const file of files) {
    const content = await renderDashboard(file);
    const board = JSON.parse(content) as Rendered;
    expect([file.name, board.editable]).toEqual([board.uid, false]);
    expect(board.title).toBe(file.board.title[file.language]);
    expect(board.templating.list[0]).toMatchObject({ name: "site", type: "datasource" });
    const [link] = board.links;
    expect([link?.tags, link?.placement]).toEqual([["deepseek", file.language], undefined]);
    const places = board.panels.map(({ gridPos }) => gridPos);
    const area = places.reduce((sum, { w, h }) => sum + w * h, 0);
    const end = Math.max(...places.map(({ y, h }) => y + h));
    expect([file.name, area]).toEqual([file.name, 24 * end]);
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
