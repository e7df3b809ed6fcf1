/**
 * Of each pair of sites that are committed: nothing that keeps state at the primary is without a
 * replica at the standby, and nothing at the standby needs the primary: no key, no registry, no name,
 * no identity, no data. And of what a careless setting would change.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { type Declared, standbyFaults } from "../components/standby-graph.ts";
import { changed, committedValues } from "../config/test-settings.ts";
import { committedSite, declaredBy, type Site, siteOf } from "./test-sites.ts";

const PAIRS = [
  ["onprem-bank", "onprem-bank-standby"],
  ["hybrid", "hybrid-standby"],
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

test("two data centres that both serve share no key, no registry and no store", async () => {
  const [a, b] = [await committedSite("onprem-hospital"), await committedSite("onprem-hospital-b")];
  for (const [one, other] of [[a, b] as const, [b, a] as const]) {
    const needs = faultsOf(one, other).filter(({ rule }) => rule === "needs-primary");
    expect(needs).toEqual([]);
  }
});
