/**
 * Walking a list of things to judge when some of their values are not known yet. Reading an unknown
 * throws inside Pulumi's policy SDK and the rule is reported as not evaluated. A rule must not stop
 * there: what can be judged is judged first, and the first unknown is thrown at the end.
 */
export function judgeEach<T>(items: Iterable<T>, judge: (item: T) => void): void {
  let unknown: unknown;
  for (const item of items) {
    try {
      judge(item);
    } catch (error) {
      if (!isUnknownValue(error)) throw error;
      unknown ??= error;
    }
  }
  if (unknown !== undefined) throw unknown;
}

/** What a rule needs stands where nobody looks: in a Secret, or in an object that the stack does not make. */
export class ElsewhereError extends Error {}

/** The SDK does not export its UnknownValueError; its fields tell it. */
export function isUnknownValue(error: unknown): boolean {
  return (
    error instanceof ElsewhereError || (error instanceof Error && "unknownTypeSentinel" in error)
  );
}
