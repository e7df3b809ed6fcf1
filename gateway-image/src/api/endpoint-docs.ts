/**
 * What the documentation says of each endpoint: its words, the schema of its body and of its
 * answer. Keyed by method and path as in endpoints.ts; a test finds rows without words.
 */
import { z } from "zod";
import { PAGE_MAX, passwordSchema } from "../admin/administration.ts";
import { erasureSchema } from "../admin/erasure.ts";
import { rotationSchema } from "../admin/issuing.ts";
import { temporaryKeySchema } from "../admin/own-keys.ts";
import { quotaDecisionSchema, quotaWishSchema } from "../admin/quota-requests.ts";
import { RESOURCES } from "../admin/resources.ts";
import { ENTITY_SCHEMAS, type EntityKind } from "../directory/entities.ts";
import { CAPABILITIES } from "../documents.ts";
import { JOB_KINDS } from "../jobs/job-store.ts";
import { nativeCallSchema } from "../steps/converse.ts";
import { riskCallSchema } from "../steps/decide-risk.ts";
import { CALL_SCHEMAS } from "../steps/parse-call.ts";
import { confirmationSchema, enrolmentSchema, passwordChangeSchema } from "../steps/show-self.ts";
import { webhookSchema } from "../steps/submit-job.ts";
import { CONSOLE_DOCS } from "./console-docs.ts";
import type { EndpointDoc } from "./endpoint-doc.ts";
import { FINE_TUNING_DOCS } from "./fine-tuning-docs.ts";

const count = z.number().int().min(0);
const quotaRequest = z.looseObject({ id: z.string(), status: z.string() });
const usage = z.looseObject({
  prompt_tokens: count,
  completion_tokens: count.optional(),
  total_tokens: count.optional(),
});
const completion = z.looseObject({
  id: z.string(),
  object: z.string(),
  created: count,
  model: z.string(),
  choices: z.array(z.looseObject({ index: count })),
  usage: usage.optional(),
});
const embeddings = z.looseObject({
  object: z.literal("list"),
  model: z.string(),
  data: z.array(z.looseObject({ index: count })),
  usage,
});
const native = z.looseObject({
  code: z.literal(0),
  message: z.string(),
  data: z.looseObject({
    text: z.string().optional(),
    context_id: z.string().nullable(),
    usage: usage.optional(),
  }),
});
const model = z.looseObject({
  id: z.string(),
  object: z.literal("model"),
  created: count,
  owned_by: z.string(),
  context_length: count.nullable(),
  capabilities: z.record(z.string(), z.boolean()),
  lifecycle: z.string().nullable(),
  sunset_at: z.iso.date().optional(),
  training_data: z.string().optional(),
  dimensions: count.optional(),
  permission: z.array(z.unknown()),
});
const list = (of: z.ZodType) => z.looseObject({ object: z.string(), data: z.array(of) });
const job = z.looseObject({
  id: z.string(),
  object: z.literal("async.job"),
  kind: z.enum(JOB_KINDS),
  model: z.string(),
  status: z.enum(["queued", "running", "succeeded", "failed", "cancelled"]),
  created_at: count,
  started_at: count.nullable(),
  finished_at: count.nullable(),
  expires_at: count,
  result: z.looseObject({}).nullable(),
  error: z.looseObject({}).nullable(),
  webhook: z.looseObject({ url: z.string(), status: z.string() }).nullable(),
});
const jobPage = {
  limit: z.number().int().min(1).max(100).describe("How many; 20 where it is absent."),
  after: z.string().describe("The last one of the page before."),
};
const usageLine = z.looseObject({
  model: z.string(),
  requests: count,
  total_tokens: count,
  cost: z.number(),
  currency: z.string().nullable(),
});
const usageQuery = {
  from: z.iso.date().describe("First day, UTC; the first of this month where it is absent."),
  to: z.iso.date().describe("Last day, UTC; now where it is absent."),
  model: z.string(),
  scope: z.enum(["own", "tenant"]),
};
const entry = z.looseObject({ id: z.string() });

/** A caller who does not stream has no options of a stream. */
const streamOptions = {
  if: { required: ["stream_options"], properties: { stream_options: { type: "object" } } },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { required: ["stream"], properties: { stream: { const: true } } },
};
const notStreamed = {
  properties: { stream: { enum: [false, null] }, stream_options: { type: "null" } },
};
const oneModel = { oneOf: [{ required: ["model"] }, { required: ["model_id"] }] };

const inference = { tag: "inference", streams: true, relations: [streamOptions] } as const;
const chat = { ...inference, body: CALL_SCHEMAS.chat, answer: completion };
const completions = { ...inference, body: CALL_SCHEMAS.completions, answer: completion };

export const ENDPOINT_DOCS: Readonly<Record<string, EndpointDoc>> = {
  "POST /v1/chat/completions": { ...chat, summary: "Answer a conversation" },
  "POST /v1/chat": { ...chat, summary: "The same as /v1/chat/completions" },
  "POST /v1/streaming/chat": { ...chat, relations: [], summary: "The same, always streamed" },
  "POST /v1/completions": { ...completions, summary: "Continue a text" },
  "POST /v1/streaming/completions": {
    ...completions,
    relations: [],
    summary: "The same, always streamed",
  },
  "GET /v1/streaming/ws": {
    tag: "inference",
    summary: "A WebSocket for streamed calls (subprotocol deepseek.v1; README of the gateway)",
    answer: z.never(),
    upgrades: true,
  },
  ...jobDocs("/v1/async/completions", CALL_SCHEMAS.completions),
  ...jobDocs("/v1/async/chat/completions", CALL_SCHEMAS.chat),
  "POST /v1/embeddings": {
    tag: "inference",
    summary: "Vectors of texts",
    body: CALL_SCHEMAS.embeddings,
    answer: embeddings,
  },
  "POST /v1/chat/complete": {
    tag: "native",
    summary: "Answer a prompt, as part of a conversation that the service keeps",
    body: nativeCallSchema,
    relations: [oneModel],
    answer: native,
    streams: true,
  },
  "POST /v1/risk/decisions": {
    tag: "inference",
    summary: "Judge one transaction within 200 ms",
    body: riskCallSchema,
    answer: z.looseObject({
      object: z.literal("risk.decision"),
      model: z.string(),
      decision: z.enum(["approve", "review", "refuse"]),
      reasons: z.array(z.string()),
      latency_ms: z.number(),
    }),
  },
  "DELETE /v1/chat/contexts/*": {
    tag: "native",
    summary: "Forget a conversation",
    answer: native,
  },
  ...FINE_TUNING_DOCS,
  ...CONSOLE_DOCS,
  "GET /v1/models": {
    tag: "models",
    summary: "The models you may use",
    query: {
      capability: z
        .enum([...CAPABILITIES, "completion", "embedding"])
        .describe("Only those that can do this."),
    },
    answer: list(model),
  },
  "GET /v1/models/*": { tag: "models", summary: "One model", answer: model },
  "GET /v1/usage": {
    tag: "usage",
    summary: "What was used, by model",
    query: usageQuery,
    answer: list(usageLine),
  },
  "GET /v1/usage/daily": {
    tag: "usage",
    summary: "What was used, by day and model",
    query: usageQuery,
    answer: list(usageLine.extend({ day: z.iso.date() })),
    csv: true,
  },
  "GET /v1/quota": {
    tag: "usage",
    summary: "Where your limits stand",
    answer: list(z.looseObject({ scope: z.string(), limit: z.string(), max: z.number() })),
  },
  "POST /token": {
    tag: "identity",
    summary: "A token for a password or an access key (OAuth 2)",
    form: z.looseObject({
      grant_type: z.enum(["password", "client_credentials"]).optional(),
      username: z.string().optional(),
      password: z.string().optional(),
      totp: z.string().optional(),
      client_id: z.string().optional(),
      client_secret: z.string().optional(),
    }),
    answer: z.looseObject({
      access_token: z.string(),
      token_type: z.literal("bearer"),
      expires_in: count,
    }),
    open: true,
  },
  "GET /users/me": {
    tag: "identity",
    summary: "Who you are to the gateway",
    answer: z.looseObject({ username: z.string(), tenant: z.string() }),
  },
  "GET /v1/quota/requests": {
    tag: "usage",
    summary: "What the caller asked for beyond its tier, the newest first",
    answer: list(quotaRequest),
  },
  "POST /v1/quota/requests": {
    tag: "usage",
    summary: "Ask for more than the tier gives; an administrator decides",
    body: quotaWishSchema,
    answer: quotaRequest,
    created: true,
  },
  "POST /users/me/keys": {
    tag: "identity",
    summary: "A key that may no more than you and ends by itself",
    body: temporaryKeySchema,
    answer: z.looseObject({ id: z.string(), key: z.string(), expires: z.iso.datetime() }),
    created: true,
  },
  "POST /users/me/keys/rotate": {
    tag: "identity",
    summary: "A successor of the key that you call with, which ends after the overlap",
    body: rotationSchema,
    answer: z.looseObject({ id: z.string(), replaces: z.string() }),
    created: true,
  },
  "POST /users/me/totp": {
    tag: "identity",
    summary: "A secret for an authenticator, to be confirmed within ten minutes",
    body: enrolmentSchema,
    answer: z.looseObject({ secret: z.string(), uri: z.string(), expires_in: count }),
  },
  "POST /users/me/totp/confirm": {
    tag: "identity",
    summary: "A code that proves that the secret has arrived",
    body: confirmationSchema,
    answer: z.looseObject({ username: z.string(), authenticator: z.literal(true) }),
  },
  "POST /users/me/password": {
    tag: "identity",
    summary: "A new password for yourself",
    body: passwordChangeSchema,
    answer: z.looseObject({ username: z.string(), changed: z.literal(true) }),
  },
};

/** The endpoints below /admin/v1/, which are one row each method in endpoints.ts. */
export function adminDocs(): Record<string, EndpointDoc> {
  const docs: Record<string, EndpointDoc> = {};
  const tag = "administration" as const;
  Object.assign(docs, auditDocs());
  for (const [name, { kind, issued, hidden, shownOnly }] of Object.entries(RESOURCES)) {
    const one = `/admin/v1/${name}/*`;
    const all = `/admin/v1/${name}`;
    const query = { limit: z.number().int().min(1).max(PAGE_MAX), after: z.string() };
    const body = bodyOf(kind, hidden);
    docs[`GET ${all}`] = { tag, summary: `List ${name}`, query, answer: list(entry) };
    docs[`GET ${one}`] = { tag, summary: `One of ${name}`, answer: entry };
    if (!shownOnly)
      docs[`PUT ${one}`] = { tag, summary: `Make or replace one of ${name}`, body, answer: entry };
    docs[`DELETE ${one}`] = { tag, summary: `Remove one of ${name}`, answer: entry };
    if (issued === undefined) continue;
    // The public half of a pair is made with the secret one.
    const fresh = bodyOf(kind, [...hidden, "accessKey"]);
    docs[`POST ${all}`] = {
      tag,
      summary: `Issue one of ${name}`,
      body: fresh,
      answer: entry,
      created: true,
    };
    docs[`POST ${one}/rotate`] = {
      tag,
      summary: "A successor with the same rights; the former one ends after the overlap",
      body: rotationSchema,
      answer: entry,
      created: true,
    };
  }
  return docs;
}

/** What may be sent: no secrets or hashes; the path may stand for the id, a password for its hash. */
function bodyOf(kind: EntityKind, hidden: readonly string[]): z.ZodType {
  const { id, ...shape }: Readonly<Record<string, z.ZodType>> = ENTITY_SCHEMAS[kind].shape;
  const sent = Object.entries(shape).filter(([name]) => !hidden.includes(name));
  return z.strictObject({
    ...(id === undefined ? {} : { id: id.optional() }),
    ...Object.fromEntries(sent),
    ...(kind === "principal" ? { password: passwordSchema } : {}),
  });
}

function jobDocs(path: string, call: z.ZodType): Record<string, EndpointDoc> {
  const tag = "inference";
  const body = z.intersection(call, z.looseObject({ webhook: webhookSchema.optional() }));
  return {
    [`POST ${path}`]: {
      tag,
      summary: "The same call, answered later",
      body,
      relations: [notStreamed],
      answer: job,
      accepted: true,
    },
    [`GET ${path}`]: { tag, summary: "The caller's jobs", query: jobPage, answer: list(job) },
    [`GET ${path}/*`]: { tag, summary: "A job, with its result", answer: job },
    [`DELETE ${path}/*`]: { tag, summary: "Cancel a job", answer: job },
  };
}

function auditDocs(): Record<string, EndpointDoc> {
  const tag = "administration";
  const days = {
    from: z.iso.date().describe("First day, UTC; today where it is absent."),
    to: z.iso.date().describe("Last day, UTC; today where it is absent."),
  };
  const name = z.string().max(256);
  const filters = { action: name, actor: name, tenant: name, outcome: name, target: name };
  const page = { limit: count.min(1).max(1_000), after: count };
  const verdict = z.looseObject({ intact: z.boolean(), events: count, segments: count });
  return {
    "GET /admin/v1/audit/events": {
      tag,
      summary: "Events of the audit trail of the gateway that answers",
      query: { ...days, ...filters, ...page },
      answer: list(z.looseObject({ seq: count, action: z.string(), actor: z.string() })),
    },
    "GET /admin/v1/audit/export": {
      tag,
      summary: "Its lines, with what is needed to verify them elsewhere",
      query: days,
      answer: z.never(),
      lines: true,
    },
    "POST /admin/v1/quota-decisions": {
      tag,
      summary: "Grant, all or part, what a caller asked for, or refuse it",
      body: quotaDecisionSchema,
      answer: quotaRequest,
    },
    "POST /admin/v1/erasures": {
      tag,
      summary: "Erase what is kept of a principal; what stays is named, with its reason",
      body: erasureSchema,
      answer: z.looseObject({ principal: z.string(), erased: z.record(z.string(), count) }),
    },
    "POST /admin/v1/audit/verify": { tag, summary: "Is it whole?", answer: verdict },
  };
}
