/**
 * What every StackStore must do, whatever it is made of. Each implementation's test file calls
 * this with a function that makes a fresh, empty store.
 */
import { describe, expect, test } from "vitest";
import type { ResourceState, Snapshot } from "../resource.ts";
import { secret } from "../values.ts";
import type { StackStore } from "./store.ts";

export function resourceNamed(name: string, more: Partial<ResourceState> = {}): ResourceState {
  return {
    urn: `urn:pulumi:dev::demo::random:index/randomId:RandomId::${name}`,
    custom: true,
    id: `id-of-${name}`,
    type: "random:index/randomId:RandomId",
    inputs: { byteLength: 4, keepers: { zone: "a", area: null } },
    outputs: { byteLength: 4, hex: "0badcafe", list: [1, "two", { three: true }] },
    ...more,
  };
}

export function snapshotOf(
  resources: readonly ResourceState[],
  more: Partial<Snapshot> = {},
): Snapshot {
  return {
    manifest: { time: "2026-11-21T12:00:00.000Z", magic: "", version: "" },
    resources,
    pendingOperations: [],
    simulated: false,
    ...more,
  };
}

export function describeStackStore(
  name: string,
  /** `reopen` gives a second store on the same stack, as another process would have it. */
  make: () => Promise<{ store: StackStore; reopen: () => StackStore }>,
): void {
  describe(`${name} as a StackStore`, () => {
    test("a stack that was never deployed has no snapshot", async () => {
      const { store } = await make();
      expect(await store.load()).toBeUndefined();
    });

    test("what was saved is loaded, secrets and pending operations included", async () => {
      const { store, reopen } = await make();
      const hidden = resourceNamed("a", { outputs: { password: secret("hunter2"), plain: "x" } });
      const snapshot = snapshotOf([hidden, resourceNamed("b", { dependencies: [hidden.urn] })], {
        pendingOperations: [{ type: "creating", resource: resourceNamed("c", { id: "" }) }],
      });
      await store.save(snapshot);
      const loaded = await reopen().load();
      expect(loaded?.resources).toEqual(snapshot.resources);
      expect(loaded?.pendingOperations[0]).toMatchObject({
        type: "creating",
        resource: { urn: resourceNamed("c").urn, inputs: resourceNamed("c").inputs ?? {} },
      });
      expect(loaded?.simulated).toBe(false);
    });

    test("the last of many saves counts, also where nobody waited in between", async () => {
      const { store, reopen } = await make();
      const saves = Array.from({ length: 20 }, (_, i) =>
        store.save(snapshotOf([resourceNamed(`n${i}`)])),
      );
      await Promise.all(saves);
      expect((await reopen().load())?.resources[0]?.id).toBe("id-of-n19");
    });

    test("an emptied stack loads as an empty snapshot", async () => {
      const { store, reopen } = await make();
      await store.save(snapshotOf([resourceNamed("a")]));
      await store.save(snapshotOf([]));
      expect((await reopen().load())?.resources).toEqual([]);
    });

    test("one holds the lock; the next gets it after its release", async () => {
      const { store, reopen } = await make();
      const lock = await store.lock("up");
      await expect(reopen().lock("destroy")).rejects.toThrow(/locked/);
      await lock.release();
      const second = await reopen().lock("destroy");
      await second.release();
    });

    test("history is appended without disturbing the state", async () => {
      const { store, reopen } = await make();
      await store.save(snapshotOf([resourceNamed("a")]));
      await store.appendHistory({
        kind: "update",
        startTime: 1,
        endTime: 2,
        message: "first",
        result: "succeeded",
        environment: {},
        config: { "demo:size": { value: "3", secret: false } },
        resourceChanges: { create: 1, update: 0, replace: 0, delete: 0, same: 0 },
      });
      expect((await reopen().load())?.resources).toHaveLength(1);
    });
  });
}
