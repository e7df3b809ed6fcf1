/** GET and DELETE /v1/async/…: one job, or a principal's own. Somebody else's does not exist. */
import type { Clock } from "../base/clock.ts";
import type { SealedBox } from "../base/sealed-box.ts";
import type { RequestContext, Step } from "../context.ts";
import { nameIn } from "../endpoints.ts";
import { GatewayError } from "../errors.ts";
import { openSealed } from "../jobs/job-request.ts";
import type { Job, JobKind, JobStore } from "../jobs/job-store.ts";
import { answerJson } from "./answer-json.ts";

export interface JobParts {
  readonly store: JobStore;
  readonly box: () => SealedBox | null;
}

const PAGE_MAX = 100;

export function showJob({ store, box }: JobParts): Step {
  return async function showJob(context, next) {
    const job = await ownJob(context, store);
    if (job.state === "queued" || job.state === "running") {
      context.response.setHeader("retry-after", "1");
    }
    context.response.setHeader("cache-control", "no-store");
    await answerJson(context, 200, jobObject(job, box()));
    await next();
  };
}

export function listJobs({ store }: JobParts): Step {
  return async function listJobs(context, next) {
    const { caller, endpoint, request } = context;
    if (caller === null) throw new Error("listJobs comes too early");
    const wanted = new URL(request.url ?? "/", "http://localhost").searchParams;
    const limit = Number(wanted.get("limit") ?? 20);
    if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX) {
      const message = `limit: from 1 to ${PAGE_MAX}.`;
      throw new GatewayError("invalid_request", { message, param: "limit" });
    }
    const before = wanted.get("after") ?? undefined;
    const page = { principal: caller.principal, kind: kindOf(endpoint.path), limit: limit + 1 };
    const found = await storeAnswers(store.list({ ...page, before }));
    const jobs = found.slice(0, limit).map((job) => jobObject(job, null));
    await answerJson(context, 200, {
      object: "list",
      data: jobs,
      has_more: found.length > limit,
      last_id: jobs.at(-1)?.id ?? null,
    });
    await next();
  };
}

export interface CancelParts extends JobParts {
  readonly clock: Clock;
  /** It may run here. */
  readonly abort: (id: string) => void;
  readonly wake: () => void;
}

export function cancelJob({ store, clock, abort, wake }: CancelParts): Step {
  return async function cancelJob(context, next) {
    const { id } = await ownJob(context, store);
    const job = await storeAnswers(store.cancel(id, clock.wallMs()));
    if (job === null) throw new GatewayError("job_ended");
    abort(id);
    wake();
    await answerJson(context, 200, jobObject(job, null));
    await next();
  };
}

async function ownJob(context: RequestContext, store: JobStore): Promise<Job> {
  const { caller, endpoint, request } = context;
  if (caller === null) throw new Error("a job is shown too early");
  const id = nameIn(request.url ?? "", endpoint) ?? "";
  const job = await storeAnswers(store.get(id));
  const isOwn =
    job !== null &&
    job.principal === caller.principal &&
    job.tenant === caller.tenant.id &&
    job.kind === kindOf(endpoint.path);
  if (!isOwn) throw new GatewayError("entity_not_found", { message: "There is no such job." });
  return job;
}

function kindOf(path: string): JobKind {
  return path.slice("/v1/async/".length).replace(/\/\*$/, "") as JobKind;
}

/** `box`: with the result, where there is one. */
export function jobObject(job: Job, box: SealedBox | null) {
  const { detail } = job;
  const seconds = (ms: number | null) => (ms === null ? null : Math.floor(ms / 1000));
  const result = openSealed(box, "result", job.id, detail.result);
  const isOver = job.state !== "queued" && job.state !== "running";
  return {
    id: job.id,
    object: "async.job",
    kind: job.kind,
    model: detail.model,
    status: job.state,
    created_at: seconds(job.createdMs),
    started_at: seconds(detail.startedMs),
    finished_at: seconds(detail.finishedMs),
    expires_at: seconds(job.expiresMs),
    result: result === null ? null : JSON.parse(result.toString("utf8")),
    error: isOver && detail.error !== null ? errorIn(detail.error) : null,
    webhook:
      detail.webhook === null
        ? null
        : {
            url: detail.webhook.url,
            include_result: detail.webhook.includeResult,
            status: detail.webhook.state,
          },
  };
}

function errorIn(text: string): unknown {
  return (JSON.parse(text) as { error?: unknown }).error ?? null;
}

export function storeAnswers<T>(work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw new GatewayError("not_ready", { message: "Jobs cannot be kept now.", cause });
  });
}
