/** Rules refuse and never grant; hours follow the zone's own clock. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { faultsOf } from "../documents.ts";
import { type Access, isWithin, refusingRule } from "./access-rules.ts";
import { type AccessRule, accessRuleSchema } from "./entities.ts";
import { testCaller } from "./test-caller.ts";

/** A Wednesday noon in Shanghai. */
const NOON = Date.parse("2026-11-25T12:00:00+08:00");
const CALL: Access = {
  model: "deepseek-finance-13b",
  endpoint: "/v1/risk/decisions",
  dataClass: "open",
  wallMs: NOON,
};

function rule(change: object): AccessRule {
  return accessRuleSchema.parse({ id: "r", requires: { methods: ["hmac"] }, ...change });
}

describe("what a rule is about", () => {
  const caller = testCaller({ method: "api_key" });

  test.each([
    [{}, true],
    [{ models: ["deepseek-finance-13b"] }, true],
    [{ models: ["other"] }, false],
    [{ endpoints: ["/v1/risk/decisions"] }, true],
    [{ endpoints: ["/v1/embeddings"] }, false],
    [{ dataClasses: ["open"] }, true],
    [{ dataClasses: ["patient"] }, false],
    [{ tenants: ["bank"] }, true],
    [{ tenants: ["hospital"] }, false],
    [{ models: ["deepseek-finance-13b"], tenants: ["hospital"] }, false],
  ])("%j concerns the call: %s", (change, concerned) => {
    expect(refusingRule([rule(change)], caller, CALL) !== undefined).toBe(concerned);
  });

  test("the refusing rule is the first by name, whatever order they are in", () => {
    const rules = [rule({ id: "b" }), rule({ id: "a" }), rule({ id: "c" })];
    expect(refusingRule(rules, caller, CALL)?.id).toBe("a");
  });
});

describe("what a rule requires", () => {
  const ward = rule({ requires: { attributes: { department: ["cardiology", "icu"] } } });

  test.each([
    [{ department: "icu" }, false],
    [{ department: "billing" }, true],
    [{}, true],
    [{ Department: "icu" }, true],
  ])("a caller with %j is refused: %s", (attributes, refused) => {
    expect(refusingRule([ward], testCaller({ attributes }), CALL) !== undefined).toBe(refused);
  });

  test("a name that every object has is no attribute", () => {
    const odd = rule({ requires: { attributes: { constructor: ["x"] } } });
    expect(refusingRule([odd], testCaller(), CALL)).toBeDefined();
  });

  test("a way to prove oneself", () => {
    expect(refusingRule([rule({})], testCaller({ method: "hmac" }), CALL)).toBeUndefined();
    expect(refusingRule([rule({})], testCaller({ method: "jwt" }), CALL)).toBeDefined();
  });

  test("all rules must hold, so one more never allows more", () => {
    const attributes = fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom("1", "2"));
    const one = fc
      .record({
        id: fc.stringMatching(/^[a-z]{1,4}$/),
        models: fc.constantFrom("*" as const, ["deepseek-finance-13b"], ["other"]),
        attributes: fc.dictionary(
          fc.constantFrom("a", "b"),
          fc.subarray(["1", "2"], { minLength: 1 }),
        ),
      })
      .map(({ id, models, attributes: wanted }) =>
        accessRuleSchema.parse({ id, models, requires: { attributes: { c: ["1"], ...wanted } } }),
      );
    fc.assert(
      fc.property(fc.array(one), one, attributes, (rules, more, own) => {
        const caller = testCaller({ attributes: own });
        const before = refusingRule(rules, caller, CALL) !== undefined;
        const after = refusingRule([...rules, more], caller, CALL) !== undefined;
        expect(before && !after).toBe(false);
      }),
    );
  });
});

describe("hours", () => {
  const office = { from: "08:00", to: "18:00", timeZone: "Asia/Shanghai" };
  const at = (text: string) => Date.parse(text);

  test.each([
    [office, "2026-11-25T08:00:00+08:00", true],
    [office, "2026-11-25T07:59:59+08:00", false],
    [office, "2026-11-25T17:59:59+08:00", true],
    [office, "2026-11-25T18:00:00+08:00", false],
    [{ ...office, days: ["mon" as const] }, "2026-11-25T12:00:00+08:00", false],
    [{ ...office, days: ["wed" as const] }, "2026-11-25T12:00:00+08:00", true],
    // Summer time: 08:00 in Berlin is 06:00 UTC in July and 07:00 in January.
    [{ ...office, timeZone: "Europe/Berlin" }, "2026-07-01T06:00:00Z", true],
    [{ ...office, timeZone: "Europe/Berlin" }, "2026-01-01T06:30:00Z", false],
  ])("%j holds at %s: %s", (hours, moment, held) => {
    expect(isWithin(hours, at(moment))).toBe(held);
  });

  test("a night shift belongs to the day on which it began", () => {
    const night = { from: "22:00", to: "06:00", days: ["wed" as const], timeZone: "UTC" };
    expect(isWithin(night, at("2026-11-25T23:00:00Z"))).toBe(true);
    expect(isWithin(night, at("2026-11-26T05:59:00Z"))).toBe(true);
    expect(isWithin(night, at("2026-11-26T06:00:00Z"))).toBe(false);
    expect(isWithin(night, at("2026-11-25T05:00:00Z"))).toBe(false);
    expect(isWithin({ ...night, days: ["sun"] }, at("2026-11-30T01:00:00Z"))).toBe(true);
  });
});

test.each([
  [{ requires: {} }, "requires nothing"],
  [{ requires: { hours: { from: "8:00", to: "18:00", timeZone: "UTC" } } }, "hours.from"],
  [{ requires: { hours: { from: "08:00", to: "18:00", timeZone: "Mars/Base" } } }, "time zone"],
  [{ requires: { methods: ["password"] } }, "methods"],
  [{ models: [], requires: { methods: ["hmac"] } }, "models"],
])("a rule with %j is refused", (change, fault) => {
  const { error } = accessRuleSchema.safeParse({ id: "r", ...change });
  expect(error === undefined ? [] : faultsOf(error).join()).toContain(fault);
});
