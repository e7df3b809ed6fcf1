/**
 * The engine's speed: preview, first and second up of a program of 500 resources, beside the same
 * program alone under Pulumi's mocks, in the same run and interleaved.
 */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type Command, type Measurement, measure, median } from "../../bench/measure.ts";
import type { Environment } from "../environment.ts";
import type { Verb } from "../verb.ts";

const CASES = ["program under mocks", "preview", "first up", "second up"] as const;
type Case = (typeof CASES)[number];

export const verb: Verb = {
  name: "bench",
  summary: "the engine's speed, beside the program alone",
  usage: "[--rounds N] [--json]",
  examples: ["npm run bench", "npm run -s bench -- --rounds 9 --json"],
  options: {
    rounds: { type: "string", value: "N", help: "how often each is run (default 5)" },
    json: { type: "boolean", help: "print one JSON object" },
  },
  positionals: [0, 0],
  async run({ environment, flags }) {
    const rounds = flags.integer("rounds", 5, 1, 50);
    const results = new Map<Case, Measurement[]>(CASES.map((name) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      process.stderr.write(`  round ${round + 1} of ${rounds}\n`);
      await runRound(environment, results);
    }
    process.stdout.write(flags.on("json") ? json(results) : table(results));
    return 0;
  },
};

async function runRound(environment: Environment, results: Map<Case, Measurement[]>) {
  const stateDir = await mkdtemp(path.join(os.tmpdir(), "deepseek-bench-"));
  try {
    const fixture = path.join(environment.projectDir, "tools/bench/fixtures/five-hundred");
    const command = (...args: readonly string[]): Command => ({
      program: process.execPath,
      args: ["--disable-warning=ExperimentalWarning", ...args],
      cwd: fixture,
      environment: { ...environment.variables, DEEPSEEK_STATE_DIR: stateDir },
    });
    const main = path.join(environment.projectDir, "tools/cli/main.ts");
    const verbs = ["--engine", "embedded", "--cwd", fixture];
    const up = command(main, "up", "bench", "--yes", ...verbs);
    const commands: Readonly<Record<Case, Command>> = {
      "program under mocks": command(path.join(fixture, "mocked.ts")),
      preview: command(main, "preview", "bench", ...verbs),
      "first up": up,
      "second up": up,
    };
    for (const name of CASES) results.get(name)?.push(await measure(commands[name]));
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

function rows(results: ReadonlyMap<Case, readonly Measurement[]>) {
  const baseline = median((results.get("program under mocks") ?? []).map((m) => m.seconds));
  return CASES.map((name) => {
    const measurements = results.get(name) ?? [];
    const seconds = measurements.map((measurement) => measurement.seconds);
    return {
      name,
      secondsMin: Math.min(...seconds),
      secondsMedian: median(seconds),
      secondsMax: Math.max(...seconds),
      residentMib: median(measurements.map((measurement) => measurement.residentMib)),
      ratio: median(seconds) / baseline,
    };
  });
}

function table(results: ReadonlyMap<Case, readonly Measurement[]>): string {
  const lines = rows(results).map((row) =>
    [
      row.name.padEnd(22),
      `${row.secondsMedian.toFixed(2)} s`.padStart(9),
      `${row.secondsMin.toFixed(2)}–${row.secondsMax.toFixed(2)}`.padStart(12),
      `${row.residentMib.toFixed(0)} MiB`.padStart(9),
      `× ${row.ratio.toFixed(2)}`.padStart(8),
    ].join("  "),
  );
  const head = `${"500 resources".padEnd(22)}  ${"median".padStart(9)}  ${"min–max".padStart(12)}  ${"peak".padStart(9)}  ${"to mocks".padStart(8)}`;
  return `${[head, ...lines].join("\n")}\n`;
}

function json(results: ReadonlyMap<Case, readonly Measurement[]>): string {
  return `${JSON.stringify({ resources: 500, cases: rows(results) }, null, 2)}\n`;
}
