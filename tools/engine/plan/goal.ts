/** What the program asks for: one registration, decoded, before anything was decided about it. */
import type { PropertyMap } from "../values.ts";

export interface AliasSpec {
  /** A full URN, or the parts of one; absent parts are the resource's own. */
  readonly urn?: string;
  readonly name?: string;
  readonly type?: string;
  readonly stack?: string;
  readonly project?: string;
  readonly parent?: string;
  readonly noParent?: boolean;
}

/** Seconds, as Pulumi's state keeps them. */
export interface Timeouts {
  readonly create?: number;
  readonly update?: number;
  readonly delete?: number;
}

export interface Goal {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly parent: string | undefined;
  readonly inputs: PropertyMap;
  readonly protect: boolean | undefined;
  /** `URN::ID` of an explicit Pulumi provider; undefined takes the package's default one. */
  readonly provider: string | undefined;
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly deleteBeforeReplace: boolean | undefined;
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  readonly aliases: readonly AliasSpec[];
  readonly customTimeouts: Timeouts;
  readonly retainOnDelete: boolean | undefined;
  readonly deletedWith: string | undefined;
}

/** Nothing but itself is asked for. */
export const PLAIN_GOAL: Omit<Goal, "type" | "name" | "custom"> = {
  parent: undefined,
  inputs: {},
  protect: undefined,
  provider: undefined,
  version: "",
  dependencies: [],
  propertyDependencies: {},
  deleteBeforeReplace: undefined,
  ignoreChanges: [],
  replaceOnChanges: [],
  additionalSecretOutputs: [],
  aliases: [],
  customTimeouts: {},
  retainOnDelete: undefined,
  deletedWith: undefined,
};

/** A `get`: a resource that exists and is only looked at. */
export interface ReadGoal {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly inputs: PropertyMap;
  readonly provider: string | undefined;
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
}

/** Go's durations, as the SDK passes customTimeouts: "5m", "1h30m", "90s", "1.5h". */
export function parseDuration(text: string): number | undefined {
  if (text === "") return undefined;
  const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001, us: 1e-6, ns: 1e-9 };
  if (!/^(\d+(\.\d+)?(h|ms|us|ns|m|s))+$/.test(text)) {
    throw new Error(`customTimeouts: "${text}" is no duration; write one like "5m" or "1h30m"`);
  }
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)/g)) {
    seconds += Number(amount) * (units[unit ?? ""] ?? 0);
  }
  return seconds;
}
