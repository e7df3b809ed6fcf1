/** JSON in the one form that RFC 8785 gives it, so that the same content has the same hash. */
export type CanonicalValue =
  | string
  | number
  | boolean
  | null
  | readonly CanonicalValue[]
  | { readonly [name: string]: CanonicalValue | undefined };

/** Members that are undefined are left out. Throws for numbers that JSON does not have. */
export function canonicalJson(value: CanonicalValue): string {
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error("no number of JSON");
  // ECMAScript writes strings, numbers and literals as the RFC asks.
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = value as Record<string, CanonicalValue | undefined>;
  let text = "";
  // By UTF-16 code units, which is how JavaScript compares strings.
  for (const name of Object.keys(members).sort()) {
    const member = members[name];
    if (member === undefined) continue;
    text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}
