/**
 * Long runs, outside of what each change must pass: mixed load with a flat heap, then the fuzz
 * tests and schemathesis with more of everything, from another seed; or, on a deployed stack, half an
 * hour of ordinary load in which no alert may fire. Loopback only.
 */
import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createProgress } from "../../base/progress.ts";
import { type SoakFigures, soak } from "../../bench/soak/soak.ts";
import { chart } from "../../bench/soak/trend.ts";
import { calm } from "../../drill/calm.ts";
import { calmTable } from "../../drill/calm-table.ts";
import { runInTerminal } from "../child.ts";
import { drillPlace } from "../drill-place.ts";
import { openSession, STACK_OPTIONS } from "../session.ts";
import type { Call, Verb } from "../verb.ts";

const CHART_COLUMNS = 60;
/** How many times the usual runs of each property, and examples of each operation. */
const FUZZ_FACTOR = 10;
const EXAMPLES = 200;

export const verb: Verb = {
  name: "soak",
  summary: "long runs: a flat heap under mixed load, more fuzz; on a stack: no false alarm",
  usage: "[stack] [--minutes N] [--load-only | --fuzz-only] [--seed N] [--json]",
  examples: [
    "npm run soak                          # 10 minutes of load, then fuzz",
    "npm run soak -- --minutes 30 --load-only",
    "npm run soak -- --fuzz-only --seed 12345",
    "npm run soak -- local                 # 30 minutes of ordinary load: no alert may fire",
  ],
  options: {
    ...STACK_OPTIONS,
    kubeconfig: { type: "string", value: "FILE", help: "the stack's cluster (default: our own)" },
    minutes: { type: "string", value: "N", help: "of load (default 10; on a stack 30)" },
    "load-only": { type: "boolean", help: "no fuzz" },
    "fuzz-only": { type: "boolean", help: "no load" },
    seed: { type: "string", value: "N", help: "of the fuzz (default: drawn, and printed)" },
    json: { type: "boolean", help: "print the load's figures as one JSON object" },
  },
  positionals: [0, 1],
  async run(call) {
    if (call.positionals.length > 0) return onStack(call);
    const load = call.flags.on("fuzz-only") ? 0 : await underLoad(call);
    const fuzz = call.flags.on("load-only") || call.signal.aborted ? 0 : await fuzzed(call);
    return load === 0 && fuzz === 0 ? 0 : 1;
  },
};

async function onStack(call: Call): Promise<number> {
  const { flags, signal } = call;
  const place = await drillPlace(await openSession(call));
  const minutes = flags.integer("minutes", 30, 5, 240);
  const figures = await calm({ place, minutes, progress: createProgress(), signal });
  const json = { ...figures, tally: Object.fromEntries(figures.tally) };
  process.stdout.write(
    flags.on("json") ? `${JSON.stringify(json, null, 2)}\n` : calmTable(figures),
  );
  return figures.alarms.length + figures.failed.length === 0 ? 0 : 1;
}

async function underLoad({ environment, flags, signal }: Call): Promise<number> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "deepseek-soak-"));
  try {
    const figures = await soak({
      projectDir: environment.projectDir,
      folder,
      minutes: flags.integer("minutes", 10, 1, 240),
      progress: createProgress(),
      signal,
    });
    const tally = Object.fromEntries(figures.tally);
    const json = () => `${JSON.stringify({ ...figures, tally }, null, 2)}\n`;
    process.stdout.write(flags.on("json") ? json() : table(figures));
    return figures.faults.length === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function table({ watched, tally, calls, faults }: SoakFigures): string {
  const lines = watched.flatMap(({ name, unit, values, growthPerMinute, growthPerMinuteMax }) => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const range = `${least.toFixed(1)} to ${most.toFixed(1)} ${unit}`.trim();
    const growth = `${growthPerMinute.toFixed(3)} a minute (at most ${growthPerMinuteMax})`;
    return [
      `${name.padEnd(22)} ${range}, growing by ${growth}`,
      `  ${chart(values, CHART_COLUMNS)}`,
    ];
  });
  const ends = [...tally].sort().map(([end, count]) => `  ${String(count).padStart(8)}  ${end}`);
  const verdict = faults.length === 0 ? ["nothing grows"] : faults.map((fault) => `✗ ${fault}`);
  return `${[...lines, "", `${calls} calls:`, ...ends, "", ...verdict].join("\n")}\n`;
}

/** The same tests that each change must pass, with more runs from a seed that is printed. */
async function fuzzed({ environment, flags }: Call): Promise<number> {
  const seed = flags.integer("seed", randomInt(2 ** 31), 0, 2 ** 31);
  process.stderr.write(`fuzz with seed ${seed}\n`);
  const vitest = path.join(environment.projectDir, "node_modules/.bin/vitest");
  const more = {
    SOAK_SEED: String(seed),
    SOAK_FACTOR: String(FUZZ_FACTOR),
    SOAK_EXAMPLES: String(EXAMPLES),
  };
  let code = 0;
  for (const [project, file] of [
    ["unit", "gateway-image/test/fuzz-"],
    ["cluster", "gateway-image/test/schemathesis"],
  ] as const) {
    const words = ["run", "--project", project, file, "--testTimeout=3600000"];
    code = Math.max(code, await runInTerminal(environment, vitest, words, more));
  }
  return code;
}
