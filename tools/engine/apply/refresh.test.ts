import { describe, expect, test } from "vitest";
import { faultsOf, Harness, type ProgramApi } from "../fixtures/test-harness.ts";

const chain = async (api: ProgramApi) => {
  const a = await api.thing("a", { value: 1 });
  await api.thing("b", { value: 1 }, { dependencies: [a.urn] });
};

describe("refresh", () => {
  test("finds drift and what is gone, and the next up mends both", async () => {
    const h = new Harness();
    await h.up(chain);
    const a = h.byName()["a"]?.id ?? "";
    const b = h.byName()["b"]?.id ?? "";
    h.world.objects.delete(a);
    h.world.objects.set(b, { ...h.world.objects.get(b), value: 7 });
    const result = await h.refresh();
    expect(result.counts).toMatchObject({ delete: 1, update: 1 });
    expect(Object.keys(h.byName())).toEqual(["b"]);
    expect(h.byName()["b"]?.inputs).toMatchObject({ value: 7 });
    expect(faultsOf(h.store.snapshot)).toEqual([]);
    const mended = await h.up(chain);
    expect(mended.counts).toMatchObject({ create: 1, update: 1 });
    expect(h.world.objects.get(b)).toMatchObject({ value: 1 });
  });

  test("changes nothing where nothing differs", async () => {
    const h = new Harness();
    await h.up(chain);
    const before = h.store.snapshot;
    const result = await h.refresh();
    expect(result.counts.same).toBe(2);
    expect(h.store.snapshot).toBe(before);
  });

  test("up with refresh repairs in one go", async () => {
    const h = new Harness();
    await h.up(chain);
    h.world.objects.clear();
    const result = await h.up(chain, { refresh: true });
    expect(result.counts).toMatchObject({ create: 2, delete: 0 });
    expect(h.world.objects.size).toBe(2);
  });
});

describe("targets", () => {
  const program = (value: number) => async (api: ProgramApi) => {
    const a = await api.thing("a", { value });
    await api.thing("b", { value }, { dependencies: [a.urn] });
  };
  const a = "urn:pulumi:s::p::test:index:Thing::a";
  const b = "urn:pulumi:s::p::test:index:Thing::b";

  test("change only what they name", async () => {
    const h = new Harness();
    await h.up(program(1));
    h.changes();
    await h.up(program(2), { targets: [b] });
    expect(h.changes()).toEqual(["update b"]);
    expect(h.byName()["a"]?.inputs).toMatchObject({ value: 1 });
  });

  test("that need something that is not there are refused", async () => {
    const h = new Harness();
    await expect(h.up(program(1), { targets: [b] })).rejects.toThrow(/needs a resource/);
  });

  test("leave what is not named uncreated", async () => {
    const h = new Harness();
    await h.up(program(1), { targets: [a] });
    expect(Object.keys(h.byName())).toEqual(["a"]);
  });

  test("cannot be destroyed under what stays, and can be from the end", async () => {
    const h = new Harness();
    await h.up(program(1));
    await expect(h.destroy({ targets: [a] })).rejects.toThrow(/still needed by b/);
    h.changes();
    await h.destroy({ targets: [b] });
    expect(h.changes()).toEqual(["delete b"]);
    expect(Object.keys(h.byName())).toEqual(["a"]);
  });
});

describe("reading", () => {
  test("a resource is looked at, kept as external and never deleted", async () => {
    const h = new Harness();
    h.world.objects.set("foreign", { value: 3 });
    const program = async (api: ProgramApi) => {
      const found = await api.get("seen", "foreign");
      expect(found.outputs["value"]).toBe(3);
      await api.thing("a", {}, { dependencies: [found.urn] });
    };
    expect((await h.up(program)).ok).toBe(true);
    expect(h.byName()["seen"]).toMatchObject({ external: true, id: "foreign" });
    expect((await h.up(program)).counts).toMatchObject({ same: 1, create: 0 });
    h.changes();
    await h.destroy();
    expect(h.changes()).toEqual(["delete a"]);
    expect(h.world.objects.has("foreign")).toBe(true);
  });

  test("what is not there fails by name", async () => {
    const h = new Harness();
    await expect(h.up(async (api) => void (await api.get("x", "none")))).rejects.toThrow(
      /no test:index:Thing with the id none/,
    );
  });

  test("a managed resource that is now only read is let go", async () => {
    const h = new Harness();
    await h.up(async (api) => void (await api.thing("a", { metadata: { name: "a1" } })));
    h.changes();
    await h.up(async (api) => void (await api.get("a", "a1")));
    await h.up(async () => {});
    expect(h.changes()).toEqual([]);
    expect(h.world.objects.has("a1")).toBe(true);
  });
});

describe("simulated state", () => {
  test("never meets a real cloud", async () => {
    const h = new Harness();
    await h.up(async (api) => void (await api.thing("a")), { simulateCloud: true });
    expect(h.store.snapshot?.simulated).toBe(true);
    await expect(h.up(async () => {})).rejects.toThrow(/made with the simulated cloud/);
  });
});
