/** A dashboard as Grafana's JSON, built with Grafana's own types. */
import * as cog from "@grafana/grafana-foundation-sdk/common";
import * as sdk from "@grafana/grafana-foundation-sdk/dashboard";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as text from "@grafana/grafana-foundation-sdk/text";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";
import type { DashboardFile, Language, Lines, ModelChoice, Number_, Panel, Text } from "./panel.ts";

/**
 * The variable `site` chooses among the Prometheus that Grafana knows: every site has one of its own, and
 * its samples carry no label that says which.
 */
// biome-ignore lint/suspicious/noTemplateCurlyInString: so Grafana names a variable
const SOURCE = { type: "prometheus", uid: "${site}" };
const WORDS = {
  site: { en: "Site", zh: "站点" },
  model: { en: "Model", zh: "模型" },
} as const satisfies Record<string, Text>;

/** Of Grafana's 24 columns. */
const SPANS = { lines: 12, number: 6, words: 6 } as const;
const HEIGHTS = { lines: 8, number: 4, words: 4 } as const;

export function renderBoard({ name, board, language }: DashboardFile): sdk.Dashboard {
  const builder = new sdk.DashboardBuilder(board.title[language])
    .uid(name)
    .tags(["deepseek", language])
    // The program is the truth: what is changed in the browser is gone with the next deployment.
    .readonly()
    .timezone("browser")
    .time({ from: "now-3h", to: "now" })
    .refresh("30s")
    .tooltip(sdk.DashboardCursorSync.Crosshair)
    .withVariable(
      new sdk.DatasourceVariableBuilder("site").label(WORDS.site[language]).type("prometheus"),
    );
  if (board.models !== null) builder.withVariable(modelVariable(board.models, language));
  for (const { title, panels } of board.rows) {
    builder.withRow(new sdk.RowBuilder(title[language]));
    for (const panel of panels) builder.withPanel(panelOf(panel, language));
  }
  return builder.build();
}

function modelVariable({ metric, label }: ModelChoice, language: Language) {
  return new sdk.QueryVariableBuilder("model")
    .label(WORDS.model[language])
    .datasource(SOURCE)
    .query(`label_values(${metric}, ${label})`)
    .refresh(sdk.VariableRefresh.OnTimeRangeChanged)
    .sort(sdk.VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current({ selected: true, text: "All", value: "$__all" });
}

function panelOf(panel: Panel, language: Language) {
  if (panel.kind === "lines") return linesPanel(panel, language);
  if (panel.kind === "number") return numberPanel(panel, language);
  return new text.PanelBuilder()
    .title(panel.title[language])
    .mode(text.TextMode.Markdown)
    .content(panel.text[language])
    .span(SPANS.words)
    .height(HEIGHTS.words);
}

function linesPanel(panel: Lines, language: Language) {
  const builder = new timeseries.PanelBuilder()
    .title(panel.title[language])
    .datasource(SOURCE)
    .unit(panel.unit)
    .span(SPANS.lines)
    .height(HEIGHTS.lines)
    .lineWidth(1)
    .fillOpacity(panel.stacked === true ? 30 : 5)
    .showPoints(cog.VisibilityMode.Never)
    .legend(
      new cog.VizLegendOptionsBuilder()
        .displayMode(cog.LegendDisplayMode.Table)
        .placement(cog.LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(["lastNotNull", "max"]),
    )
    .tooltip(new cog.VizTooltipOptionsBuilder().mode(cog.TooltipDisplayMode.Multi));
  // All of these count or measure something; only a difference may be below nought.
  if (!panel.queries.some(({ expr }) => expr.includes(" - "))) builder.min(0);
  if (panel.note !== undefined) builder.description(panel.note[language]);
  if (panel.stacked === true) {
    builder.stacking(new cog.StackingConfigBuilder().mode(cog.StackingMode.Normal));
  }
  if (panel.bound !== undefined) {
    builder
      .thresholds(thresholds(panel.bound, "below"))
      .thresholdsStyle(
        new cog.GraphThresholdsStyleConfigBuilder().mode(cog.GraphThresholdsStyleMode.Dashed),
      );
  }
  for (const [index, { expr, legend }] of panel.queries.entries()) {
    builder.withTarget(query(expr, index).legendFormat(legend));
  }
  return builder;
}

function numberPanel(panel: Number_, language: Language) {
  const builder = new stat.PanelBuilder()
    .title(panel.title[language])
    .datasource(SOURCE)
    .unit(panel.unit)
    .span(SPANS.number)
    .height(HEIGHTS.number)
    .graphMode(cog.BigValueGraphMode.Area)
    .reduceOptions(new cog.ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .noValue("–")
    .withTarget(query(panel.expr, 0));
  if (panel.note !== undefined) builder.description(panel.note[language]);
  if (panel.bound !== undefined) builder.thresholds(thresholds(panel.bound, panel.good ?? "below"));
  return builder;
}

function query(expr: string, index: number) {
  return new prometheus.DataqueryBuilder()
    .expr(expr)
    .refId(String.fromCharCode(65 + index))
    .datasource(SOURCE)
    .range();
}

function thresholds(bound: number, good: "above" | "below") {
  const [first, then] = good === "below" ? ["green", "red"] : ["red", "green"];
  return new sdk.ThresholdsConfigBuilder().mode(sdk.ThresholdsMode.Absolute).steps([
    // null stands for minus infinity, where the first colour begins.
    { value: null, color: first },
    { value: bound, color: then },
  ]);
}
