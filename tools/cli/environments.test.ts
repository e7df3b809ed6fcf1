/**
 * What differs between neighbouring environments, as it was reviewed (stacks/golden). A difference that
 * nobody intended shows here, and one that is missing, too. UPDATE=1 writes the files anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runVerb, runVerbOrFail } from "./test-stack.ts";

const PAIRS = [
  ["dev", "staging"],
  ["staging", "prod"],
  ["onprem-bank", "onprem-hospital"],
  ["onprem-hospital", "onprem-hospital-b"],
  ["prod-pair", "prod-pair-standby"],
] as const;
const GOLDEN = path.resolve(import.meta.dirname, "../../stacks/golden");

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "environments-"));
  for (const stack of new Set(PAIRS.flat())) {
    await runVerbOrFail(["render", stack, "--out", path.join(folder, stack)]);
  }
}, 900_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test.each(PAIRS)("from %s to %s", async (left, right) => {
  const [one, other] = [left, right].map((stack) => path.join(folder, stack)) as [string, string];
  const file = path.join(GOLDEN, `${left}--${right}.txt`);
  const { stdout } = await runVerb(["render", "--diff", one, other]);
  if (process.env["UPDATE"] === "1") writeFileSync(file, stdout);
  expect(stdout).toBe(readFileSync(file, "utf8"));
});
