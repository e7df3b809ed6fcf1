/**
 * All tests: unit tests, then tests against real servers (the Go tests among them). Closes with one line of counts.
 * A skipped test is a failure in CI: nothing is left out silently. In a whole run one or two files that fail are run
 * once more and alone; a file that then passes is told as such, with the reason of its first failure.
 */
import { mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { createProgress } from "../../base/progress.ts";
import { ensureBinaries } from "../../cluster/binaries.ts";
import { runInTerminal } from "../child.ts";
import {
  add,
  type Counts,
  countsOf,
  type Failure,
  NONE,
  secondTry,
  total,
} from "../suite-results.ts";
import type { Call, Verb } from "../verb.ts";

export const verb: Verb = {
  name: "test",
  summary: "all tests; the ones against real servers need root",
  usage: "[FILTER ...] [--unit]",
  examples: [
    "npm test",
    "npm test -- --unit                 # only what needs no server",
    "npm test -- tools/engine/plan      # files whose path holds this text",
  ],
  options: {
    unit: { type: "boolean", help: "only tests that need nothing but Node" },
  },
  positionals: [0, 50],
  async run(call) {
    const projects = call.flags.on("unit") ? ["unit"] : ["unit", "cluster"];
    const whole = call.positionals.length === 0;
    const outcomes: Outcome[] = [];
    for (const project of projects) {
      // Minutes on a new machine, so it is said here rather than done silently inside a test.
      if (project === "cluster" && whole) await ensureBinaries({ progress: createProgress() });
      outcomes.push(await (whole ? runTwice(call, project) : runSome(call, project)));
    }
    const clean = outcomes.every((outcome) => outcome.clean);
    const firstFailures = outcomes.flatMap((outcome) => outcome.firstFailures);
    const sum = add(outcomes.map(({ counts }) => counts));
    // Said again at the very end: a long log is read from there, and often kept from there only.
    tell("failed", sum.failures);
    tell("failed at first, passed when run again alone", firstFailures);
    const skippedInCi = call.environment.ci && sum.skipped > 0;
    if (skippedInCi) process.stdout.write(`${sum.skipped} tests were skipped, which CI refuses\n`);
    if (total(sum) === 0) process.stdout.write("no test matched\n");
    const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : "";
    const chances = firstFailures.length;
    if (chances > 0) process.stdout.write(`\n${chances} of the passed only at the second try\n`);
    process.stdout.write(`\n${sum.passed} passed, ${sum.failed} failed${skipped}\n`);
    return clean && sum.failed === 0 && sum.passed > 0 && !skippedInCi ? 0 : 1;
  },
};

interface Outcome {
  readonly counts: Counts;
  readonly clean: boolean;
  /** Of files that passed when they were run again. */
  readonly firstFailures: readonly Failure[];
}

async function runSome(call: Call, project: string): Promise<Outcome> {
  const { counts, code } = await runVitest(call, project, call.positionals);
  // No file of one project may match a filter; that is not a failure.
  return { counts, clean: code === 0 || total(counts) === 0, firstFailures: [] };
}

async function runTwice(call: Call, project: string): Promise<Outcome> {
  const { counts, code } = await runVitest(call, project, []);
  const files = secondTry(counts);
  const again = files.length > 0 ? await runVitest(call, project, files) : undefined;
  if (again?.code !== 0) return { counts, clean: code === 0, firstFailures: [] };
  const passed = counts.passed + counts.failed;
  return {
    counts: { ...counts, passed, failed: 0, failures: [] },
    ...{ clean: true, firstFailures: counts.failures },
  };
}

async function runVitest(
  call: Call,
  project: string,
  filters: readonly string[],
): Promise<{ counts: Counts; code: number }> {
  const { environment } = call;
  const report = path.join(environment.stateDir, `test-${project}.json`);
  await mkdir(environment.stateDir, { recursive: true });
  await rm(report, { force: true });
  const reporter = environment.ci ? "default" : "dot";
  const code = await runInTerminal(
    environment,
    path.join(environment.projectDir, "node_modules/.bin/vitest"),
    [
      ...["run", "--project", project, ...filters],
      ...[`--reporter=${reporter}`, "--reporter=json", `--outputFile.json=${report}`],
      "--passWithNoTests",
    ],
  );
  return { counts: await readCounts(report, environment.projectDir), code };
}

async function readCounts(file: string, projectDir: string): Promise<Counts> {
  try {
    return countsOf(JSON.parse(await readFile(file, "utf8")), projectDir);
  } catch {
    // vitest ended before it could write its report; its exit code says so.
    return NONE;
  }
}

function tell(headline: string, failures: readonly Failure[]): void {
  for (const { file, test, reason } of failures) {
    const where = test === "" ? file : `${file} › ${test}`;
    process.stdout.write(`\n${headline}: ${where}\n${reason}\n`);
  }
}
