/**
 * Proof of a restore test of AWS Backup, from what `aws backup list-restore-jobs` printed: jobs that a restore
 * testing plan has begun, of which the last one that ended counts. Nobody asks the account from here.
 * https://docs.aws.amazon.com/aws-backup/latest/devguide/API_RestoreJobsListMember.html
 */
import { z } from "zod";

/** The CLI's second version writes ISO 8601, the first one seconds since 1970. */
const moment = z
  .union([z.number().transform((seconds) => seconds * 1_000), z.string().transform(Date.parse)])
  .refine((ms) => Number.isFinite(ms), "no date");

const jobSchema = z.object({
  RestoreJobId: z.string().min(1),
  Status: z.enum(["PENDING", "RUNNING", "COMPLETED", "ABORTED", "FAILED"]),
  StatusMessage: z.string().optional(),
  ResourceType: z.string().optional(),
  CreationDate: moment,
  CompletionDate: moment.optional(),
  RecoveryPointCreationDate: moment.optional(),
  CreatedBy: z.object({ RestoreTestingPlanArn: z.string().optional() }).optional(),
  ValidationStatus: z.string().optional(),
  ValidationStatusMessage: z.string().optional(),
});
type Job = z.infer<typeof jobSchema>;

export const restoreJobsSchema = z.object({ RestoreJobs: z.array(jobSchema) });

interface JudgedJobs {
  readonly on: string;
  readonly result: "pass" | "fail" | "notEvaluated";
  readonly figures: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
}

const DAY_MS = 86_400_000;

export function judgeJobs(all: readonly Job[], now: Date, daysMax: number): JudgedJobs {
  const tests = all
    .filter(({ CreatedBy }) => CreatedBy?.RestoreTestingPlanArn !== undefined)
    .sort((a, b) => a.CreationDate - b.CreationDate);
  const ended = tests.filter(({ Status }) => !["PENDING", "RUNNING"].includes(Status));
  const last = ended.at(-1);
  if (last === undefined) {
    const findings = [`of ${all.length} restore jobs none is a test that has ended`];
    return { on: "AWS Backup", result: "notEvaluated", figures: {}, findings };
  }
  const findings = faultsOf(last, now, daysMax);
  // Restored is one thing, and that the data is in it another, which the plan asks somebody to look at.
  const looked = (last.ValidationStatus ?? "") !== "";
  const unseen = looked ? [] : ["it was restored, and nobody looked into it (no ValidationStatus)"];
  return {
    on: `AWS Backup, ${last.ResourceType ?? "a resource"}, ${last.RestoreJobId}`,
    result: findings.length > 0 ? "fail" : looked ? "pass" : "notEvaluated",
    figures: figuresOf(last, ended, now),
    findings: [...findings, ...unseen],
  };
}

function faultsOf(job: Job, now: Date, daysMax: number): string[] {
  const { Status, StatusMessage, ValidationStatus, ValidationStatusMessage } = job;
  const age = daysSince(job, now);
  const validated = ["", "SUCCESSFUL"].includes(ValidationStatus ?? "");
  return [
    ...(Status === "COMPLETED" ? [] : [`it ended as ${said(Status, StatusMessage)}`]),
    ...(validated
      ? []
      : [`its validation is ${said(String(ValidationStatus), ValidationStatusMessage)}`]),
    ...(age < 0 ? ["it ends in the future"] : []),
    ...(age > daysMax ? [`it is ${age} days old; a restore is tried every year`] : []),
  ];
}

function figuresOf(last: Job, ended: readonly Job[], now: Date): Record<string, number> {
  const { CreationDate: begun, CompletionDate: end, RecoveryPointCreationDate: copied } = last;
  const good = ended.filter(({ Status, ValidationStatus }) => {
    return Status === "COMPLETED" && ValidationStatus === "SUCCESSFUL";
  });
  return {
    "days ago": daysSince(last, now),
    ...(end === undefined ? {} : { "seconds until restored": Math.round((end - begun) / 1_000) }),
    ...(copied === undefined
      ? {}
      : { "seconds of data lost": Math.max(0, Math.round((begun - copied) / 1_000)) }),
    "tests on record": ended.length,
    "of them good": good.length,
  };
}

function daysSince({ CreationDate, CompletionDate }: Job, now: Date): number {
  return Math.floor((now.getTime() - (CompletionDate ?? CreationDate)) / DAY_MS);
}

function said(word: string, more: string | undefined): string {
  return more === undefined || more === "" ? word : `${word}: ${more}`;
}
