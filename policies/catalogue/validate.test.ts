/** The catalogue as data: nothing points nowhere, nothing is left over, and the validator would say so. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { RULES } from "../all-rules.ts";
import { EXEMPTIONS } from "../exemptions.ts";
import { faultsOfExemption } from "../judging/exemptions.ts";
import type { Catalogue } from "./catalogue.ts";
import { PROFILES } from "./profiles.ts";
import { faultsOfCatalogue } from "./validate.ts";
import { answersTo, CATALOGUE, controlsOfProfile, rulesWithFloor } from "./whole.ts";

const RULE_NAMES = RULES.map(({ name }) => name);

function spoiled(over: Partial<Catalogue>): string[] {
  return faultsOfCatalogue({ ...CATALOGUE, ...over }, RULE_NAMES);
}

describe("the catalogue", () => {
  test("has no fault, and as many automated controls as promised", () => {
    expect(faultsOfCatalogue(CATALOGUE, RULE_NAMES)).toEqual([]);
    const automated = CATALOGUE.controls.filter(({ rules }) => rules.length > 0);
    expect(automated.length).toBeGreaterThanOrEqual(30);
    expect(CATALOGUE.controls.length).toBeGreaterThanOrEqual(40);
  });

  test("every item of 8.1.2 to 8.1.5 is answered: checked, evidence, or a person's word", () => {
    const items = CATALOGUE.clauses.filter(({ id }) => /^mlps:8\.1\.[2-5]\./.test(id));
    expect(items).toHaveLength(74);
    expect(items.filter((clause) => answersTo(clause, CATALOGUE).length === 0)).toEqual([]);
  });

  test("no check contains a clause", () => {
    const folder = path.join(import.meta.dirname, "..", "rules");
    const references = CATALOGUE.clauses.filter(({ ref }) => ref.length > 6).map(({ ref }) => ref);
    for (const file of readdirSync(folder).filter((name) => !name.endsWith(".test.ts"))) {
      const code = readFileSync(path.join(folder, file), "utf8").replaceAll(
        /^\s*(\/?\*|\/\/).*$/gm,
        "",
      );
      expect([file, references.filter((ref) => code.includes(ref))]).toEqual([file, []]);
    }
  });

  test("every profile has clauses, controls and floors of its own", () => {
    for (const profile of Object.values(PROFILES)) {
      expect(controlsOfProfile(profile, CATALOGUE).length).toBeGreaterThan(20);
      expect(profile.floors.auditDaysMin).toBeGreaterThanOrEqual(90);
    }
    expect(PROFILES.cnBank.floors.auditDaysMin).toBe(366);
    expect(PROFILES.cnGeneral.floors.auditDaysMin).toBe(184);
  });
});

const [clause] = CATALOGUE.clauses;
const [control] = CATALOGUE.controls;
if (clause === undefined || control === undefined) throw new Error("the catalogue is empty");

test.each<[string, Partial<Catalogue>, RegExp]>([
  [
    "a clause that does not exist",
    { map: { ...CATALOGUE.map, backups: { full: ["mlps:8.1.4.99.z"] } } },
    /control backups names the clause mlps:8\.1\.4\.99\.z/,
  ],
  [
    "a control without a clause",
    { controls: [...CATALOGUE.controls, { ...control, id: "lonely" }] },
    /lonely answers to no clause/,
  ],
  ["an empty row", { map: { ...CATALOGUE.map, backups: {} } }, /backups answers to no clause/],
  [
    "a control of the map that is none",
    { map: { ...CATALOGUE.map, ghost: { full: [clause.id] } } },
    /ghost, which is none/,
  ],
  [
    "a clause nobody answers",
    { clauses: [...CATALOGUE.clauses, { ...clause, id: "mlps:9" }] },
    /mlps:9 is answered by no control/,
  ],
  ["a clause twice", { clauses: [...CATALOGUE.clauses, clause] }, /stands twice/],
  [
    "a law without a clause",
    { clauses: CATALOGUE.clauses.filter(({ law }) => law !== "health") },
    /law health has no clause/,
  ],
  [
    "a rule that is none",
    {
      controls: CATALOGUE.controls.map((one) =>
        one === control ? { ...one, rules: ["gone"] } : one,
      ),
    },
    /the rule gone, which is none/,
  ],
  [
    "a control that nobody checks or attests",
    { controls: CATALOGUE.controls.map(({ id, title, rules }) => ({ id, title, rules })) },
    /attested by nobody/,
  ],
  [
    "an attested control that claims a check",
    { map: { ...CATALOGUE.map, drill: { full: ["mlps:8.1.10.13"] } } },
    /drill has no rule, and claims to check/,
  ],
])("refuses %s", (_, over, message) => {
  expect(spoiled(over).join("\n")).toMatch(message);
});

test("refuses a rule without a control", () => {
  expect(faultsOfCatalogue(CATALOGUE, [...RULE_NAMES, "orphan"])).toEqual([
    "rule orphan belongs to no control",
  ]);
});

test("every exemption that ships has all it needs, and a floor of a law has a name", () => {
  const ground = {
    rules: new Set(RULE_NAMES),
    floors: rulesWithFloor(CATALOGUE),
    today: "2026-11-26",
  };
  expect([...ground.floors].sort()).toEqual(["admin-mfa", "audit-retention", "region-fence"]);
  expect(EXEMPTIONS.flatMap((one) => faultsOfExemption(one, ground))).toEqual([]);
});
