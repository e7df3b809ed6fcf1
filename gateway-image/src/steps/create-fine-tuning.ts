/**
 * POST /v1/fine_tuning/jobs: a model, and the names of data sets that administrators have put where
 * the training program finds them; records never travel through the API. What cannot be recorded in
 * the audit trail does not stay.
 */
import { createHash, randomBytes, randomInt } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { beforeEnd, type RequestContext, type Step } from "../context.ts";
import { isOfSite } from "../documents.ts";
import { GatewayError } from "../errors.ts";
import { type FineTuning, ID_PREFIX, type Method } from "../fine-tuning/fine-tuning.ts";
import type { JobStore } from "../jobs/job-store.ts";
import { limits } from "../limits.ts";
import { answerJson } from "./answer-json.ts";
import { type PermitParts, permittedModels } from "./authorise.ts";
import { idempotencyKeyOf } from "./idempotency-key.ts";
import { parseJsonBody, toInvalidRequest } from "./parse-call.ts";
import { fineTuningObject } from "./show-fine-tuning.ts";
import { storeAnswers } from "./show-job.ts";

/** No slash: a name, not a way to some other file. */
const dataSet = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/)
  .describe("A data set of the site: letters, digits and . _ -, at most 128 characters.");
const orAuto = (number: z.ZodNumber) => z.union([z.literal("auto"), number]).optional();
const hyperparameters = {
  n_epochs: orAuto(z.number().int().min(1).max(100)),
  batch_size: orAuto(z.number().int().min(1).max(1_024)),
  learning_rate_multiplier: orAuto(z.number().min(0.000_001).max(100)),
};
const supervised = z.strictObject(hyperparameters);
const dpo = z.strictObject({
  ...hyperparameters,
  beta: orAuto(z.number().min(0.000_001).max(100)),
});
/** As JSON Schema counts: characters, not the halves of some. */
const shortText = (max: number, min = 0) =>
  z
    .string()
    .refine((text) => [...text].length >= min && [...text].length <= max, {
      message: `must have ${min} to ${max} characters`,
    })
    .meta({ minLength: min, maxLength: max });

export const fineTuningSchema = z.strictObject({
  model: z.string().min(1).max(128),
  training_file: dataSet,
  validation_file: dataSet.nullish(),
  suffix: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/)
    .nullish(),
  seed: z.number().int().min(0).max(2_147_483_647).nullish(),
  hyperparameters: supervised.optional().describe("Those of the method `supervised`, as before."),
  method: z
    .discriminatedUnion("type", [
      z.strictObject({
        type: z.literal("supervised"),
        supervised: z.strictObject({ hyperparameters: supervised.optional() }).optional(),
      }),
      z.strictObject({
        type: z.literal("dpo"),
        dpo: z.strictObject({ hyperparameters: dpo.optional() }).optional(),
      }),
    ])
    .optional(),
  metadata: z
    .record(shortText(64, 1), shortText(512))
    .refine((entries) => Object.keys(entries).length <= 16, { message: "16 entries at most" })
    .meta({ maxProperties: 16 })
    .nullish(),
  integrations: z.array(z.never()).max(0).nullish().describe("None: they lead out of the site."),
});

type Wanted = z.output<typeof fineTuningSchema>;

export interface CreateFineTuningParts extends PermitParts {
  readonly store: JobStore<FineTuning>;
  readonly clock: Clock;
  /** There is something that computes them. */
  readonly isOn: boolean;
  readonly openPerPrincipal: number;
  readonly openPerTenant: number;
  /** Something is to be done. */
  readonly wake: () => void;
}

/** Who may have which model trained. */
export function parseFineTuning(parts: CreateFineTuningParts): Step {
  return async function parseFineTuning(context, next) {
    const { training_file: file, model: name } = wantedOf(context);
    context.auditFacts = { training_file: file, model: name };
    const model = permittedModels(parts, context).get(name);
    context.model = model;
    if (!model.fineTuning || !isOfSite(model)) {
      const message = "model: it does not allow fine-tuning.";
      throw new GatewayError("invalid_request", { message, param: "model" });
    }
    await next();
  };
}

export function createFineTuning(parts: CreateFineTuningParts): Step {
  return async function createFineTuning(context, next) {
    const { store, clock, isOn } = parts;
    const { caller } = context;
    if (caller === null) throw new Error("createFineTuning comes too early");
    if (!isOn) throw new GatewayError("fine_tuning_off");
    const job = newJob(context, wantedOf(context), clock.wallMs());
    context.subject = job.id;
    const rooms = [
      { principal: caller.principal, max: parts.openPerPrincipal },
      { tenant: caller.tenant.id, max: parts.openPerTenant },
    ];
    const told = await storeAnswers(store.insert(job, rooms));
    if (told === "full") throw new GatewayError("too_many_jobs");
    const kept = told === "made" ? job : await storeAnswers(store.get(job.id));
    if (kept?.detail.requestHash !== job.detail.requestHash) {
      throw new GatewayError("idempotency_mismatch");
    }
    if (told === "made") await recorded(context, () => store.cancel(job.id, clock.wallMs()));
    parts.wake();
    await answerJson(context, 200, fineTuningObject(kept));
    await next();
  };
}

/** Nobody would know who began it. */
async function recorded(context: RequestContext, undo: () => Promise<unknown>): Promise<void> {
  try {
    context.response.statusCode = 200;
    await beforeEnd(context);
  } catch (error) {
    await undo().catch(() => {});
    throw error;
  }
}

function wantedOf({ body }: RequestContext): Wanted {
  const result = fineTuningSchema.safeParse(parseJsonBody(body));
  if (!result.success) throw toInvalidRequest(result.error);
  const { method, hyperparameters: former } = result.data;
  if (method !== undefined && former !== undefined) {
    const message = "hyperparameters: they stand in method where that is named.";
    throw new GatewayError("invalid_request", { message, param: "hyperparameters" });
  }
  return result.data;
}

function methodOf({ method, hyperparameters: former }: Wanted): Method {
  const own = method?.type === "dpo" ? method.dpo : method?.supervised;
  const wanted = own?.hyperparameters ?? former ?? {};
  // What is not named is the training program's to choose.
  const usual = { n_epochs: "auto", batch_size: "auto", learning_rate_multiplier: "auto" } as const;
  const named = Object.entries({ ...usual, ...wanted }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return { type: method?.type ?? "supervised", hyperparameters: Object.fromEntries(named) };
}

function newJob(context: RequestContext, wanted: Wanted, nowMs: number): FineTuning {
  const { caller, body } = context;
  if (caller === null) throw new Error("a job of nobody");
  return {
    id: idOf(context),
    kind: "fine-tuning",
    tenant: caller.tenant.id,
    principal: caller.principal,
    state: "queued",
    createdMs: nowMs,
    dueMs: nowMs,
    attempts: 0,
    expiresMs: nowMs + limits.fineTuningDeadlineMs + limits.fineTuningTtlMs,
    detail: {
      model: wanted.model,
      trainingFile: wanted.training_file,
      validationFile: wanted.validation_file ?? null,
      suffix: wanted.suffix ?? null,
      method: methodOf(wanted),
      seed: wanted.seed ?? randomInt(2_147_483_647),
      metadata: wanted.metadata ?? null,
      requestHash: createHash("sha256").update(body).digest("hex"),
      phase: "validating_files",
      handedOver: false,
      faults: 0,
      finishedMs: null,
      fineTunedModel: null,
      trainedTokens: null,
      error: null,
      events: [{ atMs: nowMs, level: "info", message: "Created." }],
      removals: 0,
    },
  };
}

/** The same Idempotency-Key of the same principal is the same job. */
function idOf(context: RequestContext): string {
  const { caller } = context;
  const key = idempotencyKeyOf(context);
  if (key === null) return `${ID_PREFIX}${randomBytes(12).toString("hex")}`;
  const name = JSON.stringify(["fine-tuning", caller?.tenant.id, caller?.principal, key]);
  return `${ID_PREFIX}${createHash("sha256").update(name).digest("hex").slice(0, 24)}`;
}
