/** JUnit: a suite for each rule, a case for each resource; what was not judged is skipped, never passed. */
import { type Assessment, placeOf } from "./assessment.ts";
import { escaped } from "./html-text.ts";
import type { Proof } from "./proof.ts";

export function junit({ stack, verdicts, proofs }: Assessment): string {
  const suites = verdicts.map(({ rule, judgements, reason }) => {
    const count = (result: string) => judgements.filter((one) => one.result === result).length;
    const skipped = count("notEvaluated") + count("exempt");
    const cases = judgements.map((one) => {
      const text = escaped(one.messages.join("\n"));
      const name = `name="${escaped(placeOf(one.urn))}" classname="${escaped(rule.name)}"`;
      if (one.result === "pass") return `    <testcase ${name}/>`;
      if (one.result === "fail") {
        return `    <testcase ${name}><failure message="${escaped(one.messages[0] ?? "")}">${text}</failure></testcase>`;
      }
      const why =
        one.result === "exempt" ? `exempt until ${one.exemption?.expires}: ` : "not evaluated: ";
      return `    <testcase ${name}><skipped message="${why}${inAttribute(text)}"/></testcase>`;
    });
    const none = `    <testcase name="nothing to judge" classname="${rule.name}"><skipped message="${escaped(reason ?? "")}"/></testcase>`;
    const body = cases.length === 0 ? [none] : cases;
    return [
      `  <testsuite name="${rule.name}" tests="${body.length}" failures="${count("fail")}" skipped="${cases.length === 0 ? 1 : skipped}">`,
      ...body,
      "  </testsuite>",
    ].join("\n");
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="policies ${escaped(stack)}">\n${[...suites, ...proofSuites(proofs ?? [])].join("\n")}\n</testsuites>\n`;
}

/** What the running stack has shown: a suite of its own, so that a pipeline sees it apart. */
function proofSuites(proofs: readonly Proof[]): string[] {
  if (proofs.length === 0) return [];
  const count = (result: string) => proofs.filter((one) => one.result === result).length;
  const cases = proofs.map((one) => {
    const text = escaped(one.findings.join("\n"));
    const head = `    <testcase name="${escaped(one.on)}" classname="evidence ${escaped(one.id)}"`;
    if (one.result === "pass") return `${head}/>`;
    if (one.result === "notEvaluated") {
      return `${head}><skipped message="not evaluated: ${inAttribute(text)}"/></testcase>`;
    }
    const first = escaped(one.findings[0] ?? "");
    return `${head}><failure message="${first}">${text}</failure></testcase>`;
  });
  return [
    `  <testsuite name="evidence of the running stack" tests="${cases.length}" failures="${count("fail")}" skipped="${count("notEvaluated")}">`,
    ...cases,
    "  </testsuite>",
  ];
}

/** Whoever reads XML makes a space of a line's end within an attribute. */
function inAttribute(text: string): string {
  return text.replaceAll("\n", "&#10;");
}
