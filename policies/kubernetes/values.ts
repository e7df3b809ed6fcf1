/** Reading properties whose form nobody has checked yet, without ever throwing on a wrong one. */

export type Fields = Readonly<Record<string, unknown>>;

export function asFields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;
}

/** The object at a path; undefined where something on the way is absent or no object. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const key of path) current = asFields(current)?.[key];
  return current;
}

export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}

export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** undefined: no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is no list has nothing in it. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What is no list stands for a list of itself, as AWS reads its documents. */
export function oneOrMany(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : isPresent(value) ? [value] : [];
}
