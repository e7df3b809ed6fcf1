/**
 * Which panels of the stack's dashboards showed something that moves. A panel has data when it shows at
 * least two distinct values: a line that lies flat may as well be a default. Some may lie flat while all
 * is well, since what they count is trouble; those are told apart.
 */
import { boardsOf, expressionsOf } from "../../observability/dashboards/boards-of-stack.ts";
import { BOARDS } from "../../observability/dashboards/dashboards.ts";
import type { Board, Panel } from "../../observability/dashboards/panel.ts";
import type { PrometheusClient, Series } from "../prometheus/client.ts";

export interface PanelData {
  readonly board: string;
  readonly panel: string;
  /** Distinct values of all its queries over the time; 0: nothing was found. */
  readonly values: number;
  /** What it may show while all is well. */
  readonly whenWell: Panel["whenWell"];
}

const STEP_SECONDS = 15;

export async function panelData(
  prometheus: PrometheusClient,
  from: number,
  to: number,
): Promise<PanelData[]> {
  // What is scraped now: a Prometheus that was restarted shows targets that are gone for minutes yet.
  const scraped = "count by (job) (count_over_time(up[1m]))";
  const targets = await prometheus.between(scraped, to, to, STEP_SECONDS);
  const jobs = targets.map(({ metric }) => metric["job"] ?? "");
  const found: PanelData[] = [];
  // What only some stacks have, and no scrape tells of, is not asked for.
  for (const [board, panel] of panelsOf(boardsOf({ jobs, has: [] }))) {
    const series: Series[] = [];
    for (const query of queriesOf(panel)) {
      series.push(...(await prometheus.between(query, from, to, STEP_SECONDS)));
    }
    const { title, whenWell } = panel;
    found.push({ board, panel: title.en, values: distinct(series), whenWell });
  }
  return found;
}

/** Those with an expression. */
function panelsOf(boards: readonly Board[]): (readonly [board: string, panel: Panel])[] {
  return boards.flatMap(({ name, rows }) =>
    rows
      .flatMap(({ panels }) => panels)
      .filter((panel) => expressionsOf(panel).length > 0)
      .map((panel) => [name, panel] as const),
  );
}

/** With all models, as a dashboard opens. */
function queriesOf(panel: Panel): string[] {
  return expressionsOf(panel).map((expr) => expr.replaceAll("$model", ".*"));
}

function distinct(series: readonly Series[]): number {
  const values = series.flatMap(({ values }) => values.map(([, value]) => value));
  return new Set(values.filter((value) => value !== "NaN")).size;
}

/** Those that show too little although nothing excuses it. */
function withoutData(panels: readonly PanelData[]): PanelData[] {
  return panels.filter(({ values, whenWell }) =>
    whenWell === "empty" ? false : values < (whenWell === "still" ? 1 : 2),
  );
}

/** How many show something that moves, and which do not. */
export function panelLines(panels: readonly PanelData[]): string[] {
  const missing = withoutData(panels);
  const still = panels.filter((panel) => panel.values < 2 && !missing.includes(panel));
  const moving = panels.length - still.length - missing.length;
  const others = panelsOf(BOARDS).length - panels.length;
  return [
    `Panels of this stack's dashboards: ${panels.length}; ${others} more are about what it does not have.`,
    `  ${moving} show values that move, ${still.length} count trouble and lie still, ${missing.length} have no data.`,
    ...missing.map(
      ({ board, panel, values }) =>
        `✗ ${board}: ${panel} (${values === 0 ? "nothing found" : "one value"})`,
    ),
    ...still.map(({ board, panel }) => `  still ${board}: ${panel}`),
  ];
}
