/**
 * Of each pair of sites that are committed: nothing that keeps state at the primary is without a
 * replica at the standby, and nothing at the standby needs the primary: no key, no registry, no name,
 * no identity, no data. And of what a careless setting would change.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { type Declared, standbyFaults } from "../components/standby-graph.ts";
import { changed, committedValues } from "../config/test-settings.ts";
import { committedSite, declaredBy, declaredByBoth, type Site, siteOf } from "./test-sites.ts";

const PAIRS = [
  ["onprem-bank", "onprem-bank-standby"],
  ["hybrid", "hybrid-standby"],
  ["prod-pair", "prod-pair-standby"],
] as const;

const faultsOf = (primary: Site, standby: Site) =>
  standbyFaults(declaredBy(primary, standby), { primary: primary.name, standby: standby.name });

describe.each(PAIRS)("%s and %s", (first, second) => {
  let primary: Site;
  let standby: Site;
  let things: readonly Declared[];

  beforeAll(async () => {
    primary = await committedSite(first);
    standby = await committedSite(second);
    things = declaredBy(primary, standby);
  }, 120_000);

  test("the primary's ledger and quotas are found, and places that it names", () => {
    const at = things.filter(({ site }) => site === primary.name);
    expect(at.filter(({ stateful }) => stateful)).toHaveLength(2);
    expect(at.filter(({ stateful }) => !stateful).length).toBeGreaterThan(1);
  });

  test("both are proved", () => {
    expect(standbyFaults(things, { primary: primary.name, standby: standby.name })).toEqual([]);
  });

  test("a standby that pulls its images from the primary's registry is found", async () => {
    const registry = primary.values["deepseek:registry"];
    const careless = await siteOf(changed(committedValues(second), "registry", registry));
    const found = faultsOf(primary, careless);
    expect(found.map(({ rule }) => rule)).toContain("needs-primary");
    expect(found.map(({ told }) => told).join()).toContain("–registry→");
  });

  test("a standby that copies nothing is found", () => {
    const alone: Site = {
      ...standby,
      resources: standby.resources.filter(
        ({ inputs }) => Reflect.get(inputs, "kind") !== "Cluster",
      ),
    };
    expect(faultsOf(primary, alone).map(({ rule }) => rule)).toEqual(["no-replica"]);
  });
});

test("of two regions the standby names the primary's once: a key whose material is its own then", async () => {
  const { resources, values } = await committedSite("prod-pair-standby");
  const naming = resources.filter(({ inputs }) => JSON.stringify(inputs).includes("us-east-1"));
  expect(naming.map(({ type, name }) => `${type} ${name}`)).toEqual([
    "aws:kms/replicaKey:ReplicaKey keys-weights",
  ]);
  expect(resources.map(({ type }) => type)).not.toContain("pulumi:pulumi:StackReference");
  // Of AWS' names and of addresses: what answers in the region is the region's own.
  expect(Reflect.get(Object(values["deepseek:site"]), "other")).not.toHaveProperty("read");
  const own = (type: string) => resources.filter((one) => one.type.startsWith(type)).length;
  expect(own("aws:kms/key:Key")).toBeGreaterThan(0);
  expect(own("aws:ecr/repository:Repository")).toBeGreaterThan(0);
  expect(own("aws:route53/")).toBeGreaterThan(0);
});

describe("two data centres that both serve", () => {
  /** A copy is there already, where it was made from. */
  const bySites = (things: readonly Declared[], one: Site, other: Site) =>
    standbyFaults(things, { primary: one.name, standby: other.name }).filter(
      ({ rule, thing }) =>
        rule !== "no-replica" || things.find(({ name }) => name === thing)?.replicaOf === undefined,
    );
  let sites: readonly [Site, Site];

  beforeAll(async () => {
    sites = [await committedSite("onprem-hospital"), await committedSite("onprem-hospital-b")];
  }, 120_000);

  test("share no key, no registry and no store; each keeps a copy of the other's ledger", () => {
    const [a, b] = sites;
    const things = declaredByBoth(a, b);
    for (const [one, other] of [[a, b] as const, [b, a] as const]) {
      const copied = things.filter(
        ({ site, replicaOf }) => site === other.name && replicaOf !== undefined,
      );
      expect(copied.map(({ replicaOf }) => replicaOf)).toEqual([`${one.name}: Cluster postgres`]);
      // Patients' data stay where they are; quotas are shares, and begin anew.
      expect(bySites(things, one, other).map(({ rule, thing }) => `${rule} ${thing}`)).toEqual([
        `no-replica ${one.name}: Cluster patients`,
        `no-replica ${one.name}: StatefulSet redis`,
      ]);
    }
  });

  test("a gateway that asks the other's ledger is found", () => {
    const [a, b] = sites;
    const careless = b.resources.map((one) =>
      one.name === "gateway" && one.type.endsWith(":StatefulSet")
        ? { ...one, inputs: { ...one.inputs, asks: "postgres.a.hospital.example" } }
        : one,
    );
    const found = bySites(declaredByBoth(a, { ...b, resources: careless }), a, b);
    expect(found.filter(({ rule }) => rule === "needs-primary").map(({ told }) => told)).toEqual([
      "hospital-b needs hospital-a: hospital-b: StatefulSet gateway –data→ hospital-a: postgres.a.hospital.example (data)",
    ]);
  });

  test("a site without a copy is found", () => {
    const [a, b] = sites;
    const none = b.resources.filter(({ name }) => name !== "ledger-copy");
    const found = bySites(declaredByBoth(a, { ...b, resources: none }), a, b);
    expect(found.map(({ thing }) => thing)).toContain("hospital-a: Cluster postgres");
  });
});
