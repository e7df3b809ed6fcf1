/** `npm run policies` as a person calls it: a real stack, no cluster, no cloud. */
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { runVerb } from "./test-stack.ts";

test("a stack that bears what it lacks passes, and its reports are its owner's alone", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "policies-"));
  try {
    const report = ["--report", folder, "--evidence"];
    const { code, stdout, stderr } = await runVerb(["policies", "container", ...report]);
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain("after a simulated apply, a self-assessment");
    const files = await readdir(folder);
    expect(files.filter((name) => name !== "evidence")).toHaveLength(12);
    const page = path.join(folder, "report.en.html");
    expect((await stat(page)).mode & 0o077).toBe(0);
    expect(await readFile(page, "utf8")).toContain("General, China (cnGeneral)");
    // Nothing of that stack runs: each proof says so, and none is counted as passed.
    expect(stdout.match(/\(not evaluated\)/g)).toHaveLength(9);
    expect(stdout).toContain("it was not deployed from this state");
    const bank = path.join(folder, "evidence/filter-bank.json");
    expect((await stat(bank)).mode & 0o077).toBe(0);
    const sha256 = createHash("sha256")
      .update(await readFile(bank))
      .digest("hex");
    expect(await readFile(page, "utf8")).toContain(sha256);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 120_000);

test("by a profile that asks for more it fails, and says what", async () => {
  const { code, stdout } = await runVerb([
    "policies",
    "container",
    "--profile",
    "usHospital",
    "--json",
  ]);
  const { rules, profile } = JSON.parse(stdout);
  expect([code, profile]).toEqual([1, "usHospital"]);
  const failed = rules.filter(({ result }: { result: string }) => result === "fail");
  expect(failed.map(({ rule }: { rule: string }) => rule)).toEqual([
    "audit-retention",
    "patient-store",
  ]);
}, 120_000);

test("a profile that is none is told with those that are", async () => {
  const { code, stderr } = await runVerb(["policies", "container", "--profile", "everything"]);
  expect(code).toBe(2);
  expect(stderr).toContain("cnGeneral");
});

test("the pack forbids in a preview what the report would fail, and nothing else", async () => {
  const { code, stdout, stderr } = await runVerb([
    ...["preview", "container", "--simulate-cloud", "--policy-pack", "policies"],
    ...["--config", "deepseek:edge.replicas=1"],
  ]);
  expect(code).toBe(2);
  const forbidden = [...(stdout + stderr).matchAll(/✗ mandatory deepseek\/([\w-]+):/g)];
  expect([...new Set(forbidden.map(([, rule]) => rule))]).toEqual(["redundancy"]);
}, 120_000);
