import { describe, expect, test } from "vitest";
import type { ResourceState, Snapshot } from "../resource.ts";
import { Journal } from "./journal.ts";

const state = (urn: string, more: Partial<ResourceState> = {}): ResourceState => ({
  urn,
  custom: true,
  type: "t:t:T",
  ...more,
});

/** A disk whose writes end when the test says so. */
function slowDisk() {
  const written: Snapshot[] = [];
  const ends: (() => void)[] = [];
  const save = (snapshot: Snapshot) =>
    new Promise<void>((resolve) => {
      ends.push(() => {
        written.push(snapshot);
        resolve();
      });
    });
  return { written, save, end: () => ends.shift()?.() };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("saving", () => {
  test("those who wait share a write, and none is told before its change is on disk", async () => {
    const disk = slowDisk();
    const journal = new Journal({ base: undefined, simulated: false, save: disk.save });
    const told: string[] = [];
    const change = (urn: string) => {
      journal.put(state(urn));
      void journal.save().then(() => told.push(urn));
    };
    change("a");
    change("b");
    change("c");
    disk.end();
    await turn();
    expect(told).toEqual(["a"]);
    disk.end();
    await turn();
    expect(told).toEqual(["a", "b", "c"]);
    expect(disk.written.map((s) => s.resources.length)).toEqual([1, 3]);
  });

  test("a failed write is told to all who waited, and what it held is written next", async () => {
    let full = true;
    const written: number[] = [];
    const journal = new Journal({
      base: undefined,
      simulated: false,
      save: async (snapshot) => {
        if (full) throw new Error("disk full");
        written.push(snapshot.resources.length);
      },
    });
    journal.put(state("a"));
    await expect(journal.save()).rejects.toThrow("disk full");
    full = false;
    await journal.save();
    expect(written).toEqual([1]);
  });

  test("an announcement is on disk before the work begins", async () => {
    const disk = slowDisk();
    const journal = new Journal({ base: undefined, simulated: false, save: disk.save });
    let began = false;
    void journal.begin("creating", state("a")).then(() => {
      began = true;
    });
    await turn();
    expect(began).toBe(false);
    disk.end();
    await turn();
    expect(began).toBe(true);
    expect(disk.written[0]?.pendingOperations).toHaveLength(1);
  });

  test("nothing new, nothing written", async () => {
    let saves = 0;
    const old = state("a");
    const base = {
      manifest: { time: "", magic: "", version: "" },
      resources: [old],
      pendingOperations: [],
      simulated: false,
    };
    const save = async () => {
      saves += 1;
    };
    const journal = new Journal({ base, simulated: false, save });
    journal.put(old, old);
    await journal.save();
    expect(saves).toBe(0);
    expect(journal.changed).toBe(false);
  });
});

test("a renamed resource is renamed wherever the old state names it", () => {
  const parent = state("old");
  const child = state("child", {
    parent: "old",
    dependencies: ["old"],
    propertyDependencies: { x: ["old"] },
    provider: "old::id",
    deletedWith: "old",
  });
  const base = {
    manifest: { time: "", magic: "", version: "" },
    resources: [parent, child],
    pendingOperations: [],
    simulated: false,
  };
  const journal = new Journal({ base, simulated: false, save: undefined });
  journal.put(state("new"), parent);
  expect(journal.snapshot().resources[1]).toEqual(
    state("child", {
      parent: "new",
      dependencies: ["new"],
      propertyDependencies: { x: ["new"] },
      provider: "new::id",
      deletedWith: "new",
    }),
  );
});
