/** What every store of the directory must do; run for each implementation. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  type DirectoryStore,
  type EntityChange,
  RevisionConflict,
} from "../directory/directory-store.ts";

export function directoryStoreContract(
  name: string,
  { create }: { readonly create: () => Promise<DirectoryStore> },
): void {
  const change = (more: Partial<EntityChange> = {}): EntityChange => ({
    kind: "tenant",
    id: `t-${randomUUID()}`,
    body: { name: "A tenant" },
    updatedBy: "root",
    ...more,
  });
  const open = async () => {
    const store = await create();
    await store.prepare();
    const last = (await store.changesAfter(0)).at(-1)?.revision ?? 0;
    return { store, last };
  };

  describe(`the directory's store in ${name}`, () => {
    test("changes come back in the order of their revisions, each newer than the one before", async () => {
      const { store, last } = await open();
      const [a, b] = [change(), change({ body: { name: "两", deep: { list: [1, null] } } })];
      await store.apply([a]);
      await store.apply([b]);
      const found = await store.changesAfter(last);
      expect(found.map(({ id }) => id)).toEqual([a.id, b.id]);
      expect(found[1]).toMatchObject({ kind: "tenant", body: b.body, updatedBy: "root" });
      expect(found[1]?.updatedAt).toBeInstanceOf(Date);
      expect(await store.changesAfter(found[0]?.revision ?? 0)).toHaveLength(1);
    });

    test("a change to what somebody else changed meanwhile is refused", async () => {
      const { store } = await open();
      const made = change({ expected: null });
      const [first] = await store.apply([made]);
      await expect(store.apply([made])).rejects.toBeInstanceOf(RevisionConflict);
      const expected = first?.revision ?? 0;
      await store.apply([{ ...made, expected, body: { name: "second" } }]);
      await expect(store.apply([{ ...made, expected }])).rejects.toBeInstanceOf(RevisionConflict);
    });

    test("of several changes all are made or none", async () => {
      const { store, last } = await open();
      const taken = change();
      await store.apply([taken]);
      const both = [change(), { ...taken, expected: null }];
      await expect(store.apply(both)).rejects.toBeInstanceOf(RevisionConflict);
      expect(await store.changesAfter(last)).toHaveLength(1);
    });

    test("a removal is a change too, and what was removed may be made again", async () => {
      const { store, last } = await open();
      const made = change();
      await store.apply([made]);
      await store.apply([{ ...made, body: null }]);
      expect(await store.changesAfter(last)).toMatchObject([{ id: made.id, body: null }]);
      await store.apply([{ ...made, expected: null }]);
      expect(await store.changesAfter(last)).toMatchObject([{ id: made.id, body: made.body }]);
    });

    test("many writers at once: every revision is there once, and none is passed over", async () => {
      const { store, last } = await open();
      const seen = new Set<string>();
      let from = last;
      const follow = async () => {
        for (const one of await store.changesAfter(from)) {
          seen.add(one.id);
          from = Math.max(from, one.revision);
        }
      };
      const changes = Array.from({ length: 30 }, () => change());
      await Promise.all(changes.flatMap((one) => [store.apply([one]), follow()]));
      await follow();
      const found = await store.changesAfter(last);
      expect(new Set(found.map(({ revision }) => revision)).size).toBe(30);
      expect(changes.every(({ id }) => seen.has(id))).toBe(true);
    });

    test("of many who expect the same revision one succeeds", async () => {
      const { store } = await open();
      const made = change({ expected: null });
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, () => store.apply([made])),
      );
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    });
  });
}
