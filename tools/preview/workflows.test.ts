/** The ready workflows in ci/: what they must never do, and that a careless change of them is caught. */
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { stackNames } from "../cli/session.ts";
import { githubFaults, gitlabFaults } from "./test-workflow-rules.ts";

const root = path.resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(path.join(root, "ci", file), "utf8");
const FILES = globSync("{github,gitea}/*.yml", { cwd: path.join(root, "ci") }).sort();

test("there is one for each thing that docs/previews.md names", () => {
  expect(FILES).toEqual([
    "gitea/preview.yml",
    "github/apply.yml",
    "github/drift.yml",
    "github/preview-comment.yml",
    "github/preview.yml",
  ]);
  const page = readFileSync(path.join(root, "docs/previews.md"), "utf8");
  for (const file of [...FILES, "gitlab/.gitlab-ci.yml", "preview.sh"])
    expect(page).toContain(`ci/${file}`);
});

test.each(FILES)("%s has no fault", (file) => {
  expect(githubFaults(read(file))).toEqual([]);
});

test("GitLab's has no fault", () => {
  expect(gitlabFaults(read("gitlab/.gitlab-ci.yml"))).toEqual([]);
});

/** File, what is written instead of what, and a word of the fault that must be found. */
const CARELESS: readonly (readonly [string, string | RegExp, string, string])[] = [
  ["github/preview.yml", "pull_request:", "pull_request_target:", "pull_request_target"],
  ["github/preview.yml", "permissions: {}", "permissions: write-all", "not {}"],
  ["github/preview.yml", "contents: read", "contents: write", "may write"],
  ["github/preview.yml", /@[0-9a-f]{40}/, "@v7", "not pinned"],
  ["github/preview.yml", "persist-credentials: false", "persist-credentials: true", "token behind"],
  ["github/preview.yml", "npm ci --ignore-scripts", "npm ci", "scripts of packages"],
  ["github/preview.yml", '"$BASE" preview', "${" + "{ github.head_ref }} preview", "shell line"],
  ["github/preview.yml", "github.event.pull_request.base.sha", "secrets.KEY", "given a secret"],
  ["github/preview.yml", "timeout-minutes: 20", "", "no time-out"],
  [
    "github/preview-comment.yml",
    "github.event.repository.default_branch",
    "github.event.workflow_run.head_sha",
    "takes code",
  ],
  ["github/preview-comment.yml", "npm ci --ignore-scripts", "npm ci", "scripts of packages"],
  ["github/apply.yml", "    environment: prod\n", "", "without an environment"],
  ["github/apply.yml", "cancel-in-progress: false", "cancel-in-progress: true", "cut off"],
  ["gitea/preview.yml", "npm ci --ignore-scripts", "npm install", "scripts of packages"],
];

describe("a careless change is caught", () => {
  test.each(CARELESS)("%s: %s → %s", (file, from, to, told) => {
    const text = read(file);
    const changed = text.replace(from, () => to);
    expect(changed).not.toBe(text);
    expect(githubFaults(changed).join("\n")).toContain(told);
  });

  test.each([
    ["      when: manual\n", "", "without a person"],
    [
      "resource_group: prod\n  environment:\n    name: prod\n  id",
      "environment:\n    name: prod\n  id",
      "two may run",
    ],
    ["npm ci --ignore-scripts", "npm ci", "scripts of packages"],
    ["interruptible: true", "id_tokens: { A: { aud: b } }", "given a secret"],
  ])("GitLab's: %j", (from, to, told) => {
    const changed = read("gitlab/.gitlab-ci.yml").replace(from, () => to);
    expect(gitlabFaults(changed).join("\n")).toContain(told);
  });
});

test("the trusted job renders only stacks that it names itself, from JSON", () => {
  const text = read("github/preview-comment.yml");
  expect(text).not.toMatch(/comment\.md|page\.html/);
  const jobs = parse(read("github/preview.yml")).jobs;
  const stacks: string[] = jobs.preview.strategy.matrix.stack;
  expect(text).toContain(`for stack in ${stacks.join(" ")}; do`);
});

test("the stacks that are previewed exist", async () => {
  const there = await stackNames(root);
  for (const file of ["github/preview.yml", "gitea/preview.yml"]) {
    expect(there).toEqual(
      expect.arrayContaining(parse(read(file)).jobs.preview.strategy.matrix.stack),
    );
  }
});

test("drift is looked for by a refresh that expects no change, on a schedule", () => {
  const { on, jobs } = parse(read("github/drift.yml"));
  expect(on.schedule[0].cron).toMatch(/^\d+ \d+ \* \* \*$/);
  expect(JSON.stringify(jobs)).toMatch(/preview .*--expect-no-changes --refresh/);
  expect(read("gitlab/.gitlab-ci.yml")).toMatch(/preview .*--expect-no-changes --refresh/);
});

test("what is applied is the plan that was approved", () => {
  const { jobs } = parse(read("github/apply.yml"));
  expect(jobs.apply.needs).toBe("plan");
  expect(JSON.stringify(jobs.plan)).toContain("--save-plan plan.json");
  expect(JSON.stringify(jobs.apply)).toContain("--plan plan.json");
});

test.each(["preview.sh", "github/assume-role.sh"])("%s is a script that a shell reads", (file) => {
  execFileSync("bash", ["-n", path.join(root, "ci", file)]);
  expect(read(file)).toContain("set -euo pipefail");
});
