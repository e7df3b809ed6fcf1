/**
 * One object per request, all fields set at birth, so that every request has the same shape and
 * each step's contribution is visible here: which step fills a field is said beside it.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Member } from "./base/json-members.ts";
import type { ApiKey, Model, Tier } from "./documents.ts";
import type { GatewayError } from "./errors.ts";

/** Endpoints as metrics and records name them. */
export type Endpoint =
  | "/v1/chat/completions"
  | "/v1/completions"
  | "/v1/embeddings"
  | "/v1/models"
  | "/v1/usage"
  | "other";

/** What the caller asked for, read from the body once. */
export interface Call {
  readonly model: string;
  readonly stream: boolean;
  /** The caller wants the usage event at the end. */
  readonly includeUsage: boolean;
  /** The caller wants usage in every event. */
  readonly continuousUsage: boolean;
  /** The caller's own stream_options, whatever else they hold. */
  readonly streamOptions: Readonly<Record<string, unknown>> | null;
  /** An answer with tokens, and no limit named by the caller. */
  readonly needsMaxTokens: boolean;
  /** Where each top-level member of the body is. */
  readonly members: readonly Member[];
}

export interface Usage {
  promptTokens: number;
  completionTokens: number;
  /** `reported` by the model server, `counted` from events by us, or nothing was produced. */
  source: "none" | "counted" | "reported";
}

export interface RequestContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly endpoint: Endpoint;
  /** Our own id: names the quota lease and the ledger row. Never chosen by the caller. */
  readonly callId: string;
  readonly startedWallMs: number;
  readonly startedMs: number;
  /** Aborted when the client leaves. */
  readonly gone: AbortController;
  /** request-id: the caller's, where it is sane, else the callId. */
  requestId: string;
  /** request-id */
  clientAddress: string;
  /** identify */
  principal: ApiKey | null;
  /** read-body */
  body: Buffer;
  /** parse-call */
  call: Call | null;
  /** authorise */
  model: Model | null;
  /** authorise */
  tier: Tier | null;
  /** forward */
  usage: Usage;
  /** forward: the first event or byte of an answer. */
  firstByteMs: number | null;
  /** forward: host of the target that answered. */
  target: string | null;
  /** Set where the answer was broken after its status had been sent. */
  fault: GatewayError | null;
}

export interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly endpoint: Endpoint;
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export function createContext(arrival: Arrival): RequestContext {
  const callId = randomUUID();
  const context: RequestContext = {
    request: arrival.request,
    response: arrival.response,
    endpoint: arrival.endpoint,
    callId,
    startedWallMs: arrival.wallMs,
    startedMs: arrival.monotonicMs,
    gone: new AbortController(),
    requestId: callId,
    clientAddress: "",
    principal: null,
    body: Buffer.alloc(0),
    call: null,
    model: null,
    tier: null,
    usage: { promptTokens: 0, completionTokens: 0, source: "none" },
    firstByteMs: null,
    target: null,
    fault: null,
  };
  arrival.response.once("close", () => {
    if (!arrival.response.writableFinished) context.gone.abort();
  });
  return context;
}

/** A step of the pipeline: does its part and calls `next` at most once. */
export type Step = (context: RequestContext, next: () => Promise<void>) => Promise<void>;
