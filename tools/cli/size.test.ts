/** `npm run size` as people call it: a table, one plan, a refusal with the nearest one, wrong words. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { expect, test } from "vitest";

const main = path.join(import.meta.dirname, "main.ts");

function size(...args: string[]) {
  const words = ["--disable-warning=ExperimentalWarning", main, "size", ...args];
  return spawnSync(process.execPath, words, { encoding: "utf8" });
}

test("without a model: all of them, one line each", () => {
  const { status, stdout } = size("--gpu", "a100-40");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^deepseek-r1-distill-llama-70b +8 +8 +4 +2 +-$/m);
  expect(stdout).toMatch(/^deepseek-r1 +- +- +24 \(TP8 x PP3\) +16 \(TP8 x PP2\) +-$/m);
});

test("a plan names its shape, what is left, and how long a start takes", () => {
  const words = ["--model", "deepseek-r1", "--quantisation", "awq"];
  const { status, stdout } = size(...words);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^ +shape +TP8 x PP1: 8 of a100-80, 1 node$/m);
  expect(stdout).toMatch(/^ +start +298 s at 2 GB\/s \(178 s of reading\)/m);
  expect(JSON.parse(size(...words, "--json").stdout)).toMatchObject({
    model: "deepseek-r1",
    plan: { tensorParallel: 8, pipelineParallel: 1, gpus: 8 },
  });
});

test("what does not fit ends with 1, its reasons and the nearest plan", () => {
  const { status, stdout } = size("--model", "deepseek-llm-7b-chat", "--quantisation", "int8");
  expect(status).toBe(1);
  expect(stdout).toMatch(/^✗ int8: .*none is known to be published$/m);
  expect(stdout).toContain("The nearest plan:");
  const own = ["--own-checkpoint", "--model", "deepseek-llm-7b-chat", "--quantisation", "int8"];
  expect(size(...own).status).toBe(0);
});

test("with an inventory it says how replicas are replaced, or that they cannot be", () => {
  const words = ["--model", "deepseek-coder-33b-instruct", "--inventory", "8", "--replicas"];
  expect(size(...words, "4").stdout).toMatch(/^ +rollout +maxSurge 0, maxUnavailable 1: 3 serve/m);
  expect(size(...words, "3").stdout).toMatch(/^ +rollout +maxSurge 1, maxUnavailable 0: 3 serve/m);
  const { status, stdout } = size(...words, "5");
  expect([status, stdout.includes("4 at most")]).toEqual([1, true]);
});

test("unknown names and numbers end with 2 and say which there are", () => {
  for (const [args, text] of [
    [["--model", "gpt-4"], "deepseek-r1"],
    [["--gpu", "h100"], "a100-80"],
    [["--model", "deepseek-r1", "--tensor-parallel", "many"], "whole number"],
  ] as const) {
    const { status, stderr } = size(...args);
    expect([status, stderr.includes(text)]).toEqual([2, true]);
  }
});
