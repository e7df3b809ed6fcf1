/**
 * Every alert before promtool: it fires when it must, is silent when it must not, and a changed alert
 * does not get through. All proofs are one run, all changed alerts another.
 */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensurePackages } from "../tools/debian/packages.ts";
import { environmentFor } from "../tools/debian/root-folder.ts";
import { PROOFS } from "./proofs/test-all.ts";
import type { AlertRule } from "./rules/rule.ts";
import { ALERTS } from "./rules.ts";
import { type Mutant, mutantsOf, seeded } from "./test-mutants.ts";
import { judgeTrials } from "./test-promtool.ts";
import { recordingsOf, writtenOut } from "./test-rules.ts";

/** Another one makes other changes: MUTANTS_SEED=2. */
const SEED = Number(process.env["MUTANTS_SEED"] ?? 1);
/** Of the changes that can be made of an alert; all of them take four times as long. */
const MUTANTS_EACH = 3;
/** Some changes make no difference: a guard against a division by nought, a whole number's half. */
const CAUGHT_LEAST = 0.97;

let folder: string;
let root: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "proofs-test-"));
  ({ root } = await ensurePackages(["prometheus", "prometheus-alertmanager"]));
});

afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

const promtool = () => ({
  program: path.join(root, "usr/bin/promtool"),
  env: { ...environmentFor(root) },
  folder,
});

function alertOf(name: string): AlertRule {
  const rule = ALERTS.find(({ alert }) => alert === name);
  if (rule === undefined) throw new Error(`no alert ${name}`);
  return rule;
}

test("every alert has a proof, and Watchdog needs none", () => {
  const proven = PROOFS.map(({ alert }) => alert);
  const named = ALERTS.map(({ alert }) => alert).filter((alert) => alert !== "Watchdog");
  expect([...proven].sort()).toEqual([...named].sort());
});

test("every alert fires when it must and is silent when it must not", async () => {
  const trials = PROOFS.map((proof) => {
    const rule = alertOf(proof.alert);
    return { proof, rules: [rule], recordings: recordingsOf(rule) };
  });
  const { failures, scenarios } = await judgeTrials(trials, promtool());
  expect(failures.map(({ scenario, time }) => `${scenario} (${time})`)).toEqual([]);
  expect(scenarios).toBeGreaterThan(PROOFS.length * 6);
});

test("an alert that was changed is caught", async ({ annotate }) => {
  const random = seeded(SEED);
  const made: Mutant[] = [];
  const trials = PROOFS.map((proof) => {
    const rule = writtenOut(alertOf(proof.alert));
    const mutants = mutantsOf(rule, random)
      .map((mutant) => ({ mutant, rank: random() }))
      .sort((a, b) => a.rank - b.rank)
      .slice(0, MUTANTS_EACH)
      .map(({ mutant }) => mutant);
    made.push(...mutants);
    const rules = [rule, ...mutants.map((mutant) => mutant.rule)];
    return { proof, rules, recordings: recordingsOf(rule), short: true };
  });
  const { failures } = await judgeTrials(trials, promtool());
  const failed = new Set(failures.map(({ alert }) => alert));
  const survivors = made.filter(({ rule }) => !failed.has(rule.alert));
  const caught = made.length - survivors.length;
  const list = survivors.map(({ rule, what }) => `${rule.alert}: ${what}`);
  const told = `seed ${SEED}: ${caught} of ${made.length} changed alerts were caught; not:`;
  process.stdout.write(`${[told, ...list].join("\n  ")}\n`);
  await annotate(told);
  // The unchanged one stands beside them and must hold.
  expect(PROOFS.filter(({ alert }) => failed.has(alert))).toEqual([]);
  expect(caught / made.length, list.join("\n")).toBeGreaterThanOrEqual(CAUGHT_LEAST);
});
