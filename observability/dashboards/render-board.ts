/** A dashboard as Grafana's JSON, built with Grafana's own types. */
import * as sdk from "@grafana/grafana-foundation-sdk/dashboard";
import { placesOf } from "./layout.ts";
import type { DashboardFile, Language, ModelChoice, Text } from "./panel.ts";
import { panelOf, SOURCE } from "./render-panel.ts";

const WORDS = {
  site: { en: "Site", zh: "站点" },
  model: { en: "Model", zh: "模型" },
  all: { en: "All", zh: "全部" },
  others: { en: "Other dashboards", zh: "其他仪表盘" },
} as const satisfies Record<string, Text>;

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
    .link(otherBoards(language))
    .withVariable(
      new sdk.DatasourceVariableBuilder("site").label(WORDS.site[language]).type("prometheus"),
    );
  if (board.models !== null) builder.withVariable(modelVariable(board.models, language));
  for (const { title, panels } of board.rows) {
    builder.withRow(new sdk.RowBuilder(title[language]));
    const places = placesOf(panels);
    for (const [index, panel] of panels.entries()) {
      const { span, height } = places[index] ?? { span: 24, height: 8 };
      builder.withPanel(panelOf(panel, language).span(span).height(height));
    }
  }
  return builder.build();
}

/** Those of this language, with the same site and the same time. */
function otherBoards(language: Language) {
  const { placement: _menu, ...link } = new sdk.DashboardLinkBuilder(WORDS.others[language])
    .type(sdk.DashboardLinkType.Dashboards)
    .tags(["deepseek", language])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true)
    .build();
  // Grafana's types would place it in a menu, where nobody looks at night; without a place it stands above the panels.
  return { build: () => link };
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
    .current({ selected: true, text: WORDS.all[language], value: "$__all" });
}
