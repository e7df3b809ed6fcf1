/**
 * Waits until a rule is content with an applied object: follows the object and what belongs to it,
 * judges after every change, says live what is missing, and ends with the reasons on time-out,
 * cancellation or a failure that will not mend by itself.
 */
import type { ApiClient } from "../api-client.ts";
import { ApiError } from "../api-error.ts";
import { collectionPath, type ResourceKind } from "../discovery.ts";
import type { GroupVersionKind, KubeObject } from "../kube-object.ts";
import { describe, nameOf, namespaceOf, numberAt } from "../kube-object.ts";
import { streamObjects } from "./object-stream.ts";
import type { Related, RelatedQuery, Verdict, WaitRule } from "./rule.ts";

export interface WaitContext {
  readonly client: ApiClient;
  kindOf(gvk: GroupVersionKind): Promise<ResourceKind | undefined>;
  readonly report: (status: string) => void;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

export interface WaitOutcome {
  /** The object as last seen. */
  readonly object: KubeObject;
  /** Empty: it is ready. */
  readonly reasons: readonly string[];
  readonly related: Related;
}

interface Watched {
  object: KubeObject;
  readonly related: Record<string, readonly KubeObject[]>;
  /** Keys of related sets whose first list is still to come. */
  readonly open: Set<string>;
  trouble: string | undefined;
}

export async function waitUntilReady(
  context: WaitContext,
  kind: ResourceKind,
  applied: KubeObject,
  rule: WaitRule,
): Promise<WaitOutcome> {
  const first = rule.related.length === 0 ? rule.judge(applied, {}) : undefined;
  if (first?.state === "ready" && first.settleMs === undefined) {
    return { object: applied, reasons: [], related: {} };
  }
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, ended.signal]);
  const watched: Watched = {
    object: applied,
    related: {},
    open: new Set(rule.related.map((query) => query.key)),
    trouble: undefined,
  };
  try {
    return await new Promise<WaitOutcome>((resolve, reject) => {
      const judge = createJudge(context, rule, watched, applied, resolve);
      followMain(context, kind, applied, watched, judge, signal).catch(reject);
      for (const query of rule.related)
        follow(context, query, watched, judge.changed, signal).catch(reject);
      judge.startClock(signal);
      context.signal.addEventListener("abort", () => judge.end("cancelled while waiting"), {
        signal: ended.signal,
      });
      if (context.signal.aborted) judge.end("cancelled while waiting");
    });
  } finally {
    ended.abort();
  }
}

interface Judge {
  changed(): void;
  gone(): void;
  end(why: string): void;
  startClock(signal: AbortSignal): void;
}

function createJudge(
  context: WaitContext,
  rule: WaitRule,
  watched: Watched,
  applied: KubeObject,
  resolve: (outcome: WaitOutcome) => void,
): Judge {
  let last: Verdict | undefined;
  let reported = "";
  let settle: NodeJS.Timeout | undefined;
  const finish = (reasons: readonly string[]) => {
    clearTimeout(settle);
    resolve({ object: watched.object, reasons, related: watched.related });
  };
  const say = (status: string) => {
    if (status !== reported) context.report(status);
    reported = status;
  };
  const changed = () => {
    clearTimeout(settle);
    if (watched.trouble !== undefined)
      return say(`the API server is away (${watched.trouble}); waiting for it`);
    // A cached answer may still be about the object as it was before.
    const generation = numberAt(applied, "metadata", "generation") ?? 0;
    if ((numberAt(watched.object, "metadata", "generation") ?? generation) < generation) return;
    if (watched.open.size > 0) return;
    last = rule.judge(watched.object, watched.related);
    say(last.status);
    if (last.state === "failed") finish(last.reasons);
    if (last.state !== "ready") return;
    if (last.settleMs === undefined) finish([]);
    else settle = setTimeout(() => finish([]), last.settleMs);
  };
  const end = (why: string) => finish([`${describe(applied)}: ${why}`, ...(last?.reasons ?? [])]);
  return {
    changed,
    end,
    gone: () => end("it was deleted while it was waited for"),
    startClock: (signal) => {
      const seconds = Math.round(context.timeoutMs / 1000);
      const timer = setTimeout(() => end(`not ready after ${seconds} s`), context.timeoutMs);
      signal.addEventListener("abort", () => clearTimeout(timer));
    },
  };
}

async function followMain(
  context: WaitContext,
  kind: ResourceKind,
  applied: KubeObject,
  watched: Watched,
  judge: Judge,
  signal: AbortSignal,
): Promise<void> {
  const target = {
    path: collectionPath(kind, namespaceOf(applied)),
    query: { fieldSelector: `metadata.name=${nameOf(applied)}` },
    gvk: kind,
  };
  const sink = {
    onObjects: (objects: readonly KubeObject[]) => {
      const object = objects[0];
      if (object === undefined) return judge.gone();
      watched.object = object;
      judge.changed();
    },
    onTrouble: (text: string | undefined) => {
      watched.trouble = text;
      if (text !== undefined) judge.changed();
    },
  };
  await streamObjects(
    context.client,
    { ...target, gvk: { apiVersion: kind.apiVersion, kind: kind.kind } },
    sink,
    signal,
  );
}

async function follow(
  context: WaitContext,
  query: RelatedQuery,
  watched: Watched,
  changed: () => void,
  signal: AbortSignal,
): Promise<void> {
  const take = (objects: readonly KubeObject[]) => {
    watched.related[query.key] = objects;
    watched.open.delete(query.key);
    changed();
  };
  const kind = await context.kindOf(query.gvk);
  if (kind === undefined) return take([]);
  const selectors = {
    ...(query.name === undefined ? {} : { fieldSelector: `metadata.name=${query.name}` }),
    ...(query.labelSelector === undefined ? {} : { labelSelector: query.labelSelector }),
  };
  const target = { path: collectionPath(kind, query.namespace), query: selectors, gvk: query.gvk };
  try {
    await streamObjects(context.client, target, { onObjects: take, onTrouble: () => {} }, signal);
  } catch (error) {
    // Credentials that may not list pods can still deploy; the texts are poorer then.
    if (!(error instanceof ApiError)) throw error;
    take([]);
  }
}
