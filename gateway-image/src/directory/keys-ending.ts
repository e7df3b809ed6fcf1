/** Which keys will end soon and have no successor: somebody must rotate them. Pure. */
import { endOf } from "./credential-end.ts";
import type { AccessKey, ApiKey } from "./entities.ts";

export interface KeysEnding {
  readonly soon: number;
  /** Milliseconds since 1970; null: none of them ends. */
  readonly earliestMs: number | null;
}

/** Keys that have ended, are disabled, temporary or replaced are nobody's business any more. */
export function keysEnding(
  keys: readonly (ApiKey | AccessKey)[],
  nowMs: number,
  withinMs: number,
): KeysEnding {
  const replaced = new Set(keys.map(({ replaces }) => replaces));
  const ends = keys
    .filter(({ id, disabled, temporaryOf }) => {
      return !disabled && temporaryOf === undefined && !replaced.has(id);
    })
    .map(endOf)
    .filter((end) => end !== null && end > nowMs) as number[];
  // No spread: there may be more keys than a call takes arguments.
  const earliestMs = ends.reduce<number | null>(
    (least, end) => (least === null || end < least ? end : least),
    null,
  );
  return { soon: ends.filter((end) => end - nowMs <= withinMs).length, earliestMs };
}
