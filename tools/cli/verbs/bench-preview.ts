/** How long the preview of each stack takes, and which part of it: the goal is 4 s on two cores. */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { median } from "../../bench/measure.ts";
import { PHASES, type PreviewTimes, timePreview } from "../../bench/preview-phases.ts";
import { stackNames } from "../session.ts";
import type { Call, Verb } from "../verb.ts";

export const verb: Verb = {
  name: "bench:preview",
  summary: "how long each stack's preview takes, in its phases",
  usage: "[STACK ...] [--rounds N] [--json]",
  examples: ["npm run bench:preview", "npm run -s bench:preview -- prod --rounds 9 --json"],
  options: {
    rounds: { type: "string", value: "N", help: "how often each is run (default 5)" },
    json: { type: "boolean", help: "print one JSON object" },
  },
  positionals: [0, 50],
  async run(call) {
    const { environment, positionals, flags } = call;
    const all = await stackNames(environment.projectDir);
    const stacks = positionals.length === 0 ? all : positionals;
    const rounds = flags.integer("rounds", 5, 1, 50);
    const results: Row[] = [];
    for (const stack of stacks) {
      const times = await rounded(call, stack, rounds);
      results.push({ stack, ...summary(times) });
    }
    const json = () =>
      `${JSON.stringify({ cores: os.availableParallelism(), results }, null, 2)}\n`;
    process.stdout.write(flags.on("json") ? json() : table(results));
    return 0;
  },
};

/** The first run fills caches of compiled modules and is not counted. */
async function rounded(call: Call, stack: string, rounds: number): Promise<PreviewTimes[]> {
  const { environment } = call;
  const stateDir = await mkdtemp(path.join(os.tmpdir(), "deepseek-bench-"));
  const main = path.join(environment.projectDir, "tools/cli/main.ts");
  const words = ["--disable-warning=ExperimentalWarning", main, "preview", stack];
  const command = {
    program: process.execPath,
    args: [...words, "--engine", "embedded"],
    cwd: environment.projectDir,
    environment: { ...environment.variables, DEEPSEEK_STATE_DIR: stateDir },
  };
  try {
    const times: PreviewTimes[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      process.stderr.write(
        `  ${stack}: ${round === 0 ? "warm-up" : `round ${round} of ${rounds}`}\n`,
      );
      const time = await timePreview(command);
      if (round > 0) times.push(time);
    }
    return times;
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

type Row = ReturnType<typeof summary> & { readonly stack: string };

function summary(times: readonly PreviewTimes[]) {
  const totals = times.map(({ totalMs }) => totalMs);
  return {
    registrations: times[0]?.registrations ?? 0,
    totalMs: median(totals),
    totalMsMin: Math.min(...totals),
    totalMsMax: Math.max(...totals),
    phases: Object.fromEntries(
      PHASES.map((phase) => [phase, median(times.map(({ phases }) => phases[phase]))]),
    ),
  };
}

function table(rows: readonly Row[]): string {
  const seconds = (ms: number | undefined) => `${((ms ?? 0) / 1_000).toFixed(2)} s`;
  const width = Math.max(5, ...rows.map(({ stack }) => stack.length));
  const head = ["stack".padEnd(width), "resources", ...PHASES, "median", "min–max"];
  const lines = rows.map(({ stack, registrations, phases, totalMs, totalMsMin, totalMsMax }) => [
    stack.padEnd(width),
    String(registrations).padStart("resources".length),
    ...PHASES.map((phase) => seconds(phases[phase]).padStart(phase.length)),
    seconds(totalMs).padStart("median".length),
    `${seconds(totalMsMin)}–${seconds(totalMsMax)}`,
  ]);
  return `${[head, ...lines].map((cells) => cells.join("  ")).join("\n")}\n`;
}
