/**
 * Jobs at the listener: each is a request again, and runs through a pipeline as any other does.
 * Its answer decides how it ended.
 */
import type { RequestContext } from "./context.ts";
import { ENDPOINTS, type EndpointRow } from "./endpoints.ts";
import { errorBody } from "./error-answer.ts";
import { ERRORS } from "./error-table.ts";
import { type ErrorCode, GatewayError } from "./errors.ts";
import { JobAnswer, JobRequest } from "./jobs/job-exchange.ts";
import { openSealed, sealOf } from "./jobs/job-request.ts";
import type { Compute, Computed } from "./jobs/job-runner.ts";
import type { Job } from "./jobs/job-store.ts";
import type { Parts } from "./parts.ts";
import type { Pipelines } from "./pipeline.ts";
import type { Runner } from "./runner.ts";

const ROWS: readonly EndpointRow[] = ENDPOINTS;
/** Between two tries where nothing says how long to wait. */
const RETRY_MS = 5_000;
const RETRY_MS_MAX = 600_000;

export function jobComputer(parts: Parts, pipelines: Pipelines, run: Runner): Compute {
  const addressHeader = parts.config.GW_CLIENT_ADDRESS_HEADER ?? null;
  return async (job, signal, keep) => {
    const path = `/v1/async/${job.kind}`;
    const endpoint = ROWS.find((row) => row.path === path && row.method === "POST");
    const box = parts.boxForAnswers();
    const body = openSealed(box, "request", job.id, job.detail.request);
    if (endpoint === undefined || box === null || body === null) {
      return { kind: "failed", error: told(new GatewayError("internal_error"), job) };
    }
    const response = new JobAnswer();
    const onAbort = () => response.destroy();
    signal.addEventListener("abort", onAbort, { once: true });
    const jobCall: NonNullable<RequestContext["job"]> = {
      owner: {
        principal: job.principal,
        credential: job.detail.credential,
        method: job.detail.method,
      },
      body,
      keep: (answer) => keep(sealOf(box, "result", job.id, answer)),
    };
    const request = new JobRequest(job, path, addressHeader);
    await run(pipelines.runJob, { request, response, endpoint, job: jobCall });
    signal.removeEventListener("abort", onAbort);
    return computedOf(response, job);
  };
}

/** What was kept is kept; everything else is an error, of which some pass. */
function computedOf(response: JobAnswer, job: Job): Computed {
  if (response.destroyed && !response.writableFinished) {
    const error = told(new GatewayError("client_closed"), job);
    return { kind: "later", afterMs: 0, error, counts: false };
  }
  if (response.statusCode === 200) return { kind: "succeeded" };
  const error = response.body;
  const code = codeIn(error);
  if (code === null || !ERRORS[code].retryable) return { kind: "failed", error };
  const wanted = Number(response.getHeader("retry-after-ms") ?? RETRY_MS);
  const afterMs = Math.min(Math.max(wanted, 1_000), RETRY_MS_MAX);
  // Waiting for a quota is no failure.
  return { kind: "later", afterMs, error, counts: response.statusCode !== 429 };
}

function codeIn(body: string): ErrorCode | null {
  try {
    const { code } = (JSON.parse(body) as { error: { code: string } }).error;
    return Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : null;
  } catch {
    return null;
  }
}

function told(error: GatewayError, { detail }: Job): string {
  return errorBody(error, detail.requestId);
}
