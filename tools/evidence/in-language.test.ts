/** Reports in Chinese say in Chinese what is borne, by whom and why. */
import { describe, expect, test } from "vitest";
import { EXEMPTIONS } from "../../policies/exemptions.ts";
import { englishExemptions, told } from "./in-language.ts";
import { EXEMPTION } from "./test-assessment.ts";

const texts = EXEMPTIONS.flatMap(({ reason, owner, approver, riskAcceptedBy }) =>
  riskAcceptedBy === undefined
    ? [reason, owner, approver]
    : [reason, owner, approver, riskAcceptedBy],
);

describe("the exemptions of this package", () => {
  test.each([...new Set(texts)])("%s", (text) => {
    const chinese = told(text, "zh");
    expect(chinese).toMatch(/\p{Script=Han}/u);
    // What machines are called stays: settings, regions.
    for (const [name] of text.matchAll(/deepseek:\w+(?:\.\w+)*|cn-[a-z]+-\d|\b443\b/g)) {
      expect(chinese).toContain(name);
    }
    expect(told(text, "en")).toBe(text);
  });

  test("leave no English in a Chinese report", () => {
    expect(englishExemptions(EXEMPTIONS, "zh")).toEqual([]);
  });
});

test("a row of a site's own without Chinese stands in English, and the report says so", () => {
  expect(told(EXEMPTION.reason, "zh")).toBe(EXEMPTION.reason);
  expect(englishExemptions([EXEMPTION], "zh")).toHaveLength(1);
  expect(englishExemptions([EXEMPTION], "en")).toEqual([]);
});
