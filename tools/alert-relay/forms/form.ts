/** What every kind of channel is to the relay: how often it may be told, what it is sent, what its answer means. */
import type { ToldAlert } from "../told-alert.ts";

export interface Rate {
  /** The channel's own limit, all replicas together. */
  readonly perMinute: number;
  /** Of those, as many as may follow each other at once. */
  readonly burst: number;
}

export interface Outgoing {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Composed {
  /** Every alert is there in full. */
  readonly whole: boolean;
  /** Signatures carry the time of sending. */
  readonly at: (nowMs: number) => Outgoing;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Of the header Retry-After, where it is a number of seconds. */
  readonly afterSeconds?: number | undefined;
}

export type Verdict =
  | { readonly kind: "taken" }
  /** `limited`: the channel says that it is told too often. */
  | { readonly kind: "again" | "limited"; readonly reason: string; readonly afterMs?: number }
  /** The same message would be refused again. */
  | { readonly kind: "refused"; readonly reason: string };

export interface Form {
  readonly rate: Rate;
  readonly compose: (alerts: readonly ToldAlert[]) => Composed;
  readonly judge: (answer: Answer) => Verdict;
}

export const JSON_HEADERS = { "content-type": "application/json; charset=utf-8" } as const;

/** null: the status alone says nothing bad. */
export function judgeStatus({ status, afterSeconds }: Answer): Verdict | null {
  if (status >= 200 && status < 300) return null;
  const reason = `HTTP ${status}`;
  const after = afterSeconds === undefined ? {} : { afterMs: afterSeconds * 1_000 };
  if (status === 429) return { kind: "limited", reason, ...after };
  // What is not there now may be there in a moment; a redirect is followed never, as it leads elsewhere.
  if (status === 408 || status >= 500) return { kind: "again", reason, ...after };
  return { kind: "refused", reason };
}

interface Codes {
  /** Names of the code and of its text in the answer. */
  readonly code: string;
  readonly text: string;
  readonly limited: readonly number[];
  /** It was the channel's own fault. */
  readonly again: readonly number[];
}

/** Robots answer HTTP 200 whatever happened, and say in the body what did. */
export function judgeCode(answer: Answer, codes: Codes): Verdict {
  const bad = judgeStatus(answer);
  if (bad !== null) return bad;
  const fields = fieldsOf(answer.body);
  const code = fields?.[codes.code];
  // A proxy's page, say: whoever wrote it, it was not the channel.
  if (typeof code !== "number") return { kind: "again", reason: "its answer is not understood" };
  if (code === 0) return { kind: "taken" };
  const reason = `code ${code}: ${String(fields?.[codes.text] ?? "")}`;
  if (codes.limited.includes(code)) return { kind: "limited", reason };
  if (codes.again.includes(code)) return { kind: "again", reason };
  return { kind: "refused", reason };
}

export function fieldsOf(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
