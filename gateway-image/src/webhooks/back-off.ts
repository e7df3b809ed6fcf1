/** How long to wait before the next of several attempts. */
/** Doubles from a second to ten minutes, drawn from the upper half so that many do not come at once. */
export function backOffMs(attempts: number, random: () => number = Math.random): number {
  const full = Math.min(1_000 * 2 ** (attempts - 1), 600_000);
  return full / 2 + random() * (full / 2);
}
