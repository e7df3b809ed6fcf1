/**
 * What there is of fine-tuning jobs, in OpenAI's shape, and their cancellation. They belong to the
 * tenant, as OpenAI's do to the organisation; somebody else's does not exist.
 */
import type { Clock } from "../base/clock.ts";
import { beforeEnd, type RequestContext, type Step } from "../context.ts";
import { nameIn } from "../endpoints.ts";
import { GatewayError, invalid } from "../errors.ts";
import type { FineTuning } from "../fine-tuning/fine-tuning.ts";
import { isOpen, type JobStore } from "../jobs/job-store.ts";
import { answerJson } from "./answer-json.ts";
import { storeAnswers } from "./show-job.ts";

export interface FineTuningParts {
  readonly store: JobStore<FineTuning>;
}

const PAGE_MAX = 100;

export function listFineTunings({ store }: FineTuningParts): Step {
  return async function listFineTunings(context, next) {
    const { caller } = context;
    if (caller === null) throw new Error("listFineTunings comes too early");
    const { limit, after } = pageOf(context);
    const page = { tenant: caller.tenant.id, kind: "fine-tuning" as const };
    const found = await storeAnswers(store.list({ ...page, limit: limit + 1, before: after }));
    const data = found.slice(0, limit).map(fineTuningObject);
    await answerJson(context, 200, { object: "list", data, has_more: found.length > limit });
    await next();
  };
}

export function showFineTuning({ store }: FineTuningParts): Step {
  return async function showFineTuning(context, next) {
    await answerJson(context, 200, fineTuningObject(await ownJob(context, store)));
    await next();
  };
}

/** The newest first; an event's place among all of its job is its name. */
export function listFineTuningEvents({ store }: FineTuningParts): Step {
  return async function listFineTuningEvents(context, next) {
    const job = await ownJob(context, store);
    const { limit, after } = pageOf(context);
    const all = eventObjects(job);
    const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
    const rest = after !== undefined && from === 0 ? [] : all.slice(from);
    const data = rest.slice(0, limit);
    await answerJson(context, 200, { object: "list", data, has_more: rest.length > limit });
    await next();
  };
}

export interface CancelFineTuningParts extends FineTuningParts {
  readonly clock: Clock;
  readonly wake: () => void;
}

export function cancelFineTuning({ store, clock, wake }: CancelFineTuningParts): Step {
  return async function cancelFineTuning(context, next) {
    const { id } = await ownJob(context, store);
    context.subject = id;
    const job = await storeAnswers(store.cancel(id, clock.wallMs()));
    if (job === null) throw new GatewayError("job_ended");
    wake();
    context.response.statusCode = 200;
    await beforeEnd(context);
    await answerJson(context, 200, fineTuningObject(job));
    await next();
  };
}

async function ownJob(context: RequestContext, store: JobStore<FineTuning>): Promise<FineTuning> {
  const { caller, endpoint, request } = context;
  if (caller === null) throw new Error("a job is shown too early");
  const id = nameIn(request.url ?? "", endpoint) ?? "";
  const job = await storeAnswers(store.get(id));
  if (job === null || job.tenant !== caller.tenant.id) {
    throw new GatewayError("entity_not_found", { message: "There is no such job." });
  }
  return job;
}

function pageOf({ request }: RequestContext) {
  const wanted = new URL(request.url ?? "/", "http://localhost").searchParams;
  // A filter that is not known would show what was not asked for.
  const filter = [...wanted.keys()].find((name) => /^metadata(\[|$)/.test(name));
  if (filter !== undefined) throw invalid("metadata", "metadata: cannot be searched for.");
  const text = wanted.get("limit") ?? "20";
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > PAGE_MAX) throw invalid("limit", `limit: from 1 to ${PAGE_MAX}.`);
  return { limit, after: wanted.get("after") ?? undefined };
}

export function fineTuningObject(job: FineTuning) {
  const { detail } = job;
  const { type, hyperparameters } = detail.method;
  return {
    id: job.id,
    object: "fine_tuning.job",
    created_at: seconds(job.createdMs),
    finished_at: detail.finishedMs === null ? null : seconds(detail.finishedMs),
    estimated_finish: null,
    model: detail.model,
    fine_tuned_model: detail.fineTunedModel,
    organization_id: job.tenant,
    status: isOpen(job) ? detail.phase : job.state,
    training_file: detail.trainingFile,
    validation_file: detail.validationFile,
    hyperparameters,
    method: { type, [type]: { hyperparameters } },
    trained_tokens: detail.trainedTokens,
    seed: detail.seed,
    suffix: detail.suffix,
    result_files: [],
    integrations: [],
    metadata: detail.metadata,
    error: detail.error,
  };
}

function eventObjects({ id, detail }: FineTuning) {
  return detail.events
    .map(({ atMs, level, message }, index) => ({
      id: `${id.replace("ftjob", "ftevent")}-${index}`,
      object: "fine_tuning.job.event",
      created_at: seconds(atMs),
      level,
      message,
      type: "message",
      data: {},
    }))
    .reverse();
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
