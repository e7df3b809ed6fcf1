/**
 * Data stays where the profile's laws keep it: the Pulumi provider of AWS acts in an allowed region, and
 * no ARN, bucket or replica of the stack points to another one.
 */
import { isAllowedRegion, profileOf } from "../judging/profile.ts";
import type { Rule } from "../judging/rule.ts";
import { asFields, textAt } from "../kubernetes/values.ts";

const PROVIDER = "pulumi:providers:aws";
/** `arn:aws-cn:s3:cn-north-1:…`: the region, where the service has one. */
const ARN_REGION = /\barn:aws(?:-cn|-us-gov)?:[a-z0-9-]+:([a-z]{2}(?:-[a-z]+)+-\d):/g;

const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d$/;

export const regionFence: Rule = {
  name: "region-fence",
  description: "Data lies in regions that the profile's laws allow.",
  severity: "critical",
  sees: "stack",
  about: "cloud regions",
  applies: ({ type }) => type === PROVIDER || type.startsWith("aws:"),
  judge: ({ type, props, name }, report, context) => {
    const profile = profileOf(context);
    if (profile === undefined) {
      report.fails(`${name}: the stack names no profile, so that no region is allowed.`);
      return;
    }
    const { regions } = profile.floors;
    const fail = (region: string, how: string) =>
      report.fails(
        `${name} ${how} ${region}, outside of ${regions.join(", ")} (profile ${profile.name}).`,
      );
    if (type === PROVIDER) {
      const region = textAt(props, "region") ?? "no region";
      if (!isAllowedRegion(region, regions)) fail(region, "acts in");
      return;
    }
    // The provider answers for its own region; a resource, for one that differs from it.
    const home = context.once("home", () => homeRegions(context.resources));
    const foreign = new Set(
      [...regionsIn(props), ...namedIn(props)].filter((one) => !home.has(one)),
    );
    for (const region of foreign) if (!isAllowedRegion(region, regions)) fail(region, "points to");
  },
};

function homeRegions(resources: readonly { type: string; props: object }[]): ReadonlySet<string> {
  return new Set(
    resources.flatMap(({ type, props }) => {
      const region = type === PROVIDER ? textAt(props, "region") : undefined;
      return region === undefined ? [] : [region];
    }),
  );
}

/** `region`, which stands above the provider's own, and `replicas[].regionName`: at any depth. */
function namedIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namedIn);
  return Object.entries(asFields(value) ?? {}).flatMap(([key, inner]) => {
    if (!/region(Name|s)?$/i.test(key)) return namedIn(inner);
    const named = Array.isArray(inner) ? inner : [inner];
    return named.filter((one): one is string => typeof one === "string" && REGION.test(one));
  });
}

function regionsIn(value: unknown): string[] {
  if (typeof value === "string") {
    return [...value.matchAll(ARN_REGION)].flatMap(([, region]) =>
      region === undefined ? [] : [region],
    );
  }
  if (Array.isArray(value)) return value.flatMap(regionsIn);
  const fields = asFields(value);
  return fields === undefined ? [] : Object.values(fields).flatMap(regionsIn);
}
