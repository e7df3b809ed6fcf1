/**
 * Which panels of the dashboards showed something that moves. A panel has data when it shows at least two
 * distinct values: a line that lies flat may as well be a default.
 */
import { BOARDS } from "../../observability/dashboards/dashboards.ts";
import type { Panel } from "../../observability/dashboards/panel.ts";
import type { PrometheusClient, Series } from "./place.ts";

export interface PanelData {
  readonly board: string;
  readonly panel: string;
  /** Distinct values of all its queries over the time; 0: nothing was found. */
  readonly values: number;
}

const STEP_SECONDS = 15;

export async function panelData(
  prometheus: PrometheusClient,
  from: number,
  to: number,
): Promise<PanelData[]> {
  const found: PanelData[] = [];
  for (const board of BOARDS) {
    for (const panel of board.rows.flatMap(({ panels }) => panels)) {
      const queries = expressions(panel);
      if (queries.length === 0) continue;
      const series: Series[] = [];
      for (const query of queries) {
        series.push(...(await prometheus.between(query, from, to, STEP_SECONDS)));
      }
      found.push({ board: board.name, panel: panel.title.en, values: distinct(series) });
    }
  }
  return found;
}

/** With all models, as a dashboard opens. */
function expressions(panel: Panel): string[] {
  const written =
    panel.kind === "words"
      ? []
      : panel.kind === "number"
        ? [panel.expr]
        : panel.queries.map(({ expr }) => expr);
  return written.map((expr) => expr.replaceAll("$model", ".*"));
}

function distinct(series: readonly Series[]): number {
  const values = series.flatMap(({ values }) => values.map(([, value]) => value));
  return new Set(values.filter((value) => value !== "NaN")).size;
}

/** How many show something that moves, and which do not. */
export function panelLines(panels: readonly PanelData[]): string[] {
  const still = panels.filter(({ values }) => values < 2);
  return [
    `Panels with data that move: ${panels.length - still.length} of ${panels.length}.`,
    ...still.map(
      ({ board, panel, values }) =>
        `  ${board}: ${panel} (${values === 0 ? "nothing found" : "one value"})`,
    ),
  ];
}
