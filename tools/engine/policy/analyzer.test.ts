/** A policy pack under Pulumi's own runner, asked by the engine while a program runs. */
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ProgramHarness } from "../fixtures/test-program.ts";
import type { PackSettings } from "./pack-settings.ts";

const PACK = path.join(import.meta.dirname, "../fixtures/pack");
const PASSWORD = { value: "hunter2-and-more", secret: true };

function violations(h: ProgramHarness) {
  return h.events.flatMap((event) => (event.type === "policy" ? [event.violation] : []));
}

describe("a policy pack", () => {
  test("remediates, advises, and does not judge what is not known", async () => {
    const h = new ProgramHarness("basic");
    const packs = { policyPacks: [{ folder: PACK }] };
    const plan = await h.with({ password: PASSWORD }, packs).preview();
    expect(plan.errors).toEqual([]);
    const unknown = violations(h).filter((violation) => violation.notEvaluated);
    expect(unknown.map(({ policy }) => policy).sort()).toEqual([
      "no-forbidden-value",
      "short-values",
    ]);
    expect(unknown[0]?.urn).toContain("::second");

    h.events.length = 0;
    const made = await h.with({ password: PASSWORD }, packs).up();
    expect(made.errors).toEqual([]);
    expect(h.byName()["third"]?.inputs).toMatchObject({ label: "added by policy" });
    expect(violations(h).filter((v) => !v.notEvaluated)).toEqual([
      expect.objectContaining({
        pack: "fixture-pack",
        packVersion: "0.0.1",
        policy: "short-values",
        level: "advisory",
        message: "too long",
      }),
    ]);
    const again = await h.with({ password: PASSWORD }, packs).up();
    expect(again.counts).toMatchObject({ update: 0, create: 0 });
  });

  test("a mandatory rule blocks before anything is changed", async () => {
    const h = new ProgramHarness("basic");
    const config = { password: PASSWORD, value: "forbidden" };
    const result = await h.with(config, { policyPacks: [{ folder: PACK }] }).up();
    expect(result.ok).toBe(false);
    expect(result.errors.join()).toMatch(/no-forbidden-value \(mandatory\) forbids .*web-first/);
    expect(h.world.objects.size).toBe(0);

    // A revision that is there already is judged, and no longer asked for permission.
    h.events.length = 0;
    const told = await h
      .with(config, { policyPacks: [{ folder: PACK }], violationsBlock: false })
      .up();
    expect([told.ok, told.errors]).toEqual([true, []]);
    expect(violations(h)).toContainEqual(
      expect.objectContaining({ policy: "no-forbidden-value", level: "mandatory" }),
    );
  });

  test("a stack rule sees the whole stack", async () => {
    const h = new ProgramHarness("many");
    const result = await h.with({ count: "4" }, { policyPacks: [{ folder: PACK }] }).preview();
    expect(result.errors.join()).toContain("few-things (mandatory)");
    expect(result.errors.join()).toContain("4 things");
  });

  test("is set by its level and by what its schema names", async () => {
    const config = { password: PASSWORD, value: "forbidden" };
    const judged = async (settings: PackSettings) => {
      const h = new ProgramHarness("basic");
      const packs = { policyPacks: [{ folder: PACK, settings }] };
      const result = await h.with(config, packs).up();
      return { result, found: violations(h).filter((one) => !one.notEvaluated) };
    };
    const advised = await judged({ "no-forbidden-value": { level: "advisory", properties: {} } });
    expect(advised.result.errors).toEqual([]);
    expect(advised.found).toContainEqual(
      expect.objectContaining({ policy: "no-forbidden-value", level: "advisory" }),
    );
    expect(advised.found.map(({ policy }) => policy)).toContain("short-values");
    const off = { "no-forbidden-value": { level: "disabled", properties: {} } } as const;
    const longer = await judged({ ...off, "short-values": { properties: { longest: 1_000 } } });
    expect(longer).toMatchObject({ result: { errors: [] }, found: [] });
    const wrong = judged({ "short-values": { properties: { longest: "many" } } });
    await expect(wrong).rejects.toThrow(/short-values.longest: must be integer/);
  });

  test("a folder that is no pack is named", async () => {
    const h = new ProgramHarness("basic");
    const result = h
      .with({ password: PASSWORD }, { policyPacks: [{ folder: "/nowhere" }] })
      .preview();
    await expect(result).rejects.toThrow(/no policy pack/);
  });
});
