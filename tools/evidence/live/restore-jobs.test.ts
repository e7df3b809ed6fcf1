/** Restore tests of AWS Backup, as its command line prints them. */
import { expect, test } from "vitest";
import { restoreProof } from "./restore-proof.ts";

const NOW = new Date("2026-11-26T00:00:00Z");
const JOB = {
  RestoreJobId: "5C2D",
  Status: "COMPLETED",
  ResourceType: "RDS",
  CreationDate: "2026-11-22T20:05:00.000000+00:00",
  CompletionDate: "2026-11-22T20:35:00.000000+00:00",
  RecoveryPointCreationDate: "2026-11-22T18:05:00.000000+00:00",
  CreatedBy: { RestoreTestingPlanArn: "arn:aws:backup:cn-north-1:1:restore-testing-plan:weekly" },
  ValidationStatus: "SUCCESSFUL",
};
const older = { ...JOB, RestoreJobId: "older", CreationDate: 1_763_000_000, Status: "FAILED" };

const shown = (...jobs: object[]) =>
  restoreProof({
    ...{ record: JSON.stringify({ RestoreJobs: jobs }), own: null, without: "", now: NOW },
  });

test("the last test that has ended counts, and what it took is told", async () => {
  const running = { ...JOB, Status: "RUNNING", CreationDate: "2026-11-25T20:05:00Z" };
  expect(await shown(running, JOB, older)).toMatchObject({
    result: "pass",
    on: "AWS Backup, RDS, 5C2D",
    findings: [],
    figures: {
      ...{ "days ago": 3, "seconds until restored": 1_800, "seconds of data lost": 7_200 },
      ...{ "tests on record": 2, "of them good": 1 },
    },
  });
});

test.each([
  ["one that failed", { Status: "FAILED", StatusMessage: "no room" }, "fail", /FAILED: no room/],
  ["one that was ended", { Status: "ABORTED" }, "fail", /ended as ABORTED/],
  ["a validation that failed", { ValidationStatus: "FAILED" }, "fail", /validation is FAILED/],
  ["a validation that nobody did", { ValidationStatus: "TIMED_OUT" }, "fail", /TIMED_OUT/],
  ["none that looked into it", { ValidationStatus: undefined }, "notEvaluated", /nobody looked/],
  ["one of long ago", { CompletionDate: "2024-01-01T00:00:00Z" }, "fail", /days old/],
  ["one of tomorrow", { CompletionDate: "2027-01-01T00:00:00Z" }, "fail", /future/],
  ["a restore that was no test", { CreatedBy: undefined }, "notEvaluated", /none is a test/],
  ["a state that there is not", { Status: "FINE" }, "fail", /Status/],
  ["no date", { CreationDate: "soon" }, "fail", /CreationDate: no date/],
] as const)("of %s", async (_, change, result, words) => {
  const proof = await shown({ ...JOB, ...change });
  expect(proof.result).toBe(result);
  expect(proof.findings.join("; ")).toMatch(words);
});

test("an empty list is no test", async () => {
  expect((await shown()).result).toBe("notEvaluated");
});
