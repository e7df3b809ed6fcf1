/** Percentiles from counted bins, as Prometheus estimates them: evenly spread within a bin. */

/**
 * `counts[i]`: how many are at most `edges[i]`; the last one is how many there are. null: none. What is beyond the last edge is told as that
 * edge, since nothing more is known.
 */
export function percentileOf(
  share: number,
  edges: readonly number[],
  counts: readonly number[],
): number | null {
  const all = counts.at(-1) ?? 0;
  if (all === 0) return null;
  const rank = share * all;
  const bin = edges.findIndex((_, index) => (counts[index] ?? 0) >= rank);
  if (bin === -1) return edges.at(-1) ?? null;
  const [low, high] = [bin === 0 ? 0 : (edges[bin - 1] ?? 0), edges[bin] ?? 0];
  const below = bin === 0 ? 0 : (counts[bin - 1] ?? 0);
  const within = (counts[bin] ?? 0) - below;
  const part = within === 0 ? 1 : (rank - below) / within;
  return Math.round(low + (high - low) * part);
}

/** Bins of several groups together. */
export function addBins(groups: readonly (readonly number[])[]): number[] {
  const length = Math.max(0, ...groups.map((group) => group.length));
  return Array.from({ length }, (_, index) =>
    groups.reduce((sum, group) => sum + (group[index] ?? 0), 0),
  );
}
