/** The configuration of `pulumi:providers:aws` that the simulated cloud reads: region and tags. */
import type { CheckFailure } from "../../provider.ts";
import { isObject, isUnknown, type PropertyMap, type PropertyValue, reveal } from "../../values.ts";
import { nearest } from "./check.ts";
import { AWS_SCHEMA } from "./schema.ts";

export interface AwsConfig {
  /** undefined: not known yet (a preview). */
  readonly region: string | undefined;
  readonly defaultTags: Readonly<Record<string, string>>;
}

const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

export function checkConfigInputs(
  inputs: PropertyMap,
  environment: Readonly<Record<string, string>>,
): CheckFailure[] {
  const known = Object.keys(AWS_SCHEMA.provider);
  const failures = Object.keys(inputs)
    .filter((key) => !known.includes(key) && !key.startsWith("__"))
    .map((property) => ({ property, reason: `Unknown setting. ${nearest(property, known)}` }));
  const region = regionOf(inputs, environment);
  if (region === undefined) {
    failures.push({
      property: "region",
      reason: "Missing. Set aws:region (or AWS_REGION) to a region such as eu-central-1.",
    });
  } else if (!isUnknown(region) && !REGION.test(region)) {
    failures.push({
      property: "region",
      reason: `"${region}" is not the name of a region. Give one such as eu-central-1.`,
    });
  }
  return failures;
}

export function readConfig(
  inputs: PropertyMap,
  environment: Readonly<Record<string, string>>,
): AwsConfig {
  const region = regionOf(inputs, environment);
  return {
    region: region === undefined || isUnknown(region) ? undefined : region,
    defaultTags: tagsOf(decoded(inputs.defaultTags)),
  };
}

function regionOf(
  inputs: PropertyMap,
  environment: Readonly<Record<string, string>>,
): string | undefined {
  const given = reveal(inputs.region ?? null);
  if (typeof given === "string" && given !== "") return given;
  return environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
}

/** Pulumi sends nested settings of a Pulumi provider as JSON text. */
function decoded(value: PropertyValue | undefined): PropertyValue {
  const plain = reveal(value ?? null);
  if (typeof plain !== "string" || isUnknown(plain)) return plain;
  try {
    return JSON.parse(plain) as PropertyValue;
  } catch {
    return null;
  }
}

function tagsOf(value: PropertyValue): Record<string, string> {
  const tags = isObject(value) ? value.tags : undefined;
  if (!isObject(tags)) return {};
  return Object.fromEntries(Object.entries(tags).map(([key, tag]) => [key, String(tag)]));
}
