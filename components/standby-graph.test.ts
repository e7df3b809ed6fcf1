/** The proof against an exhaustive one on random sites, and against every mutant of a good one. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Declared, type DependencyKind, standbyFaults } from "./standby-graph.ts";

const SITES = { primary: "primary", standby: "standby" };
const KINDS: DependencyKind[] = ["kms", "registry", "dns", "identity", "data", "weights"];

/** A thing of both sites: the standby's is the primary's replica where it keeps state. */
function both(name: string, stateful: boolean, needs: [string, DependencyKind][]): Declared[] {
  const at = (site: string) => ({
    name: `${name}@${site}`,
    site,
    stateful,
    dependsOn: needs.map(([on, kind]) => ({ on: `${on}@${site}`, kind })),
  });
  const origin = at("primary");
  const replica = stateful ? { replicaOf: origin.name } : {};
  return [origin, { ...at("standby"), ...replica }];
}

const BANK: readonly Declared[] = [
  ...both("keys", true, []),
  ...both("registry", true, [["keys", "kms"]]),
  ...both("identity", true, [["keys", "kms"]]),
  ...both("ledger", true, [["keys", "kms"]]),
  ...both("audit", true, [["keys", "kms"]]),
  ...both("weights", true, [["keys", "kms"]]),
  ...both("model", false, [
    ["weights", "weights"],
    ["registry", "registry"],
  ]),
  ...both("gateway", false, [
    ["ledger", "data"],
    ["identity", "identity"],
    ["registry", "registry"],
    ["audit", "data"],
  ]),
  { name: "dns", site: "elsewhere", stateful: false, dependsOn: [] },
];

describe("a good pair of sites", () => {
  test("has no fault", () => {
    expect(standbyFaults(BANK, SITES)).toEqual([]);
  });

  test("is its own mirror: the other one may stand by as well", () => {
    const roles = { primary: "standby", standby: "primary" };
    const turned = standbyFaults(BANK, roles);
    // Only replication has a direction.
    expect(turned.every(({ rule }) => rule === "no-replica")).toBe(true);
    expect(turned).toHaveLength(BANK.filter((t) => t.stateful && t.site === "standby").length);
  });
});

describe("a mutant", () => {
  const replicas = BANK.filter(({ replicaOf }) => replicaOf !== undefined);

  test.each(replicas.map(({ name }) => name))("without the replica %s is found", (name) => {
    const change = (thing: Declared): Declared =>
      thing.name === name ? { ...thing, replicaOf: undefined } : thing;
    const origin = name.replace("@standby", "@primary");
    expect(standbyFaults(BANK.map(change), SITES)).toEqual([
      expect.objectContaining({ rule: "no-replica", thing: origin }),
    ]);
  });

  const needs = BANK.filter(({ site }) => site === "standby").flatMap((thing) =>
    thing.dependsOn.map(({ on }) => [thing.name, on] as const),
  );

  test.each(needs)("in which %s needs the primary's instead of %s is found", (name, on) => {
    const turned = on.replace("@standby", "@primary");
    const change = (thing: Declared): Declared => ({
      ...thing,
      dependsOn: thing.dependsOn.map((one) =>
        thing.name === name && one.on === on ? { ...one, on: turned } : one,
      ),
    });
    const faults = standbyFaults(BANK.map(change), SITES);
    expect(faults.every(({ rule }) => rule === "needs-primary")).toBe(true);
    const own = faults.find(({ thing }) => thing === name);
    expect(own?.told).toMatch(new RegExp(`^standby needs primary: ${name} –[a-z]+→ .*@primary$`));
  });

  test("in which a third place needs the primary is found, by the way that leads there", () => {
    const change = (thing: Declared): Declared => {
      if (thing.name === "dns") {
        return { ...thing, dependsOn: [{ on: "identity@primary", kind: "identity" }] };
      }
      if (thing.name !== "gateway@standby") return thing;
      return { ...thing, dependsOn: [...thing.dependsOn, { on: "dns", kind: "dns" }] };
    };
    expect(standbyFaults(BANK.map(change), SITES).map(({ told }) => told)).toEqual([
      "standby needs primary: gateway@standby –dns→ dns –identity→ identity@primary",
    ]);
  });

  test.each<[string, Declared, RegExp]>([
    ["a name twice", BANK[0] as Declared, /declared twice/],
    [
      "an unknown name",
      { name: "x", site: "standby", stateful: false, dependsOn: [{ on: "y", kind: "kms" }] },
      /speaks of y, which nobody declares/,
    ],
    [
      "a replica of what keeps nothing",
      { name: "x", site: "standby", stateful: true, replicaOf: "gateway@primary", dependsOn: [] },
      /keeps no state/,
    ],
    [
      "a replica beside its origin",
      { name: "x", site: "primary", stateful: true, replicaOf: "ledger@primary", dependsOn: [] },
      /at the same site/,
    ],
  ])("with %s is no declaration", (_what, thing, told) => {
    const faults = standbyFaults([...BANK, thing], SITES);
    expect(faults).toEqual([
      expect.objectContaining({ rule: "declaration", told: expect.stringMatching(told) }),
    ]);
  });

  test("with a round of replicas is no declaration", () => {
    const change = (thing: Declared): Declared =>
      thing.name === "ledger@primary" ? { ...thing, replicaOf: "ledger@standby" } : thing;
    const told = standbyFaults(BANK.map(change), SITES).map((fault) => fault.told);
    expect(told).toContain("ledger@primary is in the end a replica of itself");
  });
});

/** Names are numbers; a replica looks back only, so that there is no round. */
const graph = fc.integer({ min: 1, max: 9 }).chain((size) =>
  fc.tuple(
    ...Array.from({ length: size }, (_, index) =>
      fc.record({
        site: fc.constantFrom("primary", "standby", "elsewhere"),
        stateful: fc.boolean(),
        origin: fc.option(fc.integer({ min: 0, max: Math.max(0, index - 1) })),
        needs: fc.uniqueArray(fc.integer({ min: 0, max: size - 1 }), { maxLength: 3 }),
        kind: fc.constantFrom(...KINDS),
      }),
    ),
  ),
);

test("for every pair of sites the faults are those that an exhaustive search finds", () => {
  fc.assert(
    fc.property(graph, (drawn) => {
      const things: Declared[] = drawn.map(({ site, stateful, origin, needs, kind }, index) => {
        const from = origin === null ? undefined : drawn[origin];
        const sound = origin !== index && stateful && from?.stateful && from.site !== site;
        return {
          name: String(index),
          site,
          stateful,
          ...(sound ? { replicaOf: String(origin) } : {}),
          dependsOn: needs.map((on) => ({ on: String(on), kind })),
        };
      });
      const reach = closure(drawn.map(({ needs }) => needs));
      const copies = closure(
        things.map(({ replicaOf }) => (replicaOf === undefined ? [] : [Number(replicaOf)])),
      );
      const at = (site: string) => [...things.keys()].filter((i) => things[i]?.site === site);
      const lonely = at("primary")
        .filter((i) => things[i]?.stateful)
        .filter((i) => !at("standby").some((j) => copies[j]?.[i]));
      const needy = at("standby").filter((i) => at("primary").some((j) => reach[i]?.[j]));
      const found = standbyFaults(things, SITES);
      const names = (rule: string) => found.filter((f) => f.rule === rule).map((f) => f.thing);
      expect(names("declaration")).toEqual([]);
      expect(names("no-replica")).toEqual(lonely.map(String));
      expect(names("needs-primary")).toEqual(needy.map(String));
    }),
    { numRuns: 500 },
  );
});

/** Floyd and Warshall: who reaches whom in one step or more. */
function closure(edges: readonly (readonly number[])[]): boolean[][] {
  const reach = edges.map((to) => edges.map((_, index) => to.includes(index)));
  for (const k of edges.keys()) {
    for (const i of edges.keys()) {
      for (const j of edges.keys()) {
        if (reach[i]?.[k] && reach[k]?.[j] && reach[i]) reach[i][j] = true;
      }
    }
  }
  return reach;
}
