/** docs/configuration.md is what the schema says. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { configurationReference } from "./reference.ts";
import versions from "./versions.json" with { type: "json" };

const file = path.resolve(import.meta.dirname, "../docs/configuration.md");
const BEGIN = "<!-- generated: begin -->";
const END = "<!-- generated: end -->";

test("docs/configuration.md holds the current table (UPDATE=1 writes it)", () => {
  const text = readFileSync(file, "utf8");
  const before = text.slice(0, text.indexOf(BEGIN) + BEGIN.length);
  const after = text.slice(text.indexOf(END));
  const current = `${before}\n\n${configurationReference()}\n\n${after}`;
  if (process.env["UPDATE"] === "1") writeFileSync(file, current);
  expect(readFileSync(file, "utf8")).toBe(current);
});

test("versions.json names whole references, and never invents a digest", () => {
  for (const [name, image] of Object.entries(versions.images)) {
    expect(`${name} ${image.reference}`).toMatch(/^[a-z-]+ [a-z.]+\/[a-z0-9_/-]+:v?\d[\w.-]*$/);
    expect(image.digest).toBeNull();
  }
});
