/**
 * A preview in its phases: what the command line does before the program starts, the program's start
 * and its imports, its registrations, and what is left until the command ends.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type Command, measure } from "./measure.ts";

export const PHASES = ["command", "program start", "imports", "registrations", "display"] as const;
export type Phase = (typeof PHASES)[number];

export interface PreviewTimes {
  /** Milliseconds. */
  readonly phases: Readonly<Record<Phase, number>>;
  readonly totalMs: number;
  readonly registrations: number;
}

/** What preview-clock.cjs writes of one process; times are of the same clock. */
export interface Marks {
  readonly program: string;
  readonly started: number;
  readonly ended: number;
  readonly entry?: number;
  readonly first?: number;
  readonly last?: number;
  readonly registrations?: number;
}

const CLOCK = path.join(import.meta.dirname, "preview-clock.cjs");

export async function timePreview(command: Command): Promise<PreviewTimes> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "deepseek-bench-"));
  const file = path.join(folder, "marks");
  const environment = {
    ...command.environment,
    BENCH_CLOCK: file,
    NODE_OPTIONS: `--require ${CLOCK}`,
  };
  try {
    const { seconds } = await measure({ ...command, environment });
    const lines = (await readFile(file, "utf8")).trim().split("\n");
    const marks = lines.map((line) => JSON.parse(line) as Marks);
    return { ...phasesOf(marks), totalMs: seconds * 1_000 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of the processes' marks: the command's own and the program's. */
export function phasesOf(marks: readonly Marks[]): Omit<PreviewTimes, "totalMs"> {
  const program = marks.find(({ entry }) => entry !== undefined);
  const command = marks.find(({ program: file }) => file.endsWith("tools/cli/main.ts"));
  const { started, entry, first, last, registrations } = program ?? {};
  if (
    command === undefined ||
    started === undefined ||
    entry === undefined ||
    first === undefined ||
    last === undefined
  ) {
    throw new Error("the preview did not come as far as its first registration");
  }
  return {
    phases: {
      command: started - command.started,
      "program start": entry - started,
      imports: first - entry,
      registrations: last - first,
      display: command.ended - last,
    },
    registrations: registrations ?? 0,
  };
}
