/**
 * What a preview found, as facts: what the JSON format holds and every comment is made from. It carries
 * no prose of ours, so that whoever renders it, from whatever artifact, decides what is said. Every text
 * in it may come from a pull request: it is bounded here and escaped where it is rendered.
 */
import { z } from "zod";

/** Longer texts are cut where the report is made; a report that holds more was made by something else. */
export const TEXT_MAX = 240;
/** A line of a configuration file; longer ones are cut with a mark. */
export const LINE_MAX = 400;
/** Rows, lines and the like: more than any stack has, and few enough to be read by a program. */
const LIST_MAX = 5_000;

const text = z.string().max(TEXT_MAX);
const line = z.string().max(LINE_MAX);
const list = <T extends z.ZodType>(item: T) => z.array(item).max(LIST_MAX);

const changeSchema = z.strictObject({
  path: text,
  kind: z.enum(["add", "update", "delete"]),
  /** This property is what forces the replacement. */
  replace: z.boolean(),
  old: text,
  new: text,
});

export const STEP_KINDS = ["replace", "delete", "create", "update"] as const;

const stepSchema = z.strictObject({
  kind: z.enum(STEP_KINDS),
  type: text,
  name: text,
  /** The outermost component that it belongs to, and that one's type. */
  component: text,
  componentType: text,
  protect: z.boolean(),
  /** `unknown-effect`: no table says what AWS does with a changed property. */
  basis: z.enum(["cluster", "table", "unknown-effect"]).nullable(),
  changes: list(changeSchema),
  /** Changed documents, which are told as files and not in `changes`. */
  files: z.int().min(0),
  /** Changed paths that were left out of `changes`. */
  more: z.int().min(0),
});

const fileSchema = z.strictObject({
  path: text,
  kind: z.enum(["added", "changed", "removed"]),
  /** Hunks of a unified diff, line by line, without its two header lines. */
  lines: list(line),
});

const violationSchema = z.strictObject({
  pack: text,
  policy: text,
  /** `Type name` of the resource, empty for one of the whole stack. */
  resource: text,
  level: z.enum(["advisory", "mandatory", "remediate", "disabled"]),
  message: line,
});

const policiesSchema = z.strictObject({
  packs: list(text),
  newlyFailing: list(violationSchema),
  noLongerFailing: list(violationSchema),
  stillFailing: z.int().min(0),
  /** Rules that could not judge, since a value is only known after the update: never a pass. */
  notEvaluated: list(violationSchema),
});

const exemptionSchema = z.strictObject({
  rule: text,
  resources: text,
  reason: line,
  owner: text,
  approver: text,
  ticket: text,
  expires: text,
  /** Of what both revisions have: which of its words differ. */
  changes: list(z.strictObject({ what: text, old: line, new: line })),
});

const exemptionsSchema = z.strictObject({
  newlyUsed: list(exemptionSchema),
  /** A fault needs them, and their last day is over. */
  newlyEnded: list(exemptionSchema),
  newlyUnused: list(exemptionSchema),
  changed: list(exemptionSchema),
  removed: list(exemptionSchema),
  /** How many bear a fault of the new revision. */
  borne: z.int().min(0),
});

const seconds = z.number().nonnegative().nullable();

/** The part of the stack output `plan` that a comment tells of. */
export const planSchema = z.object({
  gpus: z.number().nonnegative(),
  gpusAvailable: z.number().nonnegative().nullish(),
  models: list(
    z.object({
      name: text,
      gpus: z.number().nonnegative(),
      replicas: z.object({ least: z.number(), most: z.number() }),
      startSeconds: z.number().nonnegative(),
      servingLeast: z.number(),
    }),
  ),
  inventory: list(z.object({ name: text, kind: text, replicas: z.number().nonnegative() })),
  costItems: list(
    z.object({ name: text, quantity: z.number().nonnegative(), unit: text, region: text }),
  ),
  rtoSeconds: seconds,
  rpoSeconds: seconds,
  profile: text,
});

const OUTCOMES = ["planned", "refused", "base-failed"] as const;

export const reportSchema = z.strictObject({
  format: z.literal("deepseek-preview/1"),
  stack: z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/),
  base: z.strictObject({
    kind: z.enum(["git", "state"]),
    name: text,
    /** The commit that was planned from; empty for a state. */
    commit: z.string().regex(/^([0-9a-f]{7,64})?$/),
    /** Where the base's packages came from. */
    packages: z.enum(["same", "cached", "none"]),
  }),
  head: z.strictObject({
    commit: z.string().regex(/^([0-9a-f]{7,64})?$/),
    dirty: z.boolean(),
  }),
  outcome: z.enum(OUTCOMES),
  errors: list(line),
  /** Resources that stay as they are. */
  same: z.int().min(0),
  steps: list(stepSchema),
  files: list(fileSchema),
  policies: policiesSchema.nullable(),
  /** Null where this package's own pack did not judge; reports of before say nothing of it. */
  exemptions: exemptionsSchema.nullable().default(null),
  plan: z.strictObject({ before: planSchema.nullable(), after: planSchema.nullable() }),
});

export type Report = z.infer<typeof reportSchema>;
export type ReportStep = Report["steps"][number];
export type ReportChange = ReportStep["changes"][number];
export type ReportFile = Report["files"][number];
export type ReportViolation = z.infer<typeof violationSchema>;
export type ReportExemption = z.infer<typeof exemptionSchema>;
export type ReportPlan = z.infer<typeof planSchema>;
