/** JUnit: a suite for each rule, a case for each resource; what was not judged is skipped, never passed. */
import { type Assessment, placeOf } from "./assessment.ts";
import { escaped } from "./html-text.ts";

export function junit({ stack, verdicts }: Assessment): string {
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
      return `    <testcase ${name}><skipped message="${why}${text}"/></testcase>`;
    });
    const none = `    <testcase name="nothing to judge" classname="${rule.name}"><skipped message="${escaped(reason ?? "")}"/></testcase>`;
    const body = cases.length === 0 ? [none] : cases;
    return [
      `  <testsuite name="${rule.name}" tests="${body.length}" failures="${count("fail")}" skipped="${cases.length === 0 ? 1 : skipped}">`,
      ...body,
      "  </testsuite>",
    ].join("\n");
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="policies ${escaped(stack)}">\n${suites.join("\n")}\n</testsuites>\n`;
}
