/**
 * POST /v1/async/…: the call is judged as far as it can be now, kept sealed, and answered at once.
 * What it may use is reserved when it is computed.
 */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { memberText, patchMembers } from "../base/json-members.ts";
import type { SealedBox } from "../base/sealed-box.ts";
import type { RequestContext, Step } from "../context.ts";
import { GatewayError } from "../errors.ts";
import { sealOf } from "../jobs/job-request.ts";
import type { Job, JobKind, JobStore } from "../jobs/job-store.ts";
import { limits } from "../limits.ts";
import type { WebhookSender } from "../webhooks/webhook-sender.ts";
import { answerJson } from "./answer-json.ts";
import { idempotencyKeyOf } from "./idempotency-key.ts";
import { jobObject, storeAnswers } from "./show-job.ts";

export const webhookSchema = z.strictObject({
  url: z.url().max(2_048),
  include_result: z.boolean().default(false),
});

export interface SubmitParts {
  readonly store: JobStore;
  /** null: prompts cannot be kept. */
  readonly box: () => SealedBox | null;
  readonly webhooks: WebhookSender;
  readonly clock: Clock;
  /** Something is to be done. */
  readonly wake: () => void;
}

export function submitJob(parts: SubmitParts): Step {
  return async function submitJob(context, next) {
    const { caller, call } = context;
    if (caller === null || call === null) throw new Error("submitJob comes too early");
    if (call.stream) throw invalid("stream", "stream: a job is fetched whole.");
    const box = parts.box();
    if (box === null) throw invalid(null, "This gateway keeps no jobs (GW_DATA_KEY_FILE).");
    const webhook = webhookOf(context, parts.webhooks);
    const body = patchMembers(context.body, call.members, { webhook: null });
    const hash = createHash("sha256").update(context.body).digest("hex");
    const id = idOf(context);
    const secret = `whsec_${randomBytes(32).toString("base64url")}`;
    const job = newJob(context, {
      id,
      hash,
      request: sealOf(box, "request", id, body),
      webhook:
        webhook === null
          ? null
          : { ...webhook, secret: sealOf(box, "secret", id, Buffer.from(secret)) },
      nowMs: parts.clock.wallMs(),
    });
    const room = { principal: caller.principal, max: limits.jobsOpenMax };
    const told = await storeAnswers(parts.store.insert(job, [room]));
    if (told === "full") throw new GatewayError("too_many_jobs");
    const isNew = told === "made";
    const kept = isNew ? job : await storeAnswers(parts.store.get(id));
    if (kept?.detail.requestHash !== hash) throw new GatewayError("idempotency_mismatch");
    if (isNew) parts.wake();
    context.response.setHeader("location", `/v1/async/${kept.kind}/${id}`);
    context.response.setHeader("retry-after", "1");
    await answerJson(context, 202, {
      ...jobObject(kept, null),
      // Told once; whoever receives the call needs it to know that it is ours.
      ...(isNew && webhook !== null ? { webhook: { ...webhook, status: "waiting", secret } } : {}),
    });
    await next();
  };
}

/** The same Idempotency-Key of the same principal is the same job. */
function idOf(context: RequestContext): string {
  const { caller } = context;
  const key = idempotencyKeyOf(context);
  if (key === null) return randomUUID();
  const name = JSON.stringify([caller?.tenant.id, caller?.principal, key]);
  const hex = createHash("sha256").update(name).digest("hex");
  // The form of a UUID of version 8 (RFC 9562): made from what its owner says.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function webhookOf({ call, body }: RequestContext, webhooks: WebhookSender) {
  const member = call?.members.find(({ name }) => name === "webhook");
  if (member === undefined) return null;
  const result = webhookSchema.safeParse(JSON.parse(memberText(body, member)));
  if (!result.success) throw invalid("webhook", "webhook: {url, include_result?}.");
  const fault = webhooks.fault(result.data.url);
  if (fault !== null) throw invalid("webhook.url", `webhook.url: ${fault}.`);
  return result.data;
}

interface Submitted {
  readonly id: string;
  readonly hash: string;
  readonly request: string;
  readonly webhook: (z.output<typeof webhookSchema> & { readonly secret: string }) | null;
  readonly nowMs: number;
}

function newJob(context: RequestContext, { id, hash, request, webhook, nowMs }: Submitted): Job {
  const { caller, call, endpoint } = context;
  if (caller === null || call === null) throw new Error("submitJob comes too early");
  return {
    id,
    kind: endpoint.path.slice("/v1/async/".length) as JobKind,
    tenant: caller.tenant.id,
    principal: caller.principal,
    state: "queued",
    createdMs: nowMs,
    dueMs: nowMs,
    attempts: 0,
    expiresMs: nowMs + limits.jobDeadlineMs + limits.jobResultTtlMs,
    detail: {
      credential: caller.credential,
      method: caller.method,
      address: context.clientAddress,
      requestId: context.requestId,
      dataClass: context.dataClass,
      model: call.model,
      request,
      requestHash: hash,
      startedMs: null,
      finishedMs: null,
      result: null,
      error: null,
      webhook:
        webhook === null
          ? null
          : {
              url: webhook.url,
              secret: webhook.secret,
              includeResult: webhook.include_result,
              state: "waiting",
              attempts: 0,
            },
    },
  };
}

function invalid(param: string | null, message: string): GatewayError {
  return new GatewayError("invalid_request", { message, ...(param === null ? {} : { param }) });
}
