/**
 * Shows an operation while it runs. On a terminal a region at the bottom is redrawn in place and
 * replaced by the whole tree at the end; elsewhere lines are written as things happen. All that
 * decides what is shown is in tree.ts, plain.ts and sections.ts; this is the thin edge.
 */
import type { EngineEvent } from "../events.ts";
import { applyEvent, createModel, isChange, type Model, type Phase } from "./model.ts";
import { endLines, eventLines, waitingLines } from "./plain.ts";
import { renderSections } from "./sections.ts";
import { type Line, lineWidth, paintLine, span } from "./style.ts";
import { renderTree, seconds } from "./tree.ts";

/** What the display needs of a stream; process.stdout is one. */
export interface DisplayStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export interface DisplayOptions {
  readonly stream: DisplayStream;
  /** False where NO_COLOR is set or the stream is no terminal. */
  readonly color: boolean;
  readonly now?: () => number;
}

export interface Display {
  /** Starts over: first "preview", then "update", say. Ends the previous phase. */
  begin(phase: Phase): void;
  event(event: EngineEvent): void;
  /** Shows the end of the phase; also after a failure. Calling it twice does nothing. */
  end(): void;
  /** What was told so far: policies and outputs for `--json`. */
  model(): Model;
}

const LIVE_INTERVAL_MS = 100;
/** As tools/base/progress.ts: a log is not flooded, and silence is never longer than this. */
const PLAIN_INTERVAL_MS = 10_000;
const DEFAULT_COLUMNS = 100;
const DEFAULT_ROWS = 24;

export function createDisplay(options: DisplayOptions): Display {
  const now = options.now ?? (() => performance.now());
  return options.stream.isTTY === true ? liveDisplay(options, now) : plainDisplay(options, now);
}

/** For `--json`: collects, prints nothing. */
export function silentDisplay(): Display {
  let model = createModel("preview", 0);
  return {
    begin: (phase) => {
      model = createModel(phase, performance.now());
    },
    event: (event) => applyEvent(model, event, performance.now()),
    end: () => {},
    model: () => model,
  };
}

function plainDisplay({ stream, color }: DisplayOptions, now: () => number): Display {
  let model = createModel("preview", now());
  let timer: NodeJS.Timeout | undefined;
  const write = (lines: readonly Line[]) => {
    for (const line of lines) {
      stream.write(`${paintLine(line, { color, columns: Number.POSITIVE_INFINITY })}\n`);
    }
  };
  const end = () => {
    if (timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
    write(endLines(model, now()));
  };
  return {
    begin: (phase) => {
      end();
      model = createModel(phase, now());
      timer = setInterval(() => write(waitingLines(model, now())), PLAIN_INTERVAL_MS);
      // A display never keeps a program alive.
      timer.unref();
    },
    event: (event) => {
      applyEvent(model, event, now());
      write(eventLines(model, event));
    },
    end,
    model: () => model,
  };
}

function liveDisplay({ stream, color }: DisplayOptions, now: () => number): Display {
  let model = createModel("preview", now());
  let timer: NodeJS.Timeout | undefined;
  /** The widths of the lines of the last drawing. */
  let drawn: number[] = [];
  const columns = () => stream.columns ?? DEFAULT_COLUMNS;
  const draw = (lines: readonly Line[]) => {
    // One column stays free: a full line would make some terminals wrap.
    const width = columns() - 1;
    // A terminal that was made narrower has wrapped what was drawn before.
    const height = drawn.reduce((sum, cells) => sum + Math.max(1, Math.ceil(cells / columns())), 0);
    const back = height > 0 ? `\x1b[${height}A` : "";
    const paint = { color, columns: width };
    const text = lines.map((line) => `\x1b[2K${paintLine(line, paint)}\n`).join("");
    stream.write(`${back}\r${text}\x1b[J`);
    drawn = lines.map((line) => Math.min(width, lineWidth(line)));
  };
  const end = () => {
    if (timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
    const wide = { columns: columns(), now: now() };
    draw(renderTree(model, { ...wide, only: "changes" }));
    drawn = [];
    // What a person copies (an address, a path) is never cut; the terminal may wrap it.
    const whole = { color, columns: Number.POSITIVE_INFINITY };
    for (const line of renderSections(model, wide)) stream.write(`${paintLine(line, whole)}\n`);
  };
  return {
    begin: (phase) => {
      end();
      const planned = plannedSteps(model);
      model = createModel(phase, now());
      drawn = [];
      const rows = () => (stream.rows ?? DEFAULT_ROWS) - 2;
      timer = setInterval(
        () => draw(liveLines(model, { columns: columns(), rows: rows(), now: now(), planned })),
        LIVE_INTERVAL_MS,
      );
      timer.unref();
    },
    event: (event) => applyEvent(model, event, now()),
    end,
    model: () => model,
  };
}

/** The tree if it fits, else what runs and what failed, else as much of that as fits. */
export function liveLines(
  model: Model,
  screen: {
    readonly columns: number;
    readonly rows: number;
    readonly now: number;
    /** How many steps the preview before this announced; undefined: there was none. */
    readonly planned?: number | undefined;
  },
): Line[] {
  const { columns, rows, now } = screen;
  const room = Math.max(1, rows - 1);
  // A tree has at least one line for each change: a large one need not be drawn to be too long.
  const changes = [...model.rows.values()].filter(isChange).length;
  let tree = changes > room ? [] : renderTree(model, { columns, now, only: "changes" });
  if (changes > room || tree.length > room)
    tree = renderTree(model, { columns, now, only: "active" });
  if (tree.length > room) {
    const rest = tree.length - (room - 1);
    tree = [...tree.slice(0, room - 1), [span(`… and ${rest} more lines`, "dim")]];
  }
  return [...tree, progressLine(model, now, screen.planned)];
}

function plannedSteps(model: Model): number | undefined {
  if (model.phase !== "preview" || model.summary === undefined) return undefined;
  const { create, update, replace, delete: remove } = model.summary.counts;
  return create + update + replace + remove;
}

function progressLine(model: Model, now: number, planned: number | undefined): Line {
  const all = [...model.rows.values()];
  const running = all.filter((row) => row.state === "running").length;
  const changed = all.filter((row) => row.state === "done" && isChange(row)).length;
  const same = all.filter((row) => row.state === "done" && !isChange(row)).length;
  const word = model.phase === "preview" ? "planned" : "done";
  const of = planned === undefined ? "" : ` of ${planned}`;
  const text = `${seconds(now - model.startedAt)} · ${changed}${of} ${word}, ${running} running, ${same} unchanged`;
  return [span(text, "dim")];
}
