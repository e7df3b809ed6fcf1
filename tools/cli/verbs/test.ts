/**
 * All tests: unit tests, then tests against real servers (the Go tests among them). Closes with one line of counts.
 * A skipped test is a failure in CI: nothing is left out silently.
 */
import { mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { createProgress } from "../../base/progress.ts";
import { ensureBinaries } from "../../cluster/binaries.ts";
import { runInTerminal } from "../child.ts";
import type { Call, Verb } from "../verb.ts";

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Failed tests, and files that ended before their first test. */
  readonly failures: readonly string[];
}

/** What is read of vitest's JSON report. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly ReportedFile[];
}

interface ReportedFile {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly failureMessages?: readonly string[];
  }[];
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
      // Minutes on a new machine, so it is said here rather than done silently inside a test.
      if (project === "cluster" && call.positionals.length === 0) {
        await ensureBinaries({ progress: createProgress() });
      }
      const { counts, code } = await runVitest(call, project);
      results.push(counts);
      // No file of one project may match a filter; that is not a failure.
      clean &&= code === 0 || (call.positionals.length > 0 && total(counts) === 0);
    }
    const sum = add(results);
    // Said again at the very end: a long log is read from there, and often kept from there only.
    for (const failure of sum.failures) process.stdout.write(`\nfailed: ${failure}\n`);
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
  return { counts: await readCounts(report, environment.projectDir), code };
}

async function readCounts(file: string, projectDir: string): Promise<Counts> {
  try {
    const report: Report = JSON.parse(await readFile(file, "utf8"));
    // Of a file that ended before its first test vitest counts none.
    const unloaded = report.testResults.filter(
      ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
    );
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + unloaded.length,
      skipped: report.numPendingTests + report.numTodoTests,
      failures: report.testResults.flatMap((tested) => failuresOf(tested, projectDir)),
    };
  } catch {
    // vitest ended before it could write its report; its exit code says so.
    return { passed: 0, failed: 0, skipped: 0, failures: [] };
  }
}

const REASON_MAX = 1_500;

function failuresOf(tested: ReportedFile, projectDir: string): string[] {
  const file = path.relative(projectDir, tested.name);
  const failed = tested.assertionResults.filter(({ status }) => status === "failed");
  if (failed.length === 0) {
    return tested.status === "failed" ? [`${file}\n${tested.message.slice(0, REASON_MAX)}`] : [];
  }
  return failed.map(({ fullName, failureMessages = [] }) => {
    return `${file} › ${fullName}\n${failureMessages.join("\n").slice(0, REASON_MAX)}`;
  });
}

function add(all: readonly Counts[]): Counts {
  const sum = (of: (counts: Counts) => number) => all.reduce((n, counts) => n + of(counts), 0);
  return {
    passed: sum((counts) => counts.passed),
    failed: sum((counts) => counts.failed),
    skipped: sum((counts) => counts.skipped),
    failures: all.flatMap((counts) => counts.failures),
  };
}

function total(counts: Counts): number {
  return counts.passed + counts.failed + counts.skipped;
}
