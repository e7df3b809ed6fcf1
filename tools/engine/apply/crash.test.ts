/**
 * A kill at every moment: before and after each change of the world, before and after each write
 * of the state. Whatever is wanted next, the following run gets there and leaves no orphan.
 */
import { describe, expect, test } from "vitest";
import { faultsOf, Harness, type ProgramApi, type TestProgram } from "../fixtures/test-harness.ts";
import type { Snapshot } from "../resource.ts";
import { MemoryStore } from "../state/memory-store.ts";

/** Everything a plan can do: create, update, both replacements, delete, components. */
const before: TestProgram = async (api) => {
  const group = await api.component("g");
  const a = await api.thing("a", { value: 1, size: 1 }, { parent: group.urn });
  const b = await api.thing("b", { size: 1, fixed: true }, { dependencies: [a.urn] });
  await Promise.all([
    dependent(api, "c", b, "size"),
    dependent(api, "d", b, "value"),
    api.thing("gone", { value: 1 }, { dependencies: [a.urn] }),
    api.thing("same", { value: 1 }),
  ]);
};

const after: TestProgram = async (api) => {
  const group = await api.component("g");
  const a = await api.thing("a", { value: 1, size: 2 }, { parent: group.urn });
  const b = await api.thing("b", { size: 2, fixed: true }, { dependencies: [a.urn] });
  await Promise.all([
    dependent(api, "c", b, "size"),
    dependent(api, "d", b, "value"),
    api.thing("same", { value: 1 }),
    api.thing("new", { value: 1 }),
  ]);
};

function dependent(
  api: ProgramApi,
  name: string,
  on: { urn: string; outputs: object },
  key: string,
) {
  const address = (on.outputs as Record<string, string>)["address"] ?? null;
  return api.thing(
    name,
    { [key]: address },
    { dependencies: [on.urn], propertyDependencies: { [key]: [on.urn] } },
  );
}

/** Counts the moments at which a kill can come, and makes the chosen one deadly. */
class KillSwitch {
  moments = 0;
  dead = false;
  private readonly deadly: number;

  constructor(deadly: number) {
    this.deadly = deadly;
  }

  moment(): void {
    if (!this.dead) {
      this.moments += 1;
      this.dead = this.moments === this.deadly;
    }
    if (this.dead) throw new Error("killed");
  }
}

class KillableStore extends MemoryStore {
  killer = new KillSwitch(-1);

  override async save(snapshot: Snapshot): Promise<void> {
    this.killer.moment();
    await super.save(snapshot);
    this.killer.moment();
  }

  override async appendHistory(): Promise<void> {}
}

async function killedRun(start: TestProgram | undefined, run: TestProgram, deadly: number) {
  const h = new Harness();
  const store = new KillableStore();
  const extra = { store, parallel: 3 };
  if (start !== undefined) await h.up(start, extra);
  store.killer = new KillSwitch(deadly);
  h.world.onCall = () => store.killer.moment();
  await h.up(run, extra).catch(() => {});
  const { killer } = store;
  store.killer = new KillSwitch(-1);
  h.world.onCall = () => {};
  return { h, extra, store, moments: killer.moments, dead: killer.dead };
}

/** The state names exactly the objects that exist; what they are is what was wanted. */
function expectSettled(h: Harness, store: MemoryStore, wanted: Record<string, unknown>): void {
  const states = (store.snapshot?.resources ?? []).filter((s) => s.type === "test:index:Thing");
  expect(states.map((s) => s.id).sort()).toEqual([...h.world.objects.keys()].sort());
  const found = Object.fromEntries(states.map((s) => [s.urn.split("::").at(-1), shape(s.inputs)]));
  expect(found).toEqual(wanted);
  expect(states.some((s) => s.delete || s.pendingReplacement || s.initErrors)).toBe(false);
  expect(store.snapshot?.pendingOperations ?? []).toEqual([]);
  expect(faultsOf(store.snapshot)).toEqual([]);
}

/** Made-up names differ after a detour; everything else must not. */
function shape(inputs: unknown): unknown {
  return JSON.parse(JSON.stringify(inputs).replace(/-[0-9a-f]{8}"/g, '"'));
}

async function wantedBy(...programs: TestProgram[]): Promise<Record<string, unknown>> {
  const h = new Harness();
  for (const program of programs) await h.up(program);
  return Object.fromEntries(
    h
      .resources()
      .filter((s) => s.type === "test:index:Thing")
      .map((s) => [s.urn.split("::").at(-1), shape(s.inputs)]),
  );
}

const SCENARIOS: [string, TestProgram | undefined, TestProgram][] = [
  ["a first up", undefined, before],
  ["a change of everything", before, after],
];

describe.each(SCENARIOS)("killed at every moment of %s", (_name, start, run) => {
  test("the next up gets there", async () => {
    const wanted = await wantedBy(...(start === undefined ? [run] : [start, run]));
    const { moments } = await killedRun(start, run, -1);
    expect(moments).toBeGreaterThan(20);
    for (let deadly = 1; deadly <= moments; deadly++) {
      const { h, extra, store, dead } = await killedRun(start, run, deadly);
      expect(dead).toBe(true);
      const result = await h.up(run, extra);
      expect(result.errors, `killed at ${deadly}`).toEqual([]);
      expectSettled(h, store, wanted);
      const quiet = await h.up(run, extra);
      expect(quiet.counts, `killed at ${deadly}`).toMatchObject({
        create: 0,
        update: 0,
        delete: 0,
      });
    }
  });

  test("so does an up of what was before, and a destroy leaves nothing", async () => {
    const back = start ?? (async () => {});
    const wanted = await wantedBy(back);
    const { moments } = await killedRun(start, run, -1);
    for (let deadly = 1; deadly <= moments; deadly++) {
      const reverted = await killedRun(start, run, deadly);
      const result = await reverted.h.up(back, reverted.extra);
      expect(result.errors, `killed at ${deadly}`).toEqual([]);
      expectSettled(reverted.h, reverted.store, wanted);
      const destroyed = await killedRun(start, run, deadly);
      expect((await destroyed.h.destroy(destroyed.extra)).errors).toEqual([]);
      expect(destroyed.h.world.objects.size, `killed at ${deadly}`).toBe(0);
      expect(destroyed.store.snapshot?.resources ?? []).toEqual([]);
    }
  });
});

test("two kills in a row lose nothing either", async () => {
  const wanted = await wantedBy(before, after);
  const { moments } = await killedRun(before, after, -1);
  for (let first = 1; first <= moments; first += 3) {
    for (let second = 1; second <= 12; second += 2) {
      const { h, extra, store } = await killedRun(before, after, first);
      store.killer = new KillSwitch(second);
      h.world.onCall = () => store.killer.moment();
      await h.up(after, extra).catch(() => {});
      store.killer = new KillSwitch(-1);
      h.world.onCall = () => {};
      expect((await h.up(after, extra)).errors, `killed at ${first}, ${second}`).toEqual([]);
      expectSettled(h, store, wanted);
    }
  }
});
