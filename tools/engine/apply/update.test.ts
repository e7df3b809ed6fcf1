import { describe, expect, test } from "vitest";
import { UserError } from "../../base/user-error.ts";
import { faultsOf, Harness, type ProgramApi } from "../fixtures/test-harness.ts";
import type { Goal } from "../plan/goal.ts";
import { containsSecret, secret, UNKNOWN } from "../values.ts";

const one =
  (inputs = {}, more: Partial<Goal> = {}) =>
  async (api: ProgramApi) => {
    await api.thing("a", inputs, more);
  };

describe("create, same, update, delete", () => {
  test("a second up changes nothing, calls nothing and writes nothing", async () => {
    const h = new Harness();
    expect((await h.up(one({ value: 1 }))).counts.create).toBe(1);
    const saves = h.store.saves;
    h.changes();
    const second = await h.up(one({ value: 1 }));
    expect(second.counts).toEqual({ create: 0, update: 0, replace: 0, delete: 0, same: 1 });
    expect(h.changes()).toEqual([]);
    expect(h.store.saves).toBe(saves);
  });

  test("a changed input is updated in place and its path is told", async () => {
    const h = new Harness();
    await h.up(one({ value: 1 }));
    const id = h.byName()["a"]?.id;
    const result = await h.up(one({ value: 2 }));
    expect(result.counts.update).toBe(1);
    expect(result.steps.find((step) => step.kind === "update")?.changes).toEqual({
      value: { kind: "update", replace: false },
    });
    expect(h.byName()["a"]).toMatchObject({ id, inputs: { value: 2 }, outputs: { value: 2 } });
  });

  test("what the program no longer names is deleted, dependents first", async () => {
    const h = new Harness();
    await h.up(async (api) => {
      const group = await api.component("g");
      const a = await api.thing("a", {}, { parent: group.urn });
      const b = await api.thing("b", {}, { dependencies: [a.urn] });
      await api.thing("c", {}, { dependencies: [b.urn], parent: group.urn });
    });
    expect(faultsOf(h.store.snapshot)).toEqual([]);
    h.changes();
    const result = await h.up(async () => {});
    expect(h.changes()).toEqual(["delete c", "delete b", "delete a"]);
    expect(result.counts.delete).toBe(4);
    expect(h.resources()).toEqual([]);
  });

  test("a preview changes neither the world nor the state", async () => {
    const h = new Harness();
    await h.up(one({ value: 1 }));
    h.changes();
    const before = h.store.snapshot;
    const plan = await h.preview(async (api) => {
      await api.thing("a", { value: 2 });
      const made = await api.thing("b", {});
      expect(made.id).toBe("");
      expect(made.outputs["address"]).toBe(UNKNOWN);
    });
    expect(plan.counts).toMatchObject({ create: 1, update: 1 });
    expect(h.changes()).toEqual([]);
    expect(h.store.snapshot).toBe(before);
  });

  test("what a Pulumi provider says of a whole preview ends the update before anything is changed", async () => {
    const h = new Harness();
    h.world.previewFaults = [new UserError("a kind is not served", { fix: "Install it." })];
    await expect(h.preview(one())).rejects.toThrow("a kind is not served");
    await expect(h.up(one())).rejects.toMatchObject({ exitCode: 2, fix: "Install it." });
    expect(h.changes()).toEqual([]);
    expect(h.store.snapshot).toBeUndefined();
  });

  test("a refused confirmation leaves everything as it is", async () => {
    const h = new Harness();
    const result = await h.up(one(), { confirm: async () => false });
    expect(result.counts.create).toBe(1);
    expect(h.world.objects.size).toBe(0);
    expect(h.store.snapshot).toBeUndefined();
  });

  test("secrets stay secret in the state and never reach an event", async () => {
    const h = new Harness();
    await h.up(
      one(
        { password: secret("tell-no-one"), token: "also-hidden" },
        {
          additionalSecretOutputs: ["token"],
        },
      ),
    );
    const state = h.byName()["a"];
    expect(containsSecret(state?.inputs?.["password"])).toBe(true);
    expect(containsSecret(state?.outputs?.["password"])).toBe(true);
    expect(containsSecret(state?.outputs?.["token"])).toBe(true);
    expect(JSON.stringify(h.events)).not.toContain("tell-no-one");
  });

  test("a secret inside an error text is masked", async () => {
    const h = new Harness();
    h.world.onCall = () => {
      throw new Error("cannot log in with tell-no-one");
    };
    const result = await h.up(one({ password: secret("tell-no-one") }));
    expect(result.errors.join()).toContain("[secret]");
    expect(JSON.stringify(h.events) + result.errors.join()).not.toContain("tell-no-one");
  });
});

describe("options of a resource", () => {
  test("ignoreChanges keeps the old value", async () => {
    const h = new Harness();
    await h.up(one({ value: 1, other: { x: 1, y: 1 } }));
    h.changes();
    const more = { ignoreChanges: ["value", "other.x"] };
    const result = await h.up(one({ value: 2, other: { x: 2, y: 1 } }, more));
    expect(result.counts).toMatchObject({ update: 0, same: 1 });
    expect(h.changes()).toEqual([]);
    await h.up(one({ value: 2, other: { x: 2, y: 3 } }, more));
    expect(h.byName()["a"]?.inputs).toMatchObject({ value: 1, other: { x: 1, y: 3 } });
  });

  test("replaceOnChanges makes an update a replacement", async () => {
    const h = new Harness();
    await h.up(one({ value: 1 }));
    const result = await h.up(one({ value: 2 }, { replaceOnChanges: ["value"] }));
    expect(result.counts).toMatchObject({ replace: 1, update: 0 });
  });

  test("protect refuses deletion and replacement before anything happens", async () => {
    const h = new Harness();
    await h.up(one({ value: 1, size: 1 }, { protect: true }));
    h.changes();
    await expect(h.up(async () => {})).rejects.toThrow(/protected and would be deleted/);
    await expect(h.up(one({ value: 1, size: 2 }, { protect: true }))).rejects.toThrow(/replaced/);
    await expect(h.destroy()).rejects.toThrow(/protected/);
    expect(h.changes()).toEqual([]);
    await h.up(one({ value: 1, size: 1 }));
    expect((await h.destroy()).ok).toBe(true);
    expect(h.world.objects.size).toBe(0);
  });

  test("retainOnDelete forgets the record and keeps the object", async () => {
    const h = new Harness();
    await h.up(one({}, { retainOnDelete: true }));
    h.changes();
    await h.up(async () => {});
    expect(h.changes()).toEqual([]);
    expect(h.world.objects.size).toBe(1);
    expect(h.resources()).toEqual([]);
  });

  test("deletedWith skips the call where the other goes too", async () => {
    const h = new Harness();
    await h.up(async (api) => {
      const a = await api.thing("a");
      await api.thing("b", {}, { deletedWith: a.urn });
    });
    h.changes();
    await h.destroy();
    expect(h.changes()).toEqual(["delete a"]);
    expect(h.resources()).toEqual([]);
  });

  test("an alias renames without a change, for children of a renamed parent too", async () => {
    const h = new Harness();
    await h.up(async (api) => {
      const group = await api.component("old");
      const a = await api.thing("old-a", { v: 1 }, { parent: group.urn });
      await api.thing("b", {}, { dependencies: [a.urn] });
    });
    h.changes();
    const result = await h.up(async (api) => {
      const group = await api.component("new", { aliases: [{ name: "old" }] });
      const a = await api.thing("new-a", { v: 1 }, { parent: group.urn });
      await api.thing("b", {}, { dependencies: [a.urn] });
    });
    expect(result.counts).toMatchObject({ create: 0, delete: 0, replace: 0, same: 3 });
    expect(h.changes()).toEqual([]);
    expect(Object.keys(h.byName()).sort()).toEqual(["b", "new", "new-a"]);
    expect(faultsOf(h.store.snapshot)).toEqual([]);
  });

  test("a failed check names the property and changes nothing", async () => {
    const h = new Harness();
    await expect(h.up(one({ bad: true }))).rejects.toThrow(/bad: must not be/);
    expect(h.world.objects.size).toBe(0);
  });

  test("two resources of one name are refused", async () => {
    const h = new Harness();
    const twice = async (api: ProgramApi) => {
      await api.thing("a");
      await api.thing("a");
    };
    await expect(h.up(twice)).rejects.toThrow(/same name/);
  });

  test("customTimeouts reach the state in seconds", async () => {
    const h = new Harness();
    await h.up(one({}, { customTimeouts: { create: 90 } }));
    expect(h.byName()["a"]?.customTimeouts).toEqual({ create: 90 });
  });
});

describe("failures", () => {
  test("a disk that takes no write stops the run before the first change", async () => {
    const h = new Harness();
    h.store.save = async () => {
      throw new UserError("the disk is full", { where: "/state", fix: "Make room." });
    };
    await expect(h.up(one())).rejects.toThrow("the disk is full");
    expect(h.world.objects.size).toBe(0);
  });

  test("a disk that fills up later ends the run; what was announced is looked up again", async () => {
    const h = new Harness();
    const save = h.store.save.bind(h.store);
    let left = 3;
    h.store.save = async (snapshot) => {
      if (left === 0) throw new UserError("the disk is full", { fix: "Make room." });
      left -= 1;
      await save(snapshot);
    };
    const program = async (api: ProgramApi) => {
      await api.thing("a");
      await api.thing("b");
    };
    expect((await h.up(program)).ok).toBe(false);
    left = 100;
    expect((await h.up(program)).ok).toBe(true);
    expect(h.world.objects.size).toBe(2);
    expect(Object.keys(h.byName()).sort()).toEqual(["a", "b"]);
  });

  test("a failed create keeps what was made and stops; the next up finishes", async () => {
    const h = new Harness();
    const program = (fail: string) => async (api: ProgramApi) => {
      const a = await api.thing("a");
      const b = await api.thing("b", { fail }, { dependencies: [a.urn] });
      await api.thing("c", {}, { dependencies: [b.urn] });
    };
    const failed = await h.up(program("create"));
    expect(failed.ok).toBe(false);
    expect(failed.errors).toEqual(["test:index:Thing b: the world refused to create"]);
    expect(Object.keys(h.byName())).toEqual(["a"]);
    expect(h.store.snapshot?.pendingOperations).toEqual([]);
    expect((await h.up(program("no"))).ok).toBe(true);
    expect(Object.keys(h.byName())).toEqual(["a", "b", "c"]);
  });

  test("nothing is deleted after a failure", async () => {
    const h = new Harness();
    await h.up(one());
    h.changes();
    await h.up(async (api) => {
      await api.thing("b", { fail: "create" });
    });
    expect(h.changes()).toEqual(["create b"]);
    expect(h.byName()["a"]).toBeDefined();
  });

  test("not becoming ready is recorded and tried again by an update", async () => {
    const h = new Harness();
    const failed = await h.up(one({ unready: true }));
    expect(failed.errors.join()).toContain("never became ready");
    expect(h.byName()["a"]).toMatchObject({ initErrors: ["it never became ready"] });
    expect(h.world.objects.size).toBe(1);
    const again = await h.up(one({ unready: true }));
    expect(again.ok).toBe(false);
    const mended = await h.up(one({}));
    expect(mended.counts.update).toBe(1);
    expect(h.byName()["a"]?.initErrors).toBeUndefined();
  });

  test("a program that fails deletes nothing", async () => {
    const h = new Harness();
    await h.up(one());
    h.changes();
    const result = await h.up(async () => {
      throw new Error("a mistake in the program");
    });
    expect(result.errors).toEqual(["a mistake in the program"]);
    expect(h.changes()).toEqual([]);
  });

  test("an interrupt ends the run, keeps the state, and the next up goes on", async () => {
    const h = new Harness();
    const stop = new AbortController();
    h.world.onCall = (moment, call) => {
      if (moment === "after" && call.urn.endsWith("::b")) stop.abort();
    };
    const program = async (api: ProgramApi) => {
      for (const name of ["a", "b", "c"]) await api.thing(name);
    };
    const result = await h.up(program, { signal: stop.signal });
    expect(result.ok).toBe(false);
    expect(Object.keys(h.byName())).toEqual(["a"]);
    expect(h.store.snapshot?.pendingOperations.map(({ type }) => type)).toEqual(["creating"]);
    h.world.onCall = () => {};
    expect((await h.up(program)).ok).toBe(true);
    expect(Object.keys(h.byName()).sort()).toEqual(["a", "b", "c"]);
    expect(h.world.objects.size).toBe(3);
  });
});
