/** What vitest's JSON report says: counts, failures with their reasons, and which files may have a second try. */
import path from "node:path";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Failed tests, and files that ended before their first test. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  /** Relative to the project's folder. */
  readonly file: string;
  /** Empty for a file that ended before its first test. */
  readonly test: string;
  readonly reason: string;
}

/** What is read of vitest's JSON report. */
export interface Report {
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

export const NONE: Counts = { passed: 0, failed: 0, skipped: 0, failures: [] };

const REASON_MAX = 1_500;

export function countsOf(report: Report, projectDir: string): Counts {
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
}

function failuresOf(tested: ReportedFile, projectDir: string): Failure[] {
  const file = path.relative(projectDir, tested.name);
  const failed = tested.assertionResults.filter(({ status }) => status === "failed");
  if (failed.length === 0) {
    const reason = tested.message.slice(0, REASON_MAX);
    return tested.status === "failed" ? [{ file, test: "", reason }] : [];
  }
  return failed.map(({ fullName, failureMessages = [] }) => {
    return { file, test: fullName, reason: failureMessages.join("\n").slice(0, REASON_MAX) };
  });
}

export function add(all: readonly Counts[]): Counts {
  const sum = (of: (counts: Counts) => number) => all.reduce((n, counts) => n + of(counts), 0);
  return {
    passed: sum((counts) => counts.passed),
    failed: sum((counts) => counts.failed),
    skipped: sum((counts) => counts.skipped),
    failures: all.flatMap((counts) => counts.failures),
  };
}

export function total(counts: Counts): number {
  return counts.passed + counts.failed + counts.skipped;
}

/** More than these are no accident of a busy machine. */
const FILES_MAX = 2;

/** What could show a lost row, a broken seal or a cap that did not hold is never tried again: once is a fault. */
const FINAL = /\b(los[et]|loses|lost|kill|killed|kills|crash|crashes|tamper\w*|never|exactly)\b/i;

/**
 * Files whose failures may be the machine's, to be run once more and alone. None, if there are more than two, if any
 * failure is of a kind that is final, or if a file ended before its first test (that is never by chance).
 */
export function secondTry({ failures }: Counts): readonly string[] {
  const files = [...new Set(failures.map(({ file }) => file))];
  const final = failures.some(({ file, test }) => test === "" || FINAL.test(`${file} ${test}`));
  return final || files.length > FILES_MAX ? [] : files;
}
