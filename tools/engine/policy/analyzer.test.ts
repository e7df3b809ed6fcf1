/** A policy pack under Pulumi's own runner, asked by the engine while a program runs. */
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ProgramHarness } from "../fixtures/test-program.ts";

const PACK = path.join(import.meta.dirname, "../fixtures/pack");
const PASSWORD = { value: "hunter2-and-more", secret: true };

function violations(h: ProgramHarness) {
  return h.events.flatMap((event) => (event.type === "policy" ? [event.violation] : []));
}

describe("a policy pack", () => {
  test("remediates, advises, and does not judge what is not known", async () => {
    const h = new ProgramHarness("basic");
    const packs = { policyPacks: [PACK] };
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
    const result = await h.with(config, { policyPacks: [PACK] }).up();
    expect(result.ok).toBe(false);
    expect(result.errors.join()).toMatch(/no-forbidden-value \(mandatory\) forbids .*web-first/);
    expect(h.world.objects.size).toBe(0);

    // A revision that is there already is judged, and no longer asked for permission.
    h.events.length = 0;
    const told = await h.with(config, { policyPacks: [PACK], violationsBlock: false }).up();
    expect([told.ok, told.errors]).toEqual([true, []]);
    expect(violations(h)).toContainEqual(
      expect.objectContaining({ policy: "no-forbidden-value", level: "mandatory" }),
    );
  });

  test("a stack rule sees the whole stack", async () => {
    const h = new ProgramHarness("many");
    const result = await h.with({ count: "4" }, { policyPacks: [PACK] }).preview();
    expect(result.errors.join()).toContain("few-things (mandatory)");
    expect(result.errors.join()).toContain("4 things");
  });

  test("a folder that is no pack is named", async () => {
    const h = new ProgramHarness("basic");
    const result = h.with({ password: PASSWORD }, { policyPacks: ["/nowhere"] }).preview();
    await expect(result).rejects.toThrow(/no policy pack/);
  });
});
