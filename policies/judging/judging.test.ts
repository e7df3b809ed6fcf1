/** What becomes of a judgement: results, exemptions and their ends, and a rule that falls over. */
import type { ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { describe, expect, test } from "vitest";
import { asPolicy } from "./as-policy.ts";
import { coversFault, type Exemption, faultsOfExemption } from "./exemptions.ts";
import { judgeGraph } from "./judge-graph.ts";
import type { Rule } from "./rule.ts";

const RULE: Rule = {
  name: "no-seven",
  description: "Nothing is seven.",
  severity: "low",
  sees: "resource",
  about: "numbers",
  applies: ({ type }) => type === "t:n:N",
  judge: ({ props }, report) => {
    if (props["value"] === 7) report.fails("it is seven");
    if (props["value"] === undefined) report.notEvaluated("Not known: the value.");
    if (props["value"] === "fall") throw new TypeError("x is not a function");
  },
};
const STACK_RULE: Rule = { ...RULE, sees: "stack" };

const EXEMPTION: Exemption = {
  rule: "no-seven",
  stacks: ["dev"],
  resources: ["t:n:N::one"],
  reason: "It has always been seven.",
  owner: "counting",
  approver: "arithmetic",
  ticket: "RISK-7",
  expires: "2027-01-31",
};
const TODAY = "2026-11-26";

function resource(value: unknown, name = "one", stack = "dev") {
  const one = {
    type: "t:n:N",
    name,
    urn: `urn:pulumi:${stack}::p::a:b:C$t:n:N::${name}`,
    props: { value },
  };
  return { inputs: one, outputs: one };
}

function judged(
  values: ReturnType<typeof resource>[],
  exemptions: Exemption[] = [],
  today = TODAY,
) {
  const { verdicts, unused } = judgeGraph([RULE], values, { exemptions, today });
  return { result: verdicts[0]?.result, verdict: verdicts[0], unused };
}

describe("a verdict", () => {
  test.each([
    ["pass", [resource(1)]],
    ["fail", [resource(1), resource(7)]],
    ["notEvaluated", [resource(1), resource(undefined)]],
    ["notApplicable", []],
  ])("is %s", (result, resources) => {
    expect(judged(resources).result).toBe(result);
  });

  test("fails before all else, and what is not evaluated never counts as passed", () => {
    expect(judged([resource(undefined), resource(7, "two")]).result).toBe("fail");
    expect(judged([resource(undefined), resource(7)], [EXEMPTION]).result).toBe("notEvaluated");
  });

  test("a rule that falls over is a failure", () => {
    const { result, verdict } = judged([resource("fall"), resource(1)]);
    expect(result).toBe("fail");
    expect(verdict?.judgements.map((one) => one.result)).toEqual(["fail", "pass"]);
    expect(verdict?.judgements[0]?.messages).toEqual([
      expect.stringContaining("rule itself failed"),
    ]);
  });

  test("says why there was nothing to judge", () => {
    expect(judged([]).verdict?.reason).toBe("The stack has no numbers.");
  });
});

describe("an exemption", () => {
  test("bears the fault, and says so", () => {
    const { result, verdict, unused } = judged([resource(7)], [EXEMPTION]);
    expect([result, unused]).toEqual(["exempt", []]);
    expect(verdict?.judgements[0]).toMatchObject({
      messages: ["it is seven"],
      exemption: EXEMPTION,
    });
  });

  test.each([
    ["another stack", { stacks: ["prod"] }],
    ["a stack that only begins alike", { stacks: ["de"] }],
    ["another resource", { resources: ["t:n:N::on"] }],
    ["another rule", { rule: "no-eight" }],
    ["a dot taken for any letter", { resources: ["t:n.N::one"] }],
  ])("does not reach %s, and is told as unused", (_, over) => {
    const { result, unused } = judged([resource(7)], [{ ...EXEMPTION, ...over }]);
    expect([result, unused.length]).toEqual(["fail", 1]);
  });

  test("holds through its last day, and then fails again", () => {
    expect(judged([resource(7)], [EXEMPTION], "2027-01-31").result).toBe("exempt");
    const { result, verdict } = judged([resource(7)], [EXEMPTION], "2027-02-01");
    expect(result).toBe("fail");
    expect(verdict?.judgements[0]?.messages[0]).toMatch(/exemption ended 2027-01-31/);
  });

  test("one in force wins over one that has ended", () => {
    const ended = { ...EXEMPTION, expires: "2026-01-01" };
    expect(judged([resource(7)], [ended, EXEMPTION]).result).toBe("exempt");
  });

  test("stars stand for any text, the last of a type's chain counts", () => {
    const { urn } = resource(7).inputs;
    expect(
      coversFault({ ...EXEMPTION, stacks: ["*"], resources: ["t:*::o*"] }, "no-seven", urn),
    ).toBe(true);
    expect(coversFault({ ...EXEMPTION, resources: ["a:b:C::one"] }, "no-seven", urn)).toBe(false);
  });

  test.each([
    ["a reason", { reason: " " }, /no reason/],
    ["an owner", { owner: "" }, /no owner/],
    ["a ticket", { ticket: "" }, /no ticket/],
    ["a second person", { approver: "counting" }, /own owner/],
    ["a rule", { rule: "no-nine" }, /which is none/],
    ["an end", { expires: "soon" }, /no day/],
    ["an end within a year", { expires: "2029-01-01" }, /more than a year/],
  ])("needs %s", (_, over, message) => {
    const ground = { rules: new Set(["no-seven"]), floors: new Set<string>(), today: TODAY };
    expect(faultsOfExemption({ ...EXEMPTION, ...over }, ground).join()).toMatch(message);
  });

  test("of a law's floor needs somebody who accepts the risk", () => {
    const ground = { rules: new Set(["no-seven"]), floors: new Set(["no-seven"]), today: TODAY };
    expect(faultsOfExemption(EXEMPTION, ground)).toEqual([
      expect.stringContaining("accepts the risk"),
    ]);
    expect(faultsOfExemption({ ...EXEMPTION, riskAcceptedBy: "the board" }, ground)).toEqual([]);
  });
});

describe("as a Pulumi policy", () => {
  const ask = (rule: Rule, value: unknown, exemptions: Exemption[] = [], today = TODAY) => {
    const policy = asPolicy(rule, { exemptions, today });
    const { inputs } = resource(value);
    const told: string[] = [];
    const args = { ...inputs, resources: [inputs], getConfig: () => ({}) };
    const judge =
      (policy as ResourceValidationPolicy).validateResource ??
      (policy as StackValidationPolicy).validateStack;
    (judge as unknown as (args: object, report: (message: string) => void) => void)(
      args,
      (message) => told.push(message),
    );
    return { policy, told };
  };

  test.each([RULE, STACK_RULE])("it is mandatory and reports what fails", (rule) => {
    const { policy, told } = ask(rule, 7);
    expect(policy).toMatchObject({
      name: "no-seven",
      enforcementLevel: "mandatory",
      severity: "low",
    });
    expect(told).toEqual(["it is seven"]);
    expect(ask(rule, 1).told).toEqual([]);
  });

  test("a rule that falls over is a violation, not an acquittal", () => {
    expect(ask(RULE, "fall").told).toEqual([expect.stringContaining("the rule itself failed")]);
  });

  test("an exemption keeps it quiet until it ends", () => {
    expect(ask(RULE, 7, [EXEMPTION]).told).toEqual([]);
    expect(ask(RULE, 7, [EXEMPTION], "2027-02-01").told).toEqual([
      "it is seven (its exemption ended 2027-01-31)",
    ]);
  });
});
