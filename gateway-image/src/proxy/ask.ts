/** Sends a call to one server and waits for its word: an answer to be relayed, or what failed. */
import { UPSTREAM_PATHS } from "../endpoints.ts";
import { limits } from "../limits.ts";
import { type Attempt, failedAttempt, withoutResult } from "./attempt.ts";
import { cacheSalt } from "./cache-salt.ts";
import { isOutside } from "./eligible-targets.ts";
import type { Flight } from "./flight.ts";
import type { ProviderKeys } from "./provider-keys.ts";
import type { Target } from "./target.ts";
import { type OpenedAnswer, sendUpstream, type UpstreamAnswer } from "./upstream-answer.ts";
import { upstreamBody } from "./upstream-body.ts";
import type { UpstreamPools } from "./upstream-pools.ts";

export interface AskParts {
  readonly pools: UpstreamPools;
  readonly outsidePools: UpstreamPools;
  readonly providerKeys: ProviderKeys;
  readonly maxTokensDefault: number;
}

export interface Question {
  readonly target: Target;
  /** For the span that the server may continue; null: the call is not traced. */
  readonly traceparent: string | null;
  readonly signal: AbortSignal;
  /** A head alone is no answer yet: vLLM sends that of a stream before it has begun to work. */
  readonly untilFirstByte: boolean;
}

export type Opening =
  | { readonly answer: UpstreamAnswer; readonly failed: null }
  | { readonly answer: null; readonly failed: Attempt };

/** Never rejects. */
export async function ask(parts: AskParts, flight: Flight, question: Question): Promise<Opening> {
  try {
    const { admission } = flight.context;
    // What is sent to a provider costs money and is seen there; a server of the site is stopped in time.
    if (isOutside(question.target)) await admission;
    const answer = await send(parts, flight, question);
    await admission;
    const failed = await withoutResult(answer);
    if (failed !== null) return { answer: null, failed };
    if (question.untilFirstByte) await answer.firstByte(limits.hedgeSilenceMs);
    return { answer, failed: null };
  } catch (error) {
    return { answer: null, failed: failedAttempt(flight.signal, error) };
  }
}

function send(
  parts: AskParts,
  { context, call, asked }: Flight,
  { target, traceparent, signal }: Question,
): Promise<OpenedAnswer> {
  const maxTokensDefault = context.model?.maxTokensDefault ?? parts.maxTokensDefault;
  const { body } = context;
  const outside = target.provider !== undefined;
  const pools = outside ? parts.outsidePools : parts.pools;
  const key = target.provider === undefined ? undefined : parts.providerKeys.of(target.provider);
  const request = {
    method: "POST",
    path: target.basePath + UPSTREAM_PATHS[context.endpoint.api ?? "chat"],
    // None of the caller's headers: no key, cookie or address reaches a model server.
    headers: {
      "content-type": "application/json",
      accept: call.stream ? "text/event-stream" : "application/json",
      // An outside provider learns nothing that could be joined with our records.
      ...(outside ? {} : { "x-request-id": context.requestId }),
      ...(outside || traceparent === null ? {} : { traceparent }),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    body: upstreamBody({
      ...{ body, call, target, maxTokensDefault, asked },
      // Nothing that tells tenants apart leaves the site, and no provider knows the member.
      cacheSalt: outside ? null : cacheSalt(context, call),
    }),
  };
  return sendUpstream(pools.get(target.url), request, signal);
}
