/**
 * What somebody sets for a pack's policies: how strictly each is enforced, and the values that its schema names. As the Pulumi
 * CLI reads them (`--policy-pack-config`) and lays them over what the pack brings: the policy's own entry first, then "all",
 * then the pack's initial settings, then the defaults.
 */
import { UserError } from "../../base/user-error.ts";
import type { PropertyMap } from "../values.ts";

const LEVELS = ["advisory", "mandatory", "remediate", "disabled"] as const;
export type EnforcementLevel = (typeof LEVELS)[number];

export interface PolicySettings {
  readonly level?: EnforcementLevel;
  readonly properties: PropertyMap;
}

/** By policy; "all" holds for those that set no level of their own. */
export type PackSettings = Readonly<Record<string, PolicySettings>>;

/** A policy as its pack describes it. */
export interface PolicyFacts {
  readonly name: string;
  readonly level: EnforcementLevel;
  /** JSON Schemas by property; a property may have a default. */
  readonly properties: PropertyMap;
  readonly required: readonly string[];
}

export interface SettledPolicy {
  readonly level: EnforcementLevel;
  readonly properties: PropertyMap;
}

const ALL = "all";

export function parsePackSettings(text: string, where: string): PackSettings {
  const refused = (what: string) =>
    new UserError(`the settings of a policy pack ${what}`, {
      where,
      fix: `One JSON object: a policy's name (or "${ALL}") and a level (${LEVELS.join(", ")}), or an object of its settings with an optional enforcementLevel.`,
    });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw refused("are no JSON");
  }
  if (!isMap(parsed)) throw refused("are no object");
  return Object.fromEntries(
    Object.entries(parsed).map(([policy, value]) => {
      const { enforcementLevel, ...properties } = isMap(value)
        ? value
        : { enforcementLevel: value };
      if (enforcementLevel === undefined) return [policy, { properties }];
      const level = LEVELS.find((one) => one === enforcementLevel);
      if (level === undefined) throw refused(`give ${policy} a level that there is not`);
      return [policy, { level, properties }];
    }),
  );
}

/** For every policy of the pack, since its runner knows no default by itself. */
export function settle(
  policies: readonly PolicyFacts[],
  initial: PackSettings,
  given: PackSettings,
): Readonly<Record<string, SettledPolicy>> {
  return Object.fromEntries(
    policies.map(({ name, level, properties }) => [
      name,
      {
        level:
          given[name]?.level ??
          given[ALL]?.level ??
          initial[name]?.level ??
          initial[ALL]?.level ??
          level,
        properties: {
          ...defaults(properties),
          ...initial[name]?.properties,
          ...given[name]?.properties,
        },
      },
    ]),
  );
}

function defaults(schemas: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(schemas).flatMap(([key, schema]) =>
      isMap(schema) && schema["default"] !== undefined ? [[key, schema["default"]]] : [],
    ),
  );
}

/** What the policies do not take, a line each; a policy that is disabled takes anything. */
export async function settingFaults(
  policies: readonly PolicyFacts[],
  given: PackSettings,
  settled: Readonly<Record<string, SettledPolicy>>,
): Promise<readonly string[]> {
  const known = new Set([ALL, ...policies.map(({ name }) => name)]);
  const unknown = Object.keys(given).filter((name) => !known.has(name));
  const { Ajv } = await import("ajv");
  const ajv = new Ajv({ allErrors: true, strict: false });
  const wrong = policies.flatMap(({ name, properties, required }) => {
    const one = settled[name];
    if (one === undefined || one.level === "disabled") return [];
    const validate = ajv.compile({ type: "object", properties, required });
    if (validate(one.properties)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => {
      const at = instancePath.slice(1).replaceAll("/", ".");
      return `${name}${at === "" ? "" : `.${at}`}: ${message}`;
    });
  });
  return [...unknown.map((name) => `${name}: the pack has no such policy`), ...wrong];
}

function isMap(value: unknown): value is PropertyMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
