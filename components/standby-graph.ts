/**
 * Proves two things of what the sites declare: nothing that keeps state is without a replica at
 * another site, and nothing at the standby needs the primary, neither directly nor through a third
 * place. That a replica reads from its origin is no need: it is what `replicaOf` says. Pure.
 */
export type DependencyKind = "kms" | "registry" | "dns" | "identity" | "data" | "weights";

export interface Dependency {
  readonly on: string;
  readonly kind: DependencyKind;
}

export interface Declared {
  /** Unique over all sites. */
  readonly name: string;
  /** `primary`, `standby`, or a third place. Two primaries are two sites, each other's standby. */
  readonly site: string;
  /** It keeps what cannot be made again. */
  readonly stateful: boolean;
  readonly replicaOf?: string | undefined;
  readonly dependsOn: readonly Dependency[];
}

export interface GraphFault {
  readonly rule: "declaration" | "no-replica" | "needs-primary";
  readonly thing: string;
  readonly told: string;
}

export interface Sites {
  readonly primary: string;
  readonly standby: string;
}

/** Empty: both are proved. Faults of the declaration itself come first, and alone. */
export function standbyFaults(
  things: readonly Declared[],
  { primary, standby }: Sites,
): GraphFault[] {
  const declared = declarationFaults(things);
  if (declared.length > 0) return declared;
  const byName = new Map(things.map((thing) => [thing.name, thing]));
  return [
    ...things
      .filter((thing) => thing.site === primary && thing.stateful)
      .filter((thing) => !hasReplica(thing, things, byName, standby))
      .map(({ name }) => ({
        rule: "no-replica" as const,
        thing: name,
        told: `${name} keeps state at ${primary}, and nothing at ${standby} is its replica`,
      })),
    ...things
      .filter((thing) => thing.site === standby)
      .flatMap((thing) => {
        const way = wayTo(thing, byName, primary);
        if (way === null) return [];
        const told = `${standby} needs ${primary}: ${way}`;
        return [{ rule: "needs-primary" as const, thing: thing.name, told }];
      }),
  ];
}

type Things = ReadonlyMap<string, Declared>;

function declarationFaults(things: readonly Declared[]): GraphFault[] {
  const byName = new Map(things.map((thing) => [thing.name, thing]));
  const fault = (thing: string, told: string): GraphFault[] => [
    { rule: "declaration", thing, told },
  ];
  const seen = new Set<string>();
  return things.flatMap(({ name, site, stateful, replicaOf, dependsOn }) => {
    const twice = seen.has(name) ? fault(name, `${name} is declared twice`) : [];
    seen.add(name);
    const unknown = [replicaOf, ...dependsOn.map(({ on }) => on)]
      .filter((other) => other !== undefined)
      .filter((other) => !byName.has(other))
      .flatMap((other) => fault(name, `${name} speaks of ${other}, which nobody declares`));
    const origin = replicaOf === undefined ? undefined : byName.get(replicaOf);
    if (origin === undefined) return [...twice, ...unknown];
    const stateless =
      stateful && origin.stateful
        ? []
        : fault(name, `${name} is a replica of ${origin.name}, and one of them keeps no state`);
    const near =
      origin.site === site
        ? fault(name, `${name} is a replica of ${origin.name} at the same site`)
        : [];
    const round = isRound(origin, byName)
      ? fault(name, `${name} is in the end a replica of itself`)
      : [];
    return [...twice, ...unknown, ...stateless, ...near, ...round];
  });
}

function isRound(start: Declared, things: Things): boolean {
  const passed = new Set<string>();
  for (
    let at: Declared | undefined = start;
    at !== undefined;
    at = at.replicaOf === undefined ? undefined : things.get(at.replicaOf)
  ) {
    if (passed.has(at.name)) return true;
    passed.add(at.name);
  }
  return false;
}

/** A replica of a replica will do: the third place may be in between. */
function hasReplica(
  origin: Declared,
  things: readonly Declared[],
  byName: Things,
  standby: string,
): boolean {
  return things.some((thing) => {
    if (thing.site !== standby) return false;
    for (let at = thing.replicaOf; at !== undefined; at = byName.get(at)?.replicaOf) {
      if (at === origin.name) return true;
    }
    return false;
  });
}

/** The shortest, written out; null: there is none. */
function wayTo(start: Declared, things: Things, primary: string): string | null {
  const passed = new Set([start.name]);
  let edge = [{ thing: start, written: start.name }];
  while (edge.length > 0) {
    const found = edge.find(({ thing }) => thing.site === primary);
    if (found !== undefined) return found.written;
    edge = edge.flatMap(({ thing, written }) =>
      thing.dependsOn.flatMap(({ on, kind }) => {
        const next = things.get(on);
        if (next === undefined || passed.has(on)) return [];
        passed.add(on);
        return [{ thing: next, written: `${written} –${kind}→ ${on}` }];
      }),
    );
  }
  return null;
}
