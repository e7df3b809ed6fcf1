/** One panel as Grafana's JSON. Whatever is left out here has Grafana's own default, which is not always what one would want. */
import * as cog from "@grafana/grafana-foundation-sdk/common";
import * as sdk from "@grafana/grafana-foundation-sdk/dashboard";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as table from "@grafana/grafana-foundation-sdk/table";
import * as text from "@grafana/grafana-foundation-sdk/text";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";
import {
  inLanguage,
  type Language,
  type Lines,
  type OneNumber,
  type Panel,
  type Table,
  type Text,
  type Unit,
} from "./panel.ts";
import { type Tone, tonesOf } from "./tones.ts";

/**
 * The variable `site` chooses among the Prometheus that Grafana knows: every site has one of its own, and
 * its samples carry no label that says which.
 */
// biome-ignore lint/suspicious/noTemplateCurlyInString: so Grafana names a variable
export const SOURCE = { type: "prometheus", uid: "${site}" };

/** Short, since Grafana writes it in legends as well, for a line of which nothing is known. */
const EMPTY = {
  empty: { en: "None seen", zh: "未出现" },
  other: { en: "No data", zh: "无数据" },
} as const satisfies Record<string, Text>;

const COLOURS = { good: "green", doubtful: "orange", bad: "red" } as const satisfies Record<
  Tone,
  string
>;
/** Neither good nor bad. */
const NEUTRAL = "blue";
const UNKNOWN = "–";

/**
 * Where a scale ends at least: Grafana draws a line of noughts on a scale up to 100, which is 10000 % where the
 * unit is a share. What is measured is much larger than these, and what is counted as large.
 */
const LEAST_TOP: Readonly<Record<Unit, number>> = {
  ...{
    short: 1,
    none: 1,
    percent: 100,
    percentunit: 0.01,
    s: 0.001,
    d: 1,
    bytes: 1_024,
    mbytes: 1,
  },
  ...{ Bps: 1, reqps: 0.1, ops: 0.1, celsius: 1, watt: 1 },
  ...{ "suffix:MHz": 1, "suffix:d": 1, "suffix:token/s": 1, "suffix:token": 1 },
};

/** A bound is drawn as a line, which has an upper side. */
const ABOVE_BOUND = 1.1;
/** The least that is not nought. */
const SOME = 1e-6;

export function panelOf(panel: Panel, language: Language) {
  if (panel.kind === "words") {
    return new text.PanelBuilder()
      .title(panel.title[language])
      .mode(text.TextMode.Markdown)
      .content(panel.text[language]);
  }
  const builder =
    panel.kind === "lines"
      ? linesPanel(panel, language)
      : panel.kind === "number"
        ? numberPanel(panel)
        : tablePanel(panel, language);
  if (panel.note !== undefined) builder.description(panel.note[language]);
  return builder.title(panel.title[language]).datasource(SOURCE).unit(panel.unit);
}

function linesPanel(panel: Lines, language: Language) {
  const { bound, queries } = panel;
  const builder = new timeseries.PanelBuilder()
    .lineWidth(1)
    .fillOpacity(panel.stacked === true ? 30 : 5)
    // A value between two gaps has no line to either side, and would not be seen without its point.
    .showPoints(cog.VisibilityMode.Auto)
    .axisSoftMin(0)
    .axisSoftMax(bound === undefined ? LEAST_TOP[panel.unit] : bound * ABOVE_BOUND)
    .noValue(EMPTY[panel.whenWell === "empty" ? "empty" : "other"][language])
    .legend(
      new cog.VizLegendOptionsBuilder()
        .displayMode(cog.LegendDisplayMode.Table)
        .placement(cog.LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(["lastNotNull", "max"])
        // A legend shows three lines of many: those that matter.
        .sortBy("Last *")
        .sortDesc(true),
    )
    .tooltip(
      new cog.VizTooltipOptionsBuilder()
        .mode(cog.TooltipDisplayMode.Multi)
        .sort(cog.SortOrder.Descending),
    );
  if (panel.stacked === true) {
    builder.stacking(new cog.StackingConfigBuilder().mode(cog.StackingMode.Normal));
  }
  if (panel.tone !== undefined) builder.colorScheme(toneColour(panel, panel.tone));
  else colourByValue(builder, queries);
  if (bound !== undefined) {
    builder
      .thresholds(thresholds(bound, "green", "red"))
      .thresholdsStyle(
        new cog.GraphThresholdsStyleConfigBuilder().mode(cog.GraphThresholdsStyleMode.Dashed),
      );
  } else if (panel.tone !== undefined) {
    builder.thresholds(thresholds(SOME, "green", COLOURS[panel.tone]));
  }
  for (const [index, { expr, legend }] of queries.entries()) {
    builder.withTarget(query(expr, index).range().legendFormat(inLanguage(legend, language)));
  }
  return builder;
}

/** Lines of which some are good and some are not say which in their legends. */
function colourByValue(builder: timeseries.PanelBuilder, queries: Lines["queries"]): void {
  for (const [value, tone] of tonesOf(queries.map(({ legend }) => inLanguage(legend, "en")))) {
    builder.overrideByRegexp(`/(^| )${value}( |$)/`, [
      { id: "color", value: shades(tone).build() },
    ]);
  }
}

function numberPanel(panel: OneNumber) {
  const { bound, good = "below" } = panel;
  return (
    new stat.PanelBuilder()
      .graphMode(cog.BigValueGraphMode.Area)
      .colorMode(cog.BigValueColorMode.Value)
      // The last that there was would be shown hours after it ended: what is not there now is said to be unknown.
      .withTarget(query(`max(${panel.expr}) or vector(NaN)`, 0).range())
      .reduceOptions(new cog.ReduceDataOptionsBuilder().calcs(["last"]))
      .mappings([
        {
          type: sdk.MappingType.SpecialValue,
          options: {
            match: sdk.SpecialValueMatch.NullAndNan,
            result: { text: UNKNOWN, color: "text" },
          },
        },
      ])
      .noValue(UNKNOWN)
      // Without these Grafana draws whatever is above 80 in red.
      .thresholds(
        bound === undefined
          ? NO_THRESHOLDS
          : good === "below"
            ? thresholds(bound, "green", "red")
            : thresholds(bound, "red", "green"),
      )
  );
}

/** The first column is what it is sorted by. */
function tablePanel(panel: Table, language: Language) {
  const shown = panel.columns.map(([label, title]) => [label, title[language]] as const);
  const columns = [...shown, ["Value", panel.value[language]] as const];
  const builder = new table.PanelBuilder()
    .noValue(EMPTY.empty[language])
    // A label that an alert has not got is no table without lines.
    .overrideByFieldType("string", [{ id: "noValue", value: UNKNOWN }])
    .sortBy([new cog.TableSortByFieldStateBuilder().displayName(shown[0]?.[1] ?? "")])
    .withTarget(query(panel.expr, 0).instant().format(prometheus.PromQueryFormat.Table))
    .withTransformation({
      id: "organize",
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(columns.map(([name], index) => [name, index])),
        renameByName: Object.fromEntries(columns),
      },
    });
  for (const [label, title] of shown) {
    const colours = tonesOf([`{{${label}}}`]).map(([value, tone]) => [
      value,
      { color: COLOURS[tone] },
    ]);
    if (colours.length === 0) continue;
    builder.overrideByName(title, [
      { id: "custom.cellOptions", value: { type: cog.TableCellDisplayMode.ColorText } },
      {
        id: "mappings",
        value: [{ type: sdk.MappingType.ValueToText, options: Object.fromEntries(colours) }],
      },
    ]);
  }
  return builder;
}

function query(expr: string, index: number) {
  return new prometheus.DataqueryBuilder()
    .expr(expr)
    .refId(String.fromCharCode(65 + index))
    .datasource(SOURCE);
}

/**
 * Lines that are there while all is well lie at nought in green, and have another colour once they rise; those that are
 * there only when something is wrong have it from the beginning, each in a shade of its own.
 */
function toneColour({ whenWell, queries }: Lines, tone: Tone) {
  // Lines of two queries are about two things, and must be told apart.
  if (whenWell === "empty" || queries.length > 1) return shades(tone);
  return new sdk.FieldColorBuilder()
    .mode(sdk.FieldColorModeId.Thresholds)
    .seriesBy(sdk.FieldColorSeriesByMode.Max);
}

/** Of one colour, so that two lines of one tone can be told apart. */
function shades(tone: Tone) {
  return new sdk.FieldColorBuilder().mode(sdk.FieldColorModeId.Shades).fixedColor(COLOURS[tone]);
}

/** null stands for minus infinity, where the first colour begins. */
const NO_THRESHOLDS = steps([{ value: null, color: NEUTRAL }]);

function thresholds(bound: number, below: string, above: string) {
  return steps([
    { value: null, color: below },
    { value: bound, color: above },
  ]);
}

function steps(all: sdk.Threshold[]) {
  return new sdk.ThresholdsConfigBuilder().mode(sdk.ThresholdsMode.Absolute).steps(all);
}
