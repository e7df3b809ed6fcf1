/** The pack as a whole: every rule is served, described, and named in the documentation. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const here = import.meta.dirname;
const pack = readFileSync(path.join(here, "all-rules.ts"), "utf8");
const page = readFileSync(path.join(here, "..", "docs", "policies.md"), "utf8");

/** A rule's file declares its own name: `name: "tls13-only"`. */
const files = readdirSync(path.join(here, "rules")).filter((file) => {
  if (/\.test\.ts$|^test-/.test(file)) return false;
  return /^ {2}name: "/m.test(readFileSync(path.join(here, "rules", file), "utf8"));
});

test("every rule is in the pack, in a file of its name with a test beside it", () => {
  expect(files.length).toBeGreaterThanOrEqual(51);
  for (const file of files) {
    const rule = path.basename(file, ".ts");
    const text = readFileSync(path.join(here, "rules", file), "utf8");
    expect(text).toContain(`name: "${rule}"`);
    expect(text).toMatch(/severity: "(low|medium|high|critical)"/);
    expect(pack).toContain(`from "./rules/${file}"`);
    expect(readdirSync(path.join(here, "rules"))).toContain(`${rule}.test.ts`);
  }
});

test("the documentation lists exactly the rules of the pack", () => {
  const listed = [...page.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map((match) => match[1]);
  expect(listed.sort()).toEqual(files.map((file) => path.basename(file, ".ts")).sort());
});
