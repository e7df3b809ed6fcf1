/**
 * From a map of configuration texts to settings, or to every fault at once: its path, what is wrong
 * and what would be right. Pure; knows nothing of Pulumi.
 */
import type { z } from "zod";
import type { Fault } from "./fault.ts";
import { nearest } from "./nearest.ts";
import { relations } from "./relations.ts";
import { rightAt, sensitiveAt } from "./right.ts";
import { type SectionName, type Settings, sections } from "./schema.ts";

export type Parsed = { readonly settings: Settings } | { readonly faults: readonly Fault[] };

export const NAMESPACE = "deepseek";

/**
 * `map` holds full keys (`deepseek:edge`) and their texts. Keys of other namespaces are not ours, but what
 * stands under a mistyped one would be passed over in silence.
 */
export function parseSettings(map: Readonly<Record<string, string>>): Parsed {
  const faults: Fault[] = [];
  const parsed: Record<string, unknown> = {};
  for (const key of Object.keys(map)) {
    const [namespace, name] = split(key);
    if (namespace === NAMESPACE && !(name in sections)) faults.push(unknownSection(name));
    if (isMistyped(namespace)) faults.push(unknownNamespace(key, name));
  }
  for (const name of Object.keys(sections) as SectionName[]) {
    const result = parseSection(name, map[`${NAMESPACE}:${name}`]);
    if ("faults" in result) faults.push(...result.faults);
    else parsed[name] = result.value;
  }
  // Relations run on what could be read, so that one fault never hides an independent other one.
  faults.push(...relations(parsed as Partial<Settings>));
  return faults.length > 0 ? { faults } : { settings: freeze(parsed as unknown as Settings) };
}

/** The one screen a person sees. Its first line is fixed: the command line recognises it. */
export function renderFaults(stack: string, faults: readonly Fault[]): string {
  const noun = faults.length === 1 ? "fault" : "faults";
  const lines = faults.map(
    (fault) => `  ${fault.path}\n    ${fault.wrong}\n    right: ${fault.right}`,
  );
  return `Configuration of stack ${stack} has ${faults.length} ${noun}:\n${lines.join("\n")}`;
}

function split(key: string): [string, string] {
  const colon = key.indexOf(":");
  return colon < 0 ? ["", key] : [key.slice(0, colon), key.slice(colon + 1)];
}

function isMistyped(namespace: string): boolean {
  return namespace !== NAMESPACE && nearest(namespace, [NAMESPACE]) !== undefined;
}

function unknownNamespace(key: string, name: string): Fault {
  const right = `${NAMESPACE}:${name}`;
  return { path: key, wrong: "unknown namespace", right };
}

function unknownSection(name: string): Fault {
  return unknownKey(`${NAMESPACE}:${name}`, name, Object.keys(sections));
}

function unknownKey(path: string, key: string, known: readonly string[]): Fault {
  const meant = nearest(key, known);
  return {
    path,
    wrong: meant === undefined ? "unknown key" : `unknown key; did you mean "${meant}"?`,
    right: known.length === 0 ? "no keys here" : `one of ${known.join(", ")}`,
  };
}

function parseSection(
  name: SectionName,
  text: string | undefined,
): { value: unknown } | { faults: Fault[] } {
  const decoded = decode(name, text);
  if ("faults" in decoded) return decoded;
  const schema: z.ZodType = sections[name];
  const result = schema.safeParse(decoded.value);
  if (result.success) return { value: result.data };
  return { faults: result.error.issues.flatMap((issue) => faultsOf(name, issue, decoded.value)) };
}

/** A structured section arrives as JSON text; these are plain text. */
const TEXTS: readonly SectionName[] = ["environment", "registry"];

function decode(
  name: SectionName,
  text: string | undefined,
): { value: unknown } | { faults: Fault[] } {
  if (text === undefined || TEXTS.includes(name)) return { value: text };
  try {
    return { value: JSON.parse(text) };
  } catch {
    const right = `${rightAt(name, [])}, written as YAML below the key`;
    return { faults: [{ path: `${NAMESPACE}:${name}`, wrong: "is plain text", right }] };
  }
}

function faultsOf(name: SectionName, issue: z.core.$ZodIssue, root: unknown): Fault[] {
  const steps = issue.path;
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(name, steps);
    return issue.keys.map((key) => unknownKey(written(name, [...steps, key]), key, known));
  }
  const value = steps.reduce<unknown>(
    (inner, step) => (inner as Record<PropertyKey, unknown> | undefined)?.[step],
    root,
  );
  return [
    { path: written(name, steps), wrong: shown(name, steps, value), right: rightAt(name, steps) },
  ];
}

function knownKeys(name: SectionName, steps: readonly PropertyKey[]): string[] {
  const right = rightAt(name, steps);
  return right.startsWith("an object with ")
    ? right.slice("an object with ".length).split(", ")
    : [];
}

function written(name: SectionName, steps: readonly PropertyKey[]): string {
  return steps.reduce<string>(
    (path, step) => (typeof step === "number" ? `${path}[${step}]` : `${path}.${String(step)}`),
    `${NAMESPACE}:${name}`,
  );
}

const SHOWN_MAX = 60;

function shown(name: SectionName, steps: readonly PropertyKey[], value: unknown): string {
  if (value === undefined) return "missing";
  if (sensitiveAt(name, steps)) return "has the wrong form (not shown: it is a secret)";
  const text = JSON.stringify(value);
  return `is ${text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text}`;
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) freeze(inner);
    Object.freeze(value);
  }
  return value;
}
