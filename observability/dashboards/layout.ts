/**
 * Where the panels of a row stand: Grafana has 24 columns, and a row that leaves some of them empty looks as if a
 * panel had failed to load. Which panels there are depends on the stack, so that nobody can lay them out by hand. Pure.
 */
import type { Panel } from "./panel.ts";

export interface Place {
  readonly span: number;
  readonly height: number;
}

const COLUMNS = 24;
const HEIGHTS = { lines: 8, number: 4, table: 8, words: 3 } as const satisfies Record<
  Panel["kind"],
  number
>;
/** How many stand side by side; the title of a number has room in a sixth of a narrow window. */
const BESIDE = { lines: 2, number: 6, table: 1, words: 1 } as const satisfies Record<
  Panel["kind"],
  number
>;

export function placesOf(panels: readonly Panel[]): Place[] {
  return runsOf(panels).flatMap((run) => {
    const [{ kind }] = run;
    return spansOf(run.length, BESIDE[kind]).map((span) => ({ span, height: HEIGHTS[kind] }));
  });
}

type Run = [Panel, ...Panel[]];

/** Panels of one kind that follow each other. */
function runsOf(panels: readonly Panel[]): Run[] {
  const runs: Run[] = [];
  for (const panel of panels) {
    const last = runs.at(-1);
    if (last?.[0].kind === panel.kind) last.push(panel);
    else runs.push([panel]);
  }
  return runs;
}

/** As few lines as hold them, each of them full; the last ones are the wider. */
function spansOf(count: number, most: number): number[] {
  const spans: number[] = [];
  for (let lines = Math.ceil(count / most); lines > 0; lines--) {
    const here = Math.ceil((count - spans.length) / lines);
    const span = Math.floor(COLUMNS / here);
    for (let one = 1; one < here; one++) spans.push(span);
    spans.push(COLUMNS - span * (here - 1));
  }
  return spans;
}
