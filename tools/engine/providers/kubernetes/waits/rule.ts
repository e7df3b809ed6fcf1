/**
 * The contract of a wait: which objects to look at beside the one that was applied, and a pure
 * judgement over them. The loop (wait-loop.ts) does the watching; rules are plain functions.
 */
import type { GroupVersionKind, KubeObject } from "../kube-object.ts";

export interface Verdict {
  readonly state: "ready" | "waiting" | "failed";
  /** Shown live: "2 of 3 replicas ready: pod x ImagePullBackOff". */
  readonly status: string;
  /** Why it is not ready, for the error after the time-out. */
  readonly reasons: readonly string[];
  /** Only ready once nothing changed for so long. */
  readonly settleMs?: number;
}

/** Objects to follow: one by name, or all with the labels. */
export interface RelatedQuery {
  /** The key in Related. */
  readonly key: string;
  readonly gvk: GroupVersionKind;
  readonly namespace: string;
  readonly name?: string;
  readonly labelSelector?: string;
}

export type Related = Readonly<Record<string, readonly KubeObject[]>>;

export interface WaitRule {
  readonly timeoutMs: number;
  readonly related: readonly RelatedQuery[];
  judge(object: KubeObject, related: Related): Verdict;
}

/** Ten minutes, as the real Pulumi provider waits by default. */
export const WAIT_TIMEOUT_MS = 10 * 60_000;

export function ready(status: string, settleMs?: number): Verdict {
  return { state: "ready", status, reasons: [], ...(settleMs === undefined ? {} : { settleMs }) };
}

export function waiting(status: string, reasons: readonly string[] = []): Verdict {
  const detail = reasons[0];
  return {
    state: "waiting",
    status: detail === undefined ? status : `${status}: ${detail}`,
    reasons: [status, ...reasons],
  };
}

export function failed(status: string, reasons: readonly string[] = []): Verdict {
  return { state: "failed", status, reasons: [status, ...reasons] };
}
