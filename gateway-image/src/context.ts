/**
 * One object per request, all fields set at birth, so that every request has the same shape and
 * each step's contribution is visible here: which step fills a field is said beside it.
 */
import { randomUUID } from "node:crypto";
import type { Member } from "./base/json-members.ts";
import type { AnswerFilter } from "./content/answer-filter.ts";
import type { Inspection, Verdict } from "./content/word-filter.ts";
import type { Caller } from "./directory/caller.ts";
import type { DataClass } from "./directory/fields.ts";
import type { Model } from "./documents.ts";
import type { EndpointRow } from "./endpoints.ts";
import type { GatewayError } from "./errors.ts";
import type { CallAnswer, CallRequest } from "./exchange.ts";
import type { CredentialOwner } from "./identity/identity.ts";
import type { SignedHeaders } from "./identity/signature.ts";
import type { ImageParts } from "./proxy/image-parts.ts";
import type { Presenter } from "./proxy/presenter.ts";
import type { Traced } from "./telemetry/traces.ts";

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
  /** The body does not say so, but the endpoint streams. */
  readonly streamForced: boolean;
  /** An answer with tokens, and no limit named by the caller. */
  readonly needsMaxTokens: boolean;
  /** The most tokens of one answer, as the caller names it; null: not named. */
  readonly maxTokens: number | null;
  /** How many answers are wanted: of each prompt as many as the caller says. */
  readonly answers: number;
  /** null: the call has no image parts. */
  readonly images: ImageParts | null;
  /** Where each top-level member of the body is. */
  readonly members: readonly Member[];
}

export interface Usage {
  promptTokens: number;
  completionTokens: number;
  /** `reported` by the model server, `counted` from events by us, `cached`: told again, or nothing was produced. */
  source: "none" | "counted" | "reported" | "cached";
}

/** Something was computed for the call, so it costs something. */
export function isProduced({ source }: Usage): boolean {
  return source === "counted" || source === "reported";
}

/** A request that may become a WebSocket: the listener's half of the handshake. */
export interface UpgradeOffer {
  /** Throws where the handshake is faulty or there is no room for one more. */
  check(caller: Caller): void;
  accept(context: RequestContext, caller: Caller): void;
}

/** A call that was accepted before and is computed now. */
export interface JobCall {
  readonly owner: CredentialOwner;
  readonly body: Buffer;
  /** Keeps the whole answer; false: the job is somebody else's now, or over. */
  readonly keep: (body: Buffer) => Promise<boolean>;
}

export interface RequestContext {
  readonly request: CallRequest;
  readonly response: CallAnswer;
  readonly endpoint: EndpointRow;
  /** Our own id: names the quota lease and the ledger row. Never chosen by the caller. */
  readonly callId: string;
  readonly startedWallMs: number;
  readonly startedMs: number;
  /** The request asks to become a WebSocket; null: it does not. */
  readonly upgrade: UpgradeOffer | null;
  /** The signature by which the connection of this call was opened; null: it brings its own proof. */
  readonly proven: SignedHeaders | null;
  /** null: it came by itself. */
  readonly job: JobCall | null;
  /** Aborted when the client leaves. */
  readonly gone: AbortController;
  /** trace: null: the call is not traced. */
  span: Traced | null;
  /** request-id: the caller's, where it is sane, else the callId. */
  requestId: string;
  /** request-id */
  clientAddress: string;
  /** identify, or verify-signature for signed calls */
  caller: Caller | null;
  /** identify: a signed call, to be verified when its body is there. */
  signed: SignedHeaders | null;
  /** read-body */
  body: Buffer;
  /** parse-call */
  call: Call | null;
  /** authorise: how private the content is, in the caller's own words. */
  dataClass: DataClass;
  /** authorise */
  model: Model | null;
  /** authorise: may this call be served by that model? */
  mayUse: (model: string) => boolean;
  /** decide-risk: sooner than the settings' time-out; null: that one. */
  deadlineMs: number | null;
  /** decide-risk: the call must not leave the site, whatever its headers say. */
  confined: boolean;
  /** administer, fine-tuning: what of the directory, or which job, the call is about. */
  subject: string | null;
  /** create-fine-tuning: what else its event of the audit trail must say. */
  auditFacts: Readonly<Record<string, string>>;
  /** filter: what the word lists have met in what was asked and answered. */
  inspections: readonly Inspection[];
  /** filter: null: no word list is about the answer. */
  answerFilter: AnswerFilter | null;
  /** converse: how the answer is shown where it is not OpenAI's way. */
  presenter: Presenter | null;
  /**
   * admit: settles with the quota store's word, which the call did not wait for; null: it did. Whoever
   * shows something of an answer, or sends what cannot be stopped, waits for it first.
   */
  admission: Promise<void> | null;
  /** forward */
  usage: Usage;
  /** forward: the first event or byte of an answer. */
  firstByteMs: number | null;
  /** forward: host of the target that answered. */
  target: string | null;
  /** forward: a second server was asked as well, and what became of that; null: it was not. */
  hedge: "won" | "lost" | "failed" | "stopped" | null;
  /**
   * What must be done before the caller is told that the call is done: records that may not be
   * lost. Whoever sends the end of an answer runs them first.
   */
  readonly beforeEnd: (() => Promise<void>)[];
  /** idempotency: keeps a whole answer, before it is sent. */
  keepWhole: ((body: Buffer) => Promise<void>) | null;
  /** Set where the answer was broken after its status had been sent. */
  fault: GatewayError | null;
}

export interface Arrival {
  readonly request: CallRequest;
  readonly response: CallAnswer;
  readonly endpoint: EndpointRow;
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly upgrade?: UpgradeOffer;
  readonly proven?: SignedHeaders | null;
  readonly job?: JobCall;
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
    upgrade: arrival.upgrade ?? null,
    proven: arrival.proven ?? null,
    job: arrival.job ?? null,
    gone: new AbortController(),
    span: null,
    requestId: callId,
    clientAddress: "",
    caller: null,
    signed: null,
    body: Buffer.alloc(0),
    call: null,
    dataClass: "open",
    model: null,
    mayUse: () => false,
    deadlineMs: null,
    confined: false,
    subject: null,
    auditFacts: {},
    inspections: [],
    answerFilter: null,
    presenter: null,
    admission: null,
    usage: { promptTokens: 0, completionTokens: 0, source: "none" },
    firstByteMs: null,
    target: null,
    hedge: null,
    beforeEnd: [],
    keepWhole: null,
    fault: null,
  };
  arrival.response.once("close", () => {
    if (!arrival.response.writableFinished) context.gone.abort();
  });
  return context;
}

/** The call must not leave the site, whatever routes and fallbacks say. */
export function isConfined({ caller, confined, dataClass }: RequestContext): boolean {
  return confined || caller?.tenant.residency === "site" || dataClass !== "open";
}

/** Runs each of them once, all at the same time. */
export async function beforeEnd(context: RequestContext): Promise<void> {
  await Promise.all(context.beforeEnd.splice(0).map((work) => work()));
}

/** What is to come, and then, however it ended, `atEnd` with what was thrown. */
export async function ending(
  next: () => Promise<void>,
  atEnd: (thrown: unknown) => void | Promise<void>,
): Promise<void> {
  let thrown: unknown;
  try {
    await next();
  } catch (error) {
    thrown = error;
    throw error;
  } finally {
    await atEnd(thrown);
  }
}

/** Records the call's end once: before its caller is told of it, or with what was thrown. */
export function recorded(
  context: RequestContext,
  next: () => Promise<void>,
  record: (thrown: unknown) => Promise<void>,
): Promise<void> {
  let done = false;
  const once = async (thrown: unknown) => {
    if (done) return;
    done = true;
    await record(thrown);
  };
  context.beforeEnd.push(() => once(undefined));
  return ending(next, once);
}

/** What the word lists have met until now; never the text. */
export function verdictsOf({ inspections }: RequestContext): Verdict[] {
  return inspections.flatMap(({ verdicts }) => [...verdicts.values()]);
}

/**
 * A step of the pipeline: does its part and calls `next` at most once. One that waits for nothing is
 * no async function but passes on what `next` returns, and throws: a promise and a turn less.
 */
export type Step = (context: RequestContext, next: () => Promise<void>) => Promise<void>;

/** For steps that come after whoever calls is known. */
export function callerOf({ caller }: RequestContext): Caller {
  if (caller === null) throw new Error("nobody is known yet");
  return caller;
}
