import { describe, expect, test } from "vitest";
import { add, countsOf, type Failure, NONE, type Report, secondTry } from "./suite-results.ts";

const REPORT: Report = {
  ...{ numPassedTests: 7, numFailedTests: 1, numPendingTests: 1, numTodoTests: 1 },
  testResults: [
    {
      ...{ name: "/project/tools/a.test.ts", status: "failed", message: "" },
      assertionResults: [
        { fullName: "adds", status: "passed" },
        { fullName: "waits", status: "failed", failureMessages: ["late", "still late"] },
      ],
    },
    {
      ...{ name: "/project/b.test.ts", status: "failed", message: "no such module" },
      assertionResults: [],
    },
    { name: "/project/c.test.ts", status: "passed", message: "", assertionResults: [] },
  ],
};

test("counts what failed, files that ended before their first test among them", () => {
  expect(countsOf(REPORT, "/project")).toEqual({
    ...{ passed: 7, failed: 2, skipped: 2 },
    failures: [
      { file: "tools/a.test.ts", test: "waits", reason: "late\nstill late" },
      { file: "b.test.ts", test: "", reason: "no such module" },
    ],
  });
  const one = countsOf(REPORT, "/project");
  expect(add([one, NONE, one])).toMatchObject({ passed: 14, failed: 4, skipped: 4 });
});

describe("a second try", () => {
  const failure = (file: string, name = "waits"): Failure => ({ file, test: name, reason: "late" });
  const of = (...failures: Failure[]) => secondTry({ ...NONE, failures });

  test("is for one file or two", () => {
    expect(of()).toEqual([]);
    expect(of(failure("a.test.ts"), failure("a.test.ts", "waits more"))).toEqual(["a.test.ts"]);
    expect(of(failure("a.test.ts"), failure("b.test.ts"))).toHaveLength(2);
    expect(of(failure("a.test.ts"), failure("b.test.ts"), failure("c.test.ts"))).toEqual([]);
  });

  test.each([
    ["tools/cli/crash.cluster.test.ts", "at moment 7"],
    ["gateway-image/test/kill.test.ts", "under load"],
    ["gateway-image/test/ledger.test.ts", "no row is lost"],
    ["tools/cli/local-stack.cluster.test.ts", "kill -9 of a gateway"],
    ["gateway-image/src/quota/cap.test.ts", "1,000 callers: exactly N are admitted"],
    ["tools/weights/open.test.ts", "tampering is found"],
    ["a.test.ts", ""],
  ])("is refused where once is a fault: %s › %s", (file, name) => {
    expect(of(failure(file, name), failure("other.test.ts"))).toEqual([]);
  });
});
