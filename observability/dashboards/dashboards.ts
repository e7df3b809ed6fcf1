/** All dashboards, in the order in which a person reads them, and as what Grafana reads. */
import { compliance } from "./compliance.ts";
import { edge } from "./edge.ts";
import { gateway } from "./gateway.ts";
import { gpu } from "./gpu.ts";
import { overview } from "./overview.ts";
import type { Board, DashboardFile, Language } from "./panel.ts";
import { recovery } from "./recovery.ts";
import { serving } from "./serving.ts";
import { stores } from "./stores.ts";
import { usage } from "./usage.ts";

export const BOARDS: readonly Board[] = [
  overview,
  serving,
  gpu,
  gateway,
  usage,
  edge,
  stores,
  compliance,
  recovery,
];

/** The first language has the addresses that alerts name. */
export function dashboardFiles(
  languages: readonly Language[],
  boards: readonly Board[],
): DashboardFile[] {
  return languages.flatMap((language, position) =>
    boards.map((board) => {
      const name = position === 0 ? board.name : `${board.name}-${language}`;
      return { name, board, language };
    }),
  );
}

/** Grafana's types take half a second to load, so that only who renders waits for them. */
export async function renderDashboard(file: DashboardFile): Promise<string> {
  const { renderBoard } = await import("./render-board.ts");
  return JSON.stringify(renderBoard(file));
}
