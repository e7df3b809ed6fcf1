/** "Did you mean …?": the known word with the fewest edits, where it is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const distances = known.map((candidate) => ({
    candidate,
    edits: edits(word.toLowerCase(), candidate.toLowerCase()),
  }));
  const best = distances.sort((a, b) => a.edits - b.edits)[0];
  // More than a third of the word changed is another word.
  return best !== undefined && best.edits <= Math.max(1, Math.ceil(word.length / 3))
    ? best.candidate
    : undefined;
}

/** Levenshtein distance, one row at a time. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
