/** Outside judges find nothing in any stack that is not explained, and no explanation is left over. */
import { readdir } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import type { Verdict } from "../judges/explanation.ts";
import { runVerb } from "./test-stack.ts";

test("nothing unexplained in any stack, and no dead explanation", async () => {
  const { code, stdout, stderr } = await runVerb(["judge", "--json"]);
  const verdict: Verdict = JSON.parse(stdout === "" ? "{}" : stdout);
  const unexplained = verdict.stacks?.flatMap(({ stack, unexplained: findings }) =>
    findings.map(({ judge, rule, object, message }) =>
      [stack, judge, rule, object, message].join(" "),
    ),
  );
  expect(unexplained, stderr).toEqual([]);
  expect(verdict.dead).toEqual([]);
  expect(code).toBe(0);
  const files = await readdir(path.resolve(import.meta.dirname, "../.."));
  const stacks = files.flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
  expect(verdict.stacks.map(({ stack }) => stack)).toEqual(stacks.sort());
  // Judges that looked at nothing would agree with everything.
  for (const { findings } of verdict.stacks) expect(findings.length).toBeGreaterThan(20);
});

test("a stack that does not exist is told with those that do", async () => {
  const { code, stderr } = await runVerb(["judge", "nope"]);
  expect(code).toBe(2);
  expect(stderr).toContain("local");
});
