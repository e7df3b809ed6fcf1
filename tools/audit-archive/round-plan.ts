/**
 * What of the audit trail waits to be archived: segments that are sealed and not shipped, and those
 * that should have been sealed since their day is over. Pure.
 */

export interface WaitingSegment {
  /** `<site>/<date>/<writer>-<n>.jsonl`: its place in the trail, and in the archive. */
  readonly name: string;
  /** null: its gateway still writes it, or died and has not come back. */
  readonly sealedMs: number | null;
}

export interface LateDay {
  /** `<site>/<date>`. */
  readonly day: string;
  readonly segments: number;
  readonly oldestSeconds: number;
}

export interface RoundPlan {
  /** To be shipped now, the oldest day first. Never one that is open. */
  readonly due: readonly WaitingSegment[];
  /** Also those that no gateway has sealed although their day is over. */
  readonly pending: number;
  /** 0: nothing waits. */
  readonly oldestSeconds: number;
  readonly late: readonly LateDay[];
}

const DAY_MS = 86_400_000;

export function planRound(
  segments: readonly WaitingSegment[],
  nowMs: number,
  lateMs: number,
): RoundPlan {
  const waits = segments.map((segment) => ({ ...segment, ageMs: nowMs - sinceMs(segment) }));
  const pending = waits.filter(({ sealedMs, ageMs }) => sealedMs !== null || ageMs > 0);
  const late = new Map<string, { segments: number; oldestMs: number }>();
  for (const { name, ageMs } of pending) {
    if (ageMs <= lateMs) continue;
    const day = dayOf(name);
    const known = late.get(day) ?? { segments: 0, oldestMs: 0 };
    const oldestMs = Math.max(known.oldestMs, ageMs);
    late.set(day, { segments: known.segments + 1, oldestMs });
  }
  return {
    due: segments.filter(({ sealedMs }) => sealedMs !== null).sort(byDay),
    pending: pending.length,
    oldestSeconds: seconds(Math.max(0, ...pending.map(({ ageMs }) => ageMs))),
    late: [...late]
      .map(([day, found]) => ({
        day,
        segments: found.segments,
        oldestSeconds: seconds(found.oldestMs),
      }))
      .sort((one, other) => one.day.localeCompare(other.day)),
  };
}

/** An open segment waits for nobody until its day (UTC) is over. */
function sinceMs({ name, sealedMs }: WaitingSegment): number {
  return sealedMs ?? Date.parse(`${name.split("/")[1]}T00:00:00Z`) + DAY_MS;
}

/** `<site>/<date>`. */
export function dayOf(name: string): string {
  return name.slice(0, name.lastIndexOf("/"));
}

function byDay(one: WaitingSegment, other: WaitingSegment): number {
  const [a, b] = [one, other].map(({ name }) => name.slice(name.indexOf("/") + 1));
  return (a ?? "").localeCompare(b ?? "");
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000);
}
