/**
 * What a site of a pair tells the other one, and what the other one makes of it: where its stores
 * answer, whose certificates they show, which weights it serves. Pure.
 */
import { names } from "../components/aws/place.ts";
import { authorityDigest } from "../config/certificate-faults.ts";
import type { Fault } from "../config/fault.ts";
import type { CloudSettings, Settings } from "../config/schema.ts";
import { cloudPlace } from "./cloud-place.ts";
import { isOnGpus, manifestOf } from "./site-models.ts";

/** The output `site`. `npm run sites` and the other site's program read it: names are kept. */
export interface SiteTold {
  readonly name: string;
  readonly role: "primary" | "standby";
  readonly clusterIdentifier: string;
  /** Where its stores are reached from the other site; null: it is not said. */
  readonly postgres: string | null;
  readonly redis: string | null;
  readonly ranges: readonly string[];
  /** Digest of the authority of its certificates; null: cert-manager's, which is not known here. */
  readonly authority: string | null;
  /** Of its weights, where the site has one; null: they lie on volumes. */
  readonly bucket: { readonly name: string; readonly region: string } | null;
  /** Digests of the manifests of its models' weights, as far as they are known. */
  readonly weights: Readonly<Record<string, string>>;
}

export function siteTold(settings: Settings): SiteTold {
  const { site, cloud, cluster, models, certificates } = settings;
  const known = models.filter(isOnGpus).flatMap((model) => {
    const manifest = manifestOf(settings, model);
    return manifest === null ? [] : [[model.name, manifest] as const];
  });
  return {
    name: site.name,
    role: site.role,
    clusterIdentifier: cluster.clusterIdentifier,
    postgres: site.reach?.postgres ?? null,
    redis: site.reach?.redis ?? null,
    ranges: site.reach?.ranges ?? [],
    authority: certificates === undefined ? null : (authorityDigest(certificates.ca) ?? null),
    bucket: cloud === undefined ? null : bucketOf(settings, cloud),
    weights: Object.fromEntries(known),
  };
}

function bucketOf(settings: Settings, cloud: CloudSettings) {
  return { name: names.bucket(cloudPlace(settings, cloud), "weights"), region: cloud.region };
}

type Other = NonNullable<Settings["site"]["other"]>;
type Found = Other & { [Key in "postgres" | "ranges"]: NonNullable<Other[Key]> };

/** The other site, with what was read of it; null: there is none. */
export function otherOf({ other }: Settings["site"]): Found | null {
  if (other === undefined) return null;
  const { postgres, ranges } = other;
  if (postgres === undefined || ranges === undefined) {
    throw new Error(`nothing is known of where ${other.name} is reached`);
  }
  return { ...other, postgres, ranges };
}

/** `told` where the settings are silent: what is given is believed. */
export function completedOther(other: Other, told: SiteTold): Record<string, unknown> {
  const { postgres, redis, ranges, clusterIdentifier, authority, weights } = told;
  const heard = {
    postgres: postgres ?? undefined,
    redis: redis ?? undefined,
    ranges: ranges.length === 0 ? undefined : ranges,
    clusterIdentifier,
    authority: authority ?? undefined,
  };
  const given = Object.entries(other).filter(([, value]) => value !== undefined);
  return { ...heard, ...Object.fromEntries(given), weights: { ...weights, ...other.weights } };
}

/** Why outputs of a stack cannot be followed; empty: they can. */
export function toldFaults(
  told: unknown,
  other: Pick<Other, "name" | "serves" | "postgres" | "redis" | "ranges">,
  role: Settings["site"]["role"],
): Fault[] {
  const at = (path: string, wrong: string, right: string) => [
    { path: `deepseek:site.other.${path}`, wrong, right },
  ];
  if (!isSiteTold(told)) {
    return at("stack", "was read, and has no output `site`", "a stack that was deployed since");
  }
  if (told.name !== other.name) {
    return at("stack", `is the stack of the site ${told.name}`, `the stack of ${other.name}`);
  }
  if (role === "standby" && told.role === "standby") {
    return at("stack", "is a standby's, and a standby follows a primary", "the primary's stack");
  }
  return (["postgres", "redis", "ranges"] as const)
    .filter((name) => !(other.serves && name === "redis"))
    .filter((name) => other[name] === undefined && (told[name]?.length ?? 0) === 0)
    .flatMap((name) =>
      at(name, "missing, and the other stack does not tell it", "site.reach there"),
    );
}

function isSiteTold(value: unknown): value is SiteTold {
  if (typeof value !== "object" || value === null) return false;
  const { name, role, clusterIdentifier, ranges, weights } = value as Partial<SiteTold>;
  return (
    [name, role, clusterIdentifier].every((one) => typeof one === "string") &&
    Array.isArray(ranges) &&
    typeof weights === "object"
  );
}
