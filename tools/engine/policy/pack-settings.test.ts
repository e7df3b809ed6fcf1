import { describe, expect, test } from "vitest";
import { type PolicyFacts, parsePackSettings, settingFaults, settle } from "./pack-settings.ts";

const POLICIES: readonly PolicyFacts[] = [
  {
    ...{ name: "short-values", level: "advisory", required: ["longest"] },
    properties: { longest: { type: "integer", minimum: 1, default: 20 }, of: { type: "string" } },
  },
  { name: "few-things", level: "mandatory", properties: {}, required: [] },
];

const parse = (value: unknown) => parsePackSettings(JSON.stringify(value), "settings.json");

describe("settings of a policy pack", () => {
  test("a level alone, or settings with or without one", () => {
    expect(
      parse({ all: "advisory", a: { enforcementLevel: "disabled", x: [1] }, b: { y: true } }),
    ).toEqual({
      all: { level: "advisory", properties: {} },
      a: { level: "disabled", properties: { x: [1] } },
      b: { properties: { y: true } },
    });
  });

  test.each([
    ["{", /are no JSON/],
    ["[]", /are no object/],
    ["null", /are no object/],
    ['{"a":"strict"}', /give a a level that there is not/],
    ['{"a":{"enforcementLevel":3}}', /give a a level that there is not/],
    ['{"a":null}', /give a a level that there is not/],
  ])("refuses %s", (text, message) => {
    expect(() => parsePackSettings(text, "settings.json")).toThrow(message);
  });

  test("a policy's own entry goes before all, the pack's own before the defaults", () => {
    const initial = parse({ all: "disabled", "short-values": { of: "names", longest: 9 } });
    expect(settle(POLICIES, {}, {})).toEqual({
      "short-values": { level: "advisory", properties: { longest: 20 } },
      "few-things": { level: "mandatory", properties: {} },
    });
    expect(settle(POLICIES, initial, {})["few-things"]?.level).toBe("disabled");
    const given = parse({ all: "remediate", "short-values": { longest: 5 } });
    expect(settle(POLICIES, initial, given)).toEqual({
      "short-values": { level: "remediate", properties: { longest: 5, of: "names" } },
      "few-things": { level: "remediate", properties: {} },
    });
    const own = parse({ all: "advisory", "few-things": "mandatory" });
    expect(settle(POLICIES, initial, own)["few-things"]?.level).toBe("mandatory");
  });

  test("what a policy does not take is told with its path", async () => {
    const faults = async (value: unknown) => {
      const given = parse(value);
      return settingFaults(POLICIES, given, settle(POLICIES, {}, given));
    };
    expect(await faults({ "short-values": { longest: 3 } })).toEqual([]);
    expect(await faults({ "short-values": { longest: 0, of: 7 } })).toEqual([
      "short-values.longest: must be >= 1",
      "short-values.of: must be string",
    ]);
    expect(await faults({ "shrt-values": "advisory" })).toEqual([
      "shrt-values: the pack has no such policy",
    ]);
    expect(
      await faults({ "short-values": { enforcementLevel: "disabled", longest: "x" } }),
    ).toEqual([]);
  });
});
