/** When a credential ends: on its date, or when it was not rotated in time. Pure. */
const DAY_MS = 86_400_000;

export interface Ending {
  readonly created?: string | undefined;
  readonly expires?: string | undefined;
  readonly rotateEveryDays?: number | undefined;
}

/** Milliseconds since 1970; null: never. */
export function endOf({ created, expires, rotateEveryDays }: Ending): number | null {
  const ends = [
    ...(expires === undefined ? [] : [Date.parse(expires)]),
    ...(rotateEveryDays === undefined || created === undefined
      ? []
      : [Date.parse(created) + rotateEveryDays * DAY_MS]),
  ];
  return ends.length === 0 ? null : Math.min(...ends);
}
