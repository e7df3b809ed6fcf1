/**
 * What two sites of a pair declare, for the proofs of components/standby-graph.ts: read off what their
 * programs register and what their settings name, so that nothing is said here that is not there.
 */
import type { Declared, Dependency, DependencyKind } from "../components/standby-graph.ts";
import { committedValues, type Values } from "../config/test-settings.ts";
import { siteProgram } from "./site-program.ts";
import { LEDGER_COPY } from "./store-arguments.ts";
import { type Loose, settingsOf } from "./test-objects.ts";
import { type Registered, runProgram } from "./test-program.ts";

/** Settings that name a host outside of the site, and what it is needed for. */
const NAMED: readonly (readonly [RegExp, DependencyKind])[] = [
  [/^deepseek:registry$|\.image$/, "registry"],
  [/^deepseek:weightsKey\./, "kms"],
  [/^deepseek:models\..*weights/, "weights"],
  [/oidc|issuer|identit/i, "identity"],
  [/./, "data"],
];
/** Callers' names move with the service; those of the other site are its own, not this one's. */
const ELSEWHERE = /^deepseek:(edge\.hosts|site\.other|site\.failover)/;
const HOST = /\b(?:[a-z0-9-]+\.)+(?:example|com|org|cn)\b/g;

export interface Site {
  readonly name: string;
  readonly values: Values;
  readonly resources: readonly Registered[];
}

export async function siteOf(values: Values): Promise<Site> {
  const settings = settingsOf(values);
  const { resources } = await runProgram(await siteProgram(settings), settings);
  return { name: settings.site.name, values, resources };
}

export const committedSite = (stack: string): Promise<Site> => siteOf(committedValues(stack));

/** The things of both, and what `standby` says that `primary` has. */
export function declaredBy(primary: Site, standby: Site): Declared[] {
  const places = placesOf(primary, standby);
  return [
    ...[...places].map(([host, kind]) => ({
      name: `${primary.name}: ${host} (${kind})`,
      site: primary.name,
      stateful: false,
      dependsOn: [],
    })),
    ...thingsOf(primary, null, new Map()),
    ...thingsOf(standby, primary, places),
  ];
}

/** The same of two sites that both serve: each has copies of what the other one keeps. */
export function declaredByBoth(one: Site, other: Site): Declared[] {
  const ways = [
    [one, other],
    [other, one],
  ] as const;
  return ways.flatMap(([site, origin]) => {
    const places = placesOf(origin, site);
    return [
      ...[...places].map(([host, kind]) => ({
        name: `${origin.name}: ${host} (${kind})`,
        site: origin.name,
        stateful: false,
        dependsOn: [],
      })),
      ...thingsOf(site, origin, places),
    ];
  });
}

/** Hosts that stand at the primary: those that its settings name, and those that the other's say it has. */
function placesOf(primary: Site, standby: Site): ReadonlyMap<string, DependencyKind> {
  const found = new Map<string, DependencyKind>();
  for (const [path, text] of textsOf(primary.values)) {
    if (ELSEWHERE.test(path)) continue;
    const kind = NAMED.find(([pattern]) => pattern.test(path))?.[1] ?? "data";
    for (const [host] of text.matchAll(HOST)) found.set(host, kind);
  }
  const { other } = (standby.values["deepseek:site"] ?? {}) as Loose;
  for (const host of [other?.postgres, other?.redis])
    if (host !== undefined) found.set(host, "data");
  return found;
}

function textsOf(value: unknown, path = ""): (readonly [string, string])[] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    textsOf(inner, path === "" ? key : `${path}.${key}`),
  );
}

function thingsOf(
  site: Site,
  primary: Site | null,
  places: ReadonlyMap<string, DependencyKind>,
): Declared[] {
  return site.resources.flatMap((resource) => {
    const kind = resource.type.split(":").at(-1);
    const name = (of: Site, kept = keptName(resource)) => `${of.name}: ${kind} ${kept}`;
    const origin = primary === null ? null : followed(resource, site.resources, places);
    const needs = [...places].flatMap(([host, kind]): Dependency[] =>
      host !== origin && primary !== null && JSON.stringify(resource.inputs).includes(host)
        ? [{ on: `${primary.name}: ${host} (${kind})`, kind }]
        : [],
    );
    const stateful = keeps(resource);
    if (!stateful && needs.length === 0) return [];
    const copied = keptName(resource).replace(LEDGER_COPY, "postgres");
    const replica = primary !== null && origin !== null ? { replicaOf: name(primary, copied) } : {};
    return [{ name: name(site), site: site.name, stateful, ...replica, dependsOn: needs }];
  });
}

function keptName({ type, name, inputs }: Registered): string {
  return type.startsWith("kubernetes:") ? ((inputs as Loose).metadata?.name ?? name) : name;
}

/** Ledger and quotas: what is granted and owed. What a gateway holds for seconds is in docs/data.md. */
function keeps({ type, inputs }: Registered): boolean {
  const { kind, metadata } = inputs as Loose;
  if (type.endsWith(":Cluster") && kind === "Cluster") return true;
  return kind === "StatefulSet" && metadata.name === "redis";
}

/** The host that it copies from: in its own words, or in the configuration that it is started with. */
function followed(
  { inputs }: Registered,
  resources: readonly Registered[],
  places: ReadonlyMap<string, DependencyKind>,
): string | null {
  const object = inputs as Loose;
  const words =
    object.kind === "Cluster"
      ? JSON.stringify(object.spec.externalClusters ?? [])
      : object.metadata?.name?.startsWith("redis") === true
        ? JSON.stringify(
            resources
              .map((one) => one.inputs as Loose)
              .filter(
                ({ kind, metadata }) => kind !== undefined && metadata?.name?.startsWith("redis"),
              )
              .map(({ data, stringData }) => [data, stringData]),
          )
        : "";
  return [...places.keys()].find((host) => words.includes(host)) ?? null;
}
