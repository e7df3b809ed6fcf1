/**
 * What a rule is: which resources it is about, and what it says of one of them. A rule knows neither
 * Pulumi's protocol nor a law: as-policy.ts puts it into the pack, judge-graph.ts asks it for a report,
 * and the catalogue says which clauses it answers to.
 */
import type { PolicyConfigSchema, Severity } from "@pulumi/policy";
import type { Fields } from "../kubernetes/values.ts";

export interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** As the policy SDK hands them over: reading a value that is not known yet throws. */
  readonly props: Fields;
}

export interface Report {
  fails(message: string): void;
  /** What cannot be known from the program, whatever the engine knows. Never a pass. */
  notEvaluated(reason: string): void;
}

export interface Context {
  /** The whole stack; a rule that sees one resource at a time finds only that one. */
  readonly resources: readonly Resource[];
  /** The rule's own settings, from the policy configuration. */
  readonly settings: Fields;
  /** Computes once for each rule and stack what every judgement needs. */
  once<T>(key: string, make: () => T): T;
}

export interface Rule {
  readonly name: string;
  readonly description: string;
  readonly severity: Severity;
  readonly configSchema?: PolicyConfigSchema;
  /**
   * "resource": judged when it is registered, by its inputs. "stack": judged at the end, by what all
   * resources became.
   */
  readonly sees: "resource" | "stack";
  /** What it is about, in a few words: the reason why a stack without any is not judged. */
  readonly about: string;
  /** Is it about this resource? By its type where possible, since a value may be unknown. */
  applies(resource: Resource, context: Context): boolean;
  judge(resource: Resource, report: Report, context: Context): void;
}

/** The name of a resource as Pulumi's URN ends with it. */
export function nameOfUrn(urn: string): string {
  return urn.split("::").at(-1) ?? urn;
}

export function contextOf(resources: readonly Resource[], settings: Fields): Context {
  const made = new Map<string, unknown>();
  return {
    resources,
    settings,
    once: <T>(key: string, make: () => T): T => {
      if (!made.has(key)) made.set(key, make());
      return made.get(key) as T;
    },
  };
}
