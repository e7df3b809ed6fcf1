import { describe, expect, test } from "vitest";
import { UserError } from "../../base/user-error.ts";
import { renderFault } from "./fault.ts";

const plain = { columns: 80, color: false };

describe("a failure on one screen", () => {
  test("an expected one says what, where and how to mend it", () => {
    const error = new UserError("Stack local is locked by root@host, process 12, for up.", {
      where: "/var/state/.pulumi/locks/organization/deepseek/local/1.json",
      fix: "Wait until it ends. If it is certain that nothing runs any more: npm run state -- unlock local",
    });
    expect(renderFault(error, plain)).toEqual([
      "✗ Stack local is locked by root@host, process 12, for up.",
      "  where: /var/state/.pulumi/locks/organization/deepseek/local/1.json",
      "  mend:  Wait until it ends. If it is certain that nothing runs any more:",
      "           npm run state -- unlock local",
    ]);
  });

  test("a list of faults keeps its lines and stays on the screen", () => {
    const faults = Array.from({ length: 40 }, (_, i) => `  deepseek:models[${i}]: wrong`);
    const lines = renderFault(
      new UserError(["Configuration of stack local has 40 faults:", ...faults].join("\n"), {
        fix: "Mend Pulumi.local.yaml.",
      }),
      plain,
    );
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines[1]).toBe("    deepseek:models[0]: wrong");
    expect(lines).toContain("  … and 25 more lines");
  });

  test("an unexpected one has its trace", () => {
    const error = new Error("cannot read x of undefined");
    expect(renderFault(error, plain)[0]).toBe("✗ Unexpected failure: cannot read x of undefined");
    expect(renderFault(error, plain).join("\n")).toContain("fault.test.ts");
  });

  test("colour only where it is wanted", () => {
    const error = new UserError("x", { fix: "y" });
    expect(renderFault(error, plain).join("")).not.toContain("\x1b");
    expect(renderFault(error, { ...plain, color: true }).join("")).toContain("\x1b[1;31m");
  });
});
