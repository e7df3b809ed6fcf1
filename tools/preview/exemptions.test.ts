/** Exemptions of two revisions compared: what a reviewer must see, and what is nobody's business here. */
import { describe, expect, test } from "vitest";
import { type BorneFault, compareExemptions } from "./exemptions.ts";
import { reportSchema } from "./report.ts";
import { REPORT } from "./test-report.ts";

const row = (change: Partial<BorneFault> = {}): BorneFault => ({
  ...{ rule: "redundancy", stacks: ["prod"], resources: ["edge"], reason: "why" },
  ...{ owner: "a", approver: "b", ticket: "RISK-1", expires: "2027-01-31" },
  ...{ used: true, ended: false, named: true },
  ...change,
});
const compared = (before: readonly BorneFault[], after: readonly BorneFault[]) => {
  const found = compareExemptions({ before, after }, (text) =>
    text.replaceAll("hidden", "[secret]"),
  );
  if (found === null) throw new Error("there was something to compare");
  const { borne, ...lists } = found;
  const filled = Object.entries(lists).filter(([, rows]) => rows.length > 0);
  return { borne, what: filled.map(([name]) => name), found };
};

describe("an exemption", () => {
  test.each<[string, readonly BorneFault[], readonly BorneFault[], readonly string[]]>([
    ["that stays as it was", [row()], [row()], []],
    ["that is new and needed", [], [row()], ["newlyUsed"]],
    ["that is new and needed by nothing", [], [row({ used: false })], ["newlyUnused"]],
    ["whose fault comes", [row({ used: false })], [row()], ["newlyUsed"]],
    ["whose fault goes", [row()], [row({ used: false })], ["newlyUnused"]],
    ["that was unused before", [row({ used: false })], [row({ used: false })], []],
    [
      "that ends",
      [row()],
      [row({ ended: true, expires: "2026-01-01" })],
      ["newlyEnded", "changed"],
    ],
    ["that had ended before", [row({ ended: true })], [row({ ended: true })], []],
    [
      "that is revived",
      [row({ ended: true })],
      [row({ expires: "2027-02-28" })],
      ["newlyUsed", "changed"],
    ],
    ["that another bears", [row()], [row({ owner: "c" })], ["changed"]],
    ["that is taken away", [row()], [], ["removed"]],
    ["for all stacks that this one does not need", [], [row({ used: false, named: false })], []],
    [
      "for all stacks that this one needs no more",
      [row({ named: false })],
      [row({ used: false, named: false })],
      ["newlyUnused"],
    ],
    ["for other resources", [row()], [row({ resources: ["gateway"] })], ["newlyUsed", "removed"]],
    [
      "for the same in another order",
      [row({ resources: ["a", "b"] })],
      [row({ resources: ["b", "a"] })],
      [],
    ],
  ])("%s", (_name, before, after, wanted) => {
    expect(compared(before, after).what).toEqual(wanted);
  });

  test("two of the same rule and resources are two", () => {
    const other = row({ stacks: ["prod", "dev"], ticket: "RISK-2" });
    expect(compared([row(), other], [row(), other]).what).toEqual([]);
    expect(compared([row(), other], [row()])).toMatchObject({ borne: 1, what: ["removed"] });
  });

  test("says what of it differs, and no secret", () => {
    const { found } = compared([row()], [row({ expires: "2027-03-31", reason: "hidden" })]);
    expect(found.changed[0]?.changes).toEqual([
      { what: "expires", old: "2027-01-31", new: "2027-03-31" },
      { what: "reason", old: "why", new: "[secret]" },
    ]);
    expect(found.changed[0]?.reason).toBe("[secret]");
  });
});

test("a report that was made before there were exemptions in it is still one", () => {
  const { exemptions: _none, ...old } = REPORT;
  expect(reportSchema.parse(old).exemptions).toBeNull();
  expect(compareExemptions(null, (text) => text)).toBeNull();
});
