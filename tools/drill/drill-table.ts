/** What a drill showed, for people. Pure. */
import type { DrillFigures, FaultFigures, WaveFigures } from "./drill.ts";
import { panelLines } from "./panels.ts";
import { KINDS } from "./sink-objects.ts";

export function drillTable({ waves, panels }: DrillFigures): string {
  const lines = [...tableLines(waves), "", ...panelLines(panels)];
  return `${lines.join("\n")}\n`;
}

/** The faults of some waves, and what else was told meanwhile. */
export function tableLines(waves: readonly WaveFigures[]): string[] {
  const rows = waves.flatMap(({ faults }) => faults.map(row));
  const head = ["fault", "alert", "severity", "cause → delivered", "channels", "mended → resolved"];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const also = waves
    .filter((wave) => wave.also.length > 0)
    .map((wave) => `  ${wave.wave}: also told: ${wave.also.join(", ")}`);
  return [line(head), ...rows.map(line), "", ...also];
}

function row(figures: FaultFigures): string[] {
  const { fault, alert, severity, channels, prometheusDied } = figures;
  const seconds = (value: number | null) => (value === null ? "–" : `${value} s`);
  return [
    prometheusDied ? `${fault} (Prometheus is killed meanwhile)` : fault,
    ...[alert ?? "✗ nobody was told", severity ?? "–", seconds(figures.secondsToDelivery)],
    `${channels.length} of ${KINDS.length}`,
    seconds(figures.secondsToResolved),
  ];
}
