/**
 * Every committed stack passes its profile or has a written exemption, and no rule sleeps: each is broken
 * once in the graphs of prod, onprem-bank and onprem-hospital, and must notice.
 */
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { changed } from "../config/test-settings.ts";
import { RULES } from "../policies/all-rules.ts";
import { CATALOGUE } from "../policies/catalogue/whole.ts";
import { englishLeft } from "../policies/chinese/test-chinese.ts";
import { EXEMPTIONS } from "../policies/exemptions.ts";
import type { Exemption } from "../policies/judging/exemptions.ts";
import { type JudgedResource, judgeGraph } from "../policies/judging/judge-graph.ts";
import { stackNames } from "../tools/cli/session.ts";
import { MIRROR, valuesOf } from "./test-changes.ts";
import { graphOf } from "./test-graph.ts";
import { MUTANTS, mutated } from "./test-mutants.ts";

const TODAY = "2026-11-26";
const STACKS = await stackNames(path.resolve(import.meta.dirname, ".."));
const MUTATED = ["prod", "onprem-bank", "onprem-hospital"];

/** What is single on a machine by itself has to be more elsewhere. */
const LARGER = [
  ["storage.class", "encrypted"],
  ["redis.replicas", 3],
  ["postgres.instances", 3],
  ["quotas.standard.concurrentRequests", 20],
] as const;

const graphs = new Map<string, JudgedResource[]>();

beforeAll(async () => {
  for (const stack of STACKS) graphs.set(stack, await graphOf(stack));
}, 900_000);

const graph = (stack: string) => graphs.get(stack) ?? [];
const judged = (resources: readonly JudgedResource[], rules = RULES) => {
  const verdict = judgeGraph(rules, resources, { exemptions: EXEMPTIONS, today: TODAY });
  for (const { rule, messages } of verdict.verdicts.flatMap(({ judgements }) => judgements))
    for (const message of messages) untold.add(englishLeft(rule, message));
  return verdict;
};
/** What the Chinese reports would show in English. */
const untold = new Set<string | undefined>();
const failuresOf = (stack: string, { verdicts }: ReturnType<typeof judged>) =>
  verdicts.flatMap(({ judgements }) =>
    judgements
      .filter(({ result }) => result === "fail")
      .flatMap(({ rule, messages }) => messages.map((text) => `${stack} ${rule}: ${text}`)),
  );

test("every stack passes its profile, or says what it bears", () => {
  const unused = new Set<Exemption>(EXEMPTIONS);
  const failing = STACKS.flatMap((stack) => {
    const verdict = judged(graph(stack));
    for (const one of EXEMPTIONS) if (!verdict.unused.includes(one)) unused.delete(one);
    return failuresOf(stack, verdict);
  });
  expect(failing).toEqual([]);
  expect([...unused].map(({ rule, resources }) => `${rule} ${resources.join(" ")}`)).toEqual([]);
});

/** What no committed stack has, each by the name of one whose exemptions hold for it. */
const FURNISHED = [
  ["onprem-bank", "furnished", LARGER],
  ["onprem-hospital-b", "mirrored", [["weightsMirror", MIRROR]]],
] as const;

test.each(FURNISHED)("%s passes with what %s has, too", async (stack, base, changes) => {
  const start = await valuesOf(base);
  const values = changes.reduce((before, [at, value]) => changed(before, at, value), start);
  expect(failuresOf(stack, judged(await graphOf(stack, values)))).toEqual([]);
});

test("an exemption of one stack leaves every other as it was", () => {
  const trying = EXEMPTIONS.filter(({ stacks }) => stacks.includes("dev"));
  const [resource] = graph("prod").filter(({ inputs }) => inputs.name === "database");
  expect([trying.length > 3, resource !== undefined]).toEqual([true, true]);
  const spoiled = graph("prod").map((one) => {
    if (one.inputs.name !== "database" || !one.inputs.type.endsWith(":Instance")) return one;
    const props = { ...one.inputs.props, deletionProtection: false };
    return { ...one, inputs: { ...one.inputs, props } };
  });
  const verdict = judged(spoiled).verdicts.find(({ rule }) => rule.name === "deletion-protection");
  expect(verdict?.result).toBe("fail");
});

describe.each(MUTATED)("in %s", (stack) => {
  test("every rule that is about something notices when it is broken", () => {
    const before = judged(graph(stack));
    const applicable = before.verdicts.filter(({ result }) => result !== "notApplicable");
    const tried = applicable.map(({ rule }) => {
      const mutants = MUTANTS.filter((one) => one.rule === rule.name);
      const made = mutants
        .map((mutant) => mutated(mutant, graph(stack)))
        .filter((one) => one !== undefined);
      const caught = made.filter((one) => judged(one, [rule]).verdicts[0]?.result === "fail");
      return { rule: rule.name, made: made.length, caught: caught.length };
    });
    const sum = (key: "made" | "caught") => tried.reduce((total, one) => total + one[key], 0);
    process.stdout.write(`  ${stack}: mutants caught ${sum("caught")} / made ${sum("made")}\n`);
    expect(tried.filter(({ made, caught }) => made === 0 || caught < made)).toEqual([]);
  });
});

test("a Chinese report tells in Chinese whatever was said above", () => {
  expect([...untold].filter((one) => one !== undefined)).toEqual([]);
});

test("every control that a rule checks is broken in one of the three stacks", () => {
  const broken = new Set(
    MUTANTS.filter((one) => MUTATED.some((stack) => mutated(one, graph(stack)) !== undefined)).map(
      ({ rule }) => rule,
    ),
  );
  const automated = CATALOGUE.controls.filter(({ rules }) => rules.length > 0);
  const unbroken = automated.filter(({ rules }) => !rules.some((rule) => broken.has(rule)));
  expect(unbroken.map(({ id }) => id)).toEqual([]);
});
