import { describe, expect, test } from "vitest";
import { faultsOf, Harness, type ProgramApi } from "../fixtures/test-harness.ts";

describe("a replacement", () => {
  test("is made before the old one is deleted, under another name", async () => {
    const h = new Harness();
    const program = (size: number) => async (api: ProgramApi) => {
      const a = await api.thing("a", { size });
      await api.thing("b", { value: a.outputs["address"] ?? null }, { dependencies: [a.urn] });
    };
    await h.up(program(1));
    const before = h.byName()["a"]?.id;
    h.changes();
    const result = await h.up(program(2));
    expect(result.counts).toMatchObject({ replace: 1, update: 1, create: 0, delete: 0 });
    expect(h.changes()).toEqual(["create a", "update b", "delete a"]);
    expect(h.byName()["a"]?.id).not.toBe(before);
    expect(h.world.objects.size).toBe(2);
    expect(result.steps.map((step) => step.kind)).toEqual(
      expect.arrayContaining(["create-replacement", "replace", "delete-replaced"]),
    );
    expect(faultsOf(h.store.snapshot)).toEqual([]);
  });

  test("deletes first where it must, with all that would have to follow", async () => {
    const h = new Harness();
    const program = (size: number) => async (api: ProgramApi) => {
      const a = await api.thing("a", { size, fixed: true });
      // b's size depends on a: it has to be replaced as well. c only has to be updated.
      const address = a.outputs["address"] ?? null;
      const b = await api.thing(
        "b",
        { size: address },
        {
          dependencies: [a.urn],
          propertyDependencies: { size: [a.urn] },
        },
      );
      await api.thing(
        "c",
        { value: b.outputs["address"] ?? null },
        {
          dependencies: [b.urn],
          propertyDependencies: { value: [b.urn] },
        },
      );
    };
    await h.up(program(1));
    h.changes();
    const result = await h.up(program(2));
    expect(h.changes()).toEqual(["delete b", "delete a", "create a", "create b", "update c"]);
    expect(result.counts).toMatchObject({ replace: 2, update: 1, delete: 0, create: 0 });
    expect(h.resources().some((state) => state.pendingReplacement)).toBe(false);
    expect((await h.up(program(2))).counts).toMatchObject({ same: 3, replace: 0 });
  });

  test("the program's deleteBeforeReplace wins over the Pulumi provider's", async () => {
    const h = new Harness();
    const program = (size: number, first: boolean) => async (api: ProgramApi) => {
      await api.thing("a", { size }, { deleteBeforeReplace: first });
    };
    await h.up(program(1, true));
    h.changes();
    await h.up(program(2, true));
    expect(h.changes()).toEqual(["delete a", "create a"]);
  });

  test("that failed half-way is finished by the next run", async () => {
    const h = new Harness();
    const program = (size: number, fail: string) => async (api: ProgramApi) => {
      await api.thing("a", { size, fail }, { deleteBeforeReplace: true });
    };
    await h.up(program(1, "no"));
    const failed = await h.up(program(2, "create"));
    expect(failed.ok).toBe(false);
    expect(h.byName()["a"]?.pendingReplacement).toBe(true);
    h.changes();
    const result = await h.up(program(2, "no"));
    expect(h.changes()).toEqual(["create a"]);
    expect(result.counts.replace).toBe(1);
    expect(h.world.objects.size).toBe(1);
  });

  test("that failed and is no longer wanted is forgotten without a call", async () => {
    const h = new Harness();
    await h.up(async (api) => {
      await api.thing("a", { size: 1 }, { deleteBeforeReplace: true });
    });
    await h.up(async (api) => {
      await api.thing("a", { size: 2, fail: "create" }, { deleteBeforeReplace: true });
    });
    h.changes();
    expect((await h.up(async () => {})).ok).toBe(true);
    expect(h.changes()).toEqual([]);
    expect(h.resources()).toEqual([]);
  });

  test("an old object that could not be deleted is deleted later", async () => {
    const h = new Harness();
    const program = (size: number, fail: string) => async (api: ProgramApi) => {
      await api.thing("a", { size, fail });
    };
    await h.up(program(1, "delete"));
    expect((await h.up(program(2, "no"))).ok).toBe(false);
    expect(h.resources().filter((state) => state.delete)).toHaveLength(1);
    const old = h.resources().find((state) => state.delete)?.id ?? "";
    h.world.objects.set(old, {});
    h.store.snapshot = {
      ...(h.store.snapshot ?? never()),
      resources: h.resources().map((s) => (s.delete ? { ...s, inputs: {} } : s)),
    };
    expect((await h.up(program(2, "no"))).ok).toBe(true);
    expect(h.world.objects.size).toBe(1);
    expect(h.resources().some((state) => state.delete)).toBe(false);
  });
});

describe("Pulumi providers", () => {
  const program =
    (region: string, tag = "") =>
    async (api: ProgramApi) => {
      const provider = await api.provider("explicit", tag === "" ? { region } : { region, tag });
      await api.thing("a", { value: 1 }, { provider });
    };

  test("a configuration that changes what is managed replaces everything", async () => {
    const h = new Harness();
    await h.up(program("north"));
    h.changes();
    const result = await h.up(program("south"));
    expect(result.counts.replace).toBe(2);
    expect(h.changes()).toEqual(["create a", "delete a"]);
    expect(faultsOf(h.store.snapshot)).toEqual([]);
  });

  test("another change of configuration replaces nothing", async () => {
    const h = new Harness();
    await h.up(program("north"));
    h.changes();
    const result = await h.up(program("north", "new"));
    expect(result.counts).toMatchObject({ update: 1, replace: 0, same: 1 });
    expect(h.changes()).toEqual([]);
    expect(h.world.configured.at(-1)).toEqual({ region: "north", tag: "new" });
  });

  test("the default one takes the stack's configuration and is not counted", async () => {
    const h = new Harness();
    const config = {
      "test:region": { value: "west", secret: false },
      "other:x": { value: "y", secret: false },
    };
    const result = await h.up(async (api) => void (await api.thing("a")), { config });
    expect(h.world.configured.at(-1)).toEqual({ region: "west" });
    expect(result.counts).toMatchObject({ create: 1 });
    const provider = h.resources().find((s) => s.type === "pulumi:providers:test");
    expect(provider?.urn).toBe("urn:pulumi:s::p::pulumi:providers:test::default");
  });

  test("an unknown package is refused by name", async () => {
    const h = new Harness();
    const result = h.up(async (api) => {
      await api.thing("a", {}, { type: "gcp:storage:Bucket" });
    });
    await expect(result).rejects.toThrow(/no Pulumi provider for "gcp"/);
  });
});

function never(): never {
  throw new Error("cannot be");
}
