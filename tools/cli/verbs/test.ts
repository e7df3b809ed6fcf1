/**
 * All tests: unit tests, tests against real servers, the Go tests. Closes with one line of counts.
 * A skipped test is a failure in CI: nothing is left out silently.
 */
import { mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { run } from "../../base/process.ts";
import { runInTerminal } from "../child.ts";
import type { Environment } from "../environment.ts";
import type { Call, Verb } from "../verb.ts";

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

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
    const results: Counts[] = [];
    let clean = true;
    for (const project of projects) {
      const { counts, code } = await runVitest(call, project);
      results.push(counts);
      // No file of one project may match a filter; that is not a failure.
      clean &&= code === 0 || (call.positionals.length > 0 && total(counts) === 0);
    }
    if (call.positionals.length === 0) {
      const go = await runGo(call.environment);
      results.push(go);
      clean &&= go.failed === 0;
    }
    const sum = add(results);
    const skippedInCi = call.environment.ci && sum.skipped > 0;
    if (skippedInCi) process.stdout.write(`${sum.skipped} tests were skipped, which CI refuses\n`);
    if (total(sum) === 0) process.stdout.write("no test matched\n");
    const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : "";
    process.stdout.write(`\n${sum.passed} passed, ${sum.failed} failed${skipped}\n`);
    return clean && sum.failed === 0 && sum.passed > 0 && !skippedInCi ? 0 : 1;
  },
};

async function runVitest(call: Call, project: string): Promise<{ counts: Counts; code: number }> {
  const { environment } = call;
  const report = path.join(environment.stateDir, `test-${project}.json`);
  await mkdir(environment.stateDir, { recursive: true });
  await rm(report, { force: true });
  const reporter = environment.ci ? "default" : "dot";
  const code = await runInTerminal(
    environment,
    path.join(environment.projectDir, "node_modules/.bin/vitest"),
    [
      ...["run", "--project", project, ...call.positionals],
      ...[`--reporter=${reporter}`, "--reporter=json", `--outputFile.json=${report}`],
      "--passWithNoTests",
    ],
  );
  return { counts: await readCounts(report), code };
}

async function readCounts(report: string): Promise<Counts> {
  try {
    const found = JSON.parse(await readFile(report, "utf8"));
    return {
      passed: found.numPassedTests,
      failed: found.numFailedTests,
      skipped: found.numPendingTests + found.numTodoTests,
    };
  } catch {
    // vitest ended before it could write its report; its exit code says so.
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

/** Go tests of the cluster's own programs, counted from `go test -json`. */
async function runGo(environment: Environment): Promise<Counts> {
  const result = await run("go", ["test", "-json", "./..."], {
    cwd: path.join(environment.projectDir, "tools/cluster"),
    env: { ...environment.variables, CGO_ENABLED: "0" },
  });
  const events = result.stdout.split("\n").flatMap(parseEvent);
  const count = (action: string) => events.filter((event) => event.Action === action).length;
  const counts = { passed: count("pass"), failed: count("fail"), skipped: count("skip") };
  process.stdout.write(` Go tests: ${counts.passed} passed, ${counts.failed} failed\n`);
  if (result.code === 0) return counts;
  process.stdout.write(
    `${events.map((event) => event.Output ?? "").join("")}${result.stderr}\n`.slice(-8000),
  );
  return { ...counts, failed: Math.max(1, counts.failed) };
}

interface GoEvent {
  readonly Action?: string;
  readonly Test?: string;
  readonly Output?: string;
}

/** Events of packages as a whole carry no Test; only those of tests are counted. */
function parseEvent(line: string): readonly GoEvent[] {
  if (!line.startsWith("{")) return [];
  const event: GoEvent = JSON.parse(line);
  return event.Test === undefined && event.Action !== "output" ? [] : [event];
}

function add(all: readonly Counts[]): Counts {
  const sum = (of: (counts: Counts) => number) => all.reduce((n, counts) => n + of(counts), 0);
  return {
    passed: sum((counts) => counts.passed),
    failed: sum((counts) => counts.failed),
    skipped: sum((counts) => counts.skipped),
  };
}

function total(counts: Counts): number {
  return counts.passed + counts.failed + counts.skipped;
}
