/** The test bank of the word filter, through a real gateway with its lists and without. */
import { Agent } from "undici";
import { afterEach, expect, test } from "vitest";
import { boot, endAll, MODEL, simulate } from "../../../gateway-image/test/test-harness.ts";
import { BANK_WORDS, FILTER_BANK } from "./filter-bank.ts";
import { filterProof } from "./filter-proof.ts";

afterEach(endAll);

const dispatcher = new Agent();
const NOW = new Date("2026-11-26T11:00:00Z");
const HALF = FILTER_BANK.filter(({ blocked }) => blocked).length;

async function asked(words: readonly string[] | null) {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const wordLists = words === null ? [] : [{ id: "bank", words, mode: "block" }];
  const harness = await boot({ targets: [{ url }], directory: { wordLists } });
  const gateway = { url: harness.base, key: harness.key, model: MODEL, dispatcher };
  return filterProof({ gateway, without: "", now: NOW });
}

test("the bank has forty sentences and more, of every way, to be stopped and to pass", () => {
  expect(FILTER_BANK.length).toBeGreaterThanOrEqual(40);
  expect(new Set(FILTER_BANK.map(({ pieces }) => pieces.join("|"))).size).toBe(FILTER_BANK.length);
  expect(new Set(FILTER_BANK.map(({ way }) => way)).size).toBe(10);
  expect([HALF, FILTER_BANK.length - HALF]).toEqual([33, 19]);
});

test("through a gateway with the list, all are judged as they must be", async () => {
  const shown = await asked(BANK_WORDS);
  expect([shown.result, shown.findings]).toEqual(["pass", []]);
  expect(shown.on).toMatch(/^http:/);
  expect(shown.figures).toEqual({
    "stopped as they must": `${HALF} of ${HALF}`,
    "passed as they must": "19 of 19",
  });
});

test("a list that lacks a word, or stops too much, fails and says which sentences", async () => {
  const lacks = await asked(BANK_WORDS.slice(0, 3));
  expect(lacks.result).toBe("fail");
  expect(lacks.findings).toContain("case: “PROJECT BLUEBIRD” passed, must be blocked");
  const more = await asked([...BANK_WORDS, "青鸟"]);
  expect(more.findings).toEqual([
    "near miss: “青鸟殷勤为探看” blocked, must be passed",
    "near miss: “青鸟的计划” blocked, must be passed",
  ]);
});

test("without a list the engine alone is asked, and nothing is claimed of the gateway", async () => {
  const shown = await asked(null);
  expect([shown.result, shown.on]).toEqual(["notEvaluated", "the filter's engine"]);
  expect(shown.findings).toEqual([expect.stringContaining("the engine alone was asked")]);
  expect(shown.figures["stopped as they must"]).toBe(`${HALF} of ${HALF}`);
});

test("a gateway that is away is said to be", async () => {
  const gateway = { url: "http://127.0.0.1:1", key: "k", model: MODEL, dispatcher };
  const shown = await filterProof({ gateway, without: "", now: NOW });
  expect([shown.result, shown.findings.join()]).toEqual([
    "notEvaluated",
    expect.stringContaining("ECONNREFUSED"),
  ]);
});
