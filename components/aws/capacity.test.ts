import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Capacity,
  capacityFaults,
  groupOptions,
  launchOptions,
  wantsPlacementGroup,
} from "./capacity.ts";
import { fabricAdapters, networkInterfaces } from "./efa.ts";
import { nodeUserData, nodeUserDataBase64 } from "./node-user-data.ts";

const RESERVATION: Capacity = { kind: "reservation", id: "cr-0123456789abcdef0" };
const BLOCK: Capacity = {
  kind: "capacityBlock",
  id: "cr-0123456789abcdef1",
  start: "2027-03-01T11:30:00Z",
  end: "2027-03-08T11:30:00Z",
  zone: "eu-central-1b",
};
const EMPTY = { min: 0, max: 2, desired: 0 };

describe("network interfaces of a p4d, four cards", () => {
  test("shared: the first carries both, each further card one at device 1", () => {
    const one = networkInterfaces(4, "shared");
    expect(one.map((it) => [it.networkCardIndex, it.deviceIndex, it.interfaceType])).toEqual([
      [0, 0, "efa"],
      [1, 1, "efa-only"],
      [2, 1, "efa-only"],
      [3, 1, "efa-only"],
    ]);
  });

  test("separate: a plain one first, and a fabric one on every card", () => {
    const one = networkInterfaces(4, "separate");
    expect(one.map((it) => [it.networkCardIndex, it.deviceIndex, it.interfaceType])).toEqual([
      [0, 0, "interface"],
      [0, 1, "efa-only"],
      [1, 0, "efa-only"],
      [2, 0, "efa-only"],
      [3, 0, "efa-only"],
    ]);
  });

  test("either way: one adapter a card, no place twice, and the primary has an address", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 32 }),
        fc.constantFrom("shared" as const, "separate" as const),
        (cards, layout) => {
          const all = networkInterfaces(cards, layout);
          expect(fabricAdapters(all)).toBe(cards);
          const places = all.map((it) => `${it.networkCardIndex}/${it.deviceIndex}`);
          expect(new Set(places).size).toBe(all.length);
          expect(places[0]).toBe("0/0");
          expect(all[0]?.interfaceType).not.toBe("efa-only");
          expect(all.filter((it) => it.interfaceType === "interface").length).toBeLessThan(2);
        },
      ),
    );
  });

  test.each([0, -1, 1.5, Number.NaN])("%d cards are refused", (cards) => {
    expect(() => networkInterfaces(cards, "shared")).toThrow("network cards");
  });
});

describe("where nodes come from", () => {
  test("each kind says what the template and the group need, and no more", () => {
    expect(launchOptions({ kind: "onDemand" }, "p4d.24xlarge")).toEqual({});
    expect(groupOptions({ kind: "onDemand" }, ["p4d.24xlarge"])).toEqual({
      capacityType: "ON_DEMAND",
      instanceTypes: ["p4d.24xlarge"],
    });
    const target = (id: string) => ({ capacityReservationTarget: { capacityReservationId: id } });
    expect(launchOptions(RESERVATION, "p4d.24xlarge")).toEqual({
      capacityReservationSpecification: target("cr-0123456789abcdef0"),
    });
    expect(groupOptions(RESERVATION, ["p4d.24xlarge"]).capacityType).toBe("ON_DEMAND");
    // Of a block EKS wants the type in the template, and refuses it in the group.
    expect(launchOptions(BLOCK, "p4de.24xlarge")).toEqual({
      instanceType: "p4de.24xlarge",
      instanceMarketOptions: { marketType: "capacity-block" },
      capacityReservationSpecification: target("cr-0123456789abcdef1"),
    });
    expect(groupOptions(BLOCK, ["p4de.24xlarge"])).toEqual({ capacityType: "CAPACITY_BLOCK" });
  });

  test("a placement group only where nothing is reserved", () => {
    expect([{ kind: "onDemand" } as const, RESERVATION, BLOCK].map(wantsPlacementGroup)).toEqual([
      true,
      false,
      false,
    ]);
  });

  test("what is right has no fault", () => {
    expect(
      capacityFaults({ kind: "onDemand" }, "eu-central-1a", { min: 1, max: 2, desired: 1 }),
    ).toEqual([]);
    expect(capacityFaults(RESERVATION, "eu-central-1a", { min: 2, max: 2, desired: 2 })).toEqual(
      [],
    );
    expect(capacityFaults(BLOCK, "eu-central-1b", EMPTY)).toEqual([]);
  });

  test("all that is wrong is told at once", () => {
    const wrong: Capacity = { ...BLOCK, id: "block-1", end: BLOCK.start };
    const faults = capacityFaults(wrong, "eu-central-1a", { min: 1, max: 0, desired: 1 });
    expect(faults.map(({ argument }) => argument)).toEqual([
      "size",
      "capacity.id",
      "capacity.end",
      "zone",
      "size",
    ]);
    expect(capacityFaults({ ...BLOCK, start: "soon" }, "eu-central-1b", EMPTY)).toHaveLength(1);
    expect(capacityFaults({ kind: "onDemand" }, "z", { min: 0, max: 1, desired: 2 })).toHaveLength(
      1,
    );
  });
});

test("a node makes its NVMe disks one volume", () => {
  const text = nodeUserData();
  const boundary = /boundary="([^"]+)"/.exec(text)?.[1];
  expect(text.split(`--${boundary}`)).toHaveLength(3);
  expect(text).toContain(
    "Content-Type: application/node.eks.aws\n\napiVersion: node.eks.aws/v1alpha1",
  );
  expect(text).toContain("strategy: RAID0");
  expect(Buffer.from(nodeUserDataBase64(), "base64").toString()).toBe(text);
});
