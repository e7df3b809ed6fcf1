/** The profile of the stack that is judged: its own output `plan` says it, or the rule's settings. */
import { PROFILES, type Profile } from "../catalogue/profiles.ts";
import { textAt } from "../kubernetes/values.ts";
import type { Context } from "./rule.ts";

/** undefined: the stack names none; the rule profile-named says so, and no floor can be measured. */
export function profileOf({ resources, settings, once }: Context): Profile | undefined {
  return once("profile", () => {
    const configured = textAt(settings, "profile");
    const root = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
    const named = configured ?? textAt(root?.props, "plan", "profile") ?? "";
    return Object.hasOwn(PROFILES, named) ? Reflect.get(PROFILES, named) : undefined;
  }) as Profile | undefined;
}

/** `cn-*` against `cn-north-1`. */
export function isAllowedRegion(region: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("*") ? region.startsWith(pattern.slice(0, -1)) : region === pattern,
  );
}
