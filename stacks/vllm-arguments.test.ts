/** What every stack tells vLLM, before the options of the release that its image is pinned to. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import versions from "../config/versions.json" with { type: "json" };
import type { Loose } from "./test-objects.ts";
import { committedSite } from "./test-sites.ts";

const FILE = path.join(import.meta.dirname, "../components/serving/fixtures/vllm-options.txt");
const [head = "", ...rows] = readFileSync(FILE, "utf8").trim().split("\n");
const OPTIONS = new Map(rows.map((row) => row.split(" ") as [string, string]));
const STACKS = ["dev", "staging", "prod", "prod-pair", "onprem-bank", "onprem-hospital", "hybrid"];

/** Containers that run vLLM, in whatever object they stand. */
function engines(value: Loose): Loose[] {
  if (value === null || typeof value !== "object") return [];
  const own = Array.isArray(value.command) && value.command[0] === "vllm" ? [value] : [];
  return [...own, ...Object.values(value).flatMap(engines)];
}

function faultOf(argument: string): string[] {
  const [, name = "", value] = /^(--[^=]+)(?:=(.*))?$/.exec(argument) ?? [];
  const kind = OPTIONS.get(name);
  if (kind === undefined) return [`${argument}: there is no such option`];
  if (kind === "flag") return value === undefined ? [] : [`${argument} takes no value`];
  if (value === undefined) return [`${argument} needs a value`];
  // What Kubernetes puts in is judged where it is made.
  if (kind === "text" || value.startsWith("$(")) return [];
  if (kind === "integer") return /^\d+$/.test(value) ? [] : [`${argument} is no integer`];
  if (kind === "number") return Number.isFinite(Number(value)) ? [] : [`${argument} is no number`];
  return kind.split("|").includes(value) ? [] : [`${argument} is none of ${kind}`];
}

test("the options are those of the release that is deployed", () => {
  expect(`v${head.replace("# vllm ", "")}`).toBe(versions.images.vllm.reference.split(":").pop());
});

test.each(STACKS)("%s says nothing that vLLM does not take", async (stack) => {
  const { resources } = await committedSite(stack);
  const told = resources.flatMap(({ inputs }) => engines(inputs));
  expect(told).not.toEqual([]);
  const faults = told.flatMap(({ args: [verb, model, ...options] }) => {
    expect([verb, model]).toEqual(["serve", "$(MODEL_PATH)"]);
    return options.flatMap(faultOf);
  });
  expect(faults).toEqual([]);
});

test.each([
  ["--no-such-option=1", "no such option"],
  ["--enable-ssl-refresh=true", "takes no value"],
  ["--max-model-len", "needs a value"],
  ["--shutdown-timeout=10s", "no integer"],
  ["--dtype=int8", "none of"],
  ["--reasoning-parser=deepseek_r2", "none of"],
])("%s would be found", (argument, fault) => {
  expect(faultOf(argument).join()).toContain(fault);
});
