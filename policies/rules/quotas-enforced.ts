/** Every tier has a limit over time and one at once: one caller cannot take the service from the others. */
import type { Report, Rule } from "../judging/rule.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { filesOf, hasFile } from "../kubernetes/read.ts";
import { asFields, type Fields, parsedJson } from "../kubernetes/values.ts";

const FILES = /^tiers\.json$/;
const OVER_TIME = /^(requests|tokens|cost)Per/;
const AT_ONCE = "concurrency";

export const quotasEnforced: Rule = {
  name: "quotas-enforced",
  description: "Every tier is limited, over time and at once.",
  severity: "medium",
  sees: "resource",
  about: "tiers of callers",
  applies: ({ type, props }) => kindOf(type) === "ConfigMap" && hasFile(props, FILES),
  judge: ({ props }, report) => {
    for (const { name, text } of filesOf(props, FILES)) {
      judgeFile(`ConfigMap ${nameIn(props)}, ${name}`, text, report);
    }
  },
};

function judgeFile(where: string, text: string, report: Report): void {
  const tiers = asFields(asFields(parsedJson(text))?.["tiers"]);
  if (tiers === undefined || Object.keys(tiers).length === 0) {
    report.fails(`${where} names no tier that could be judged.`);
    return;
  }
  for (const [tier, limits] of Object.entries(tiers)) {
    const fields = asFields(limits) ?? {};
    if (!hasNumber(fields, (key) => OVER_TIME.test(key))) {
      report.fails(`${where}: tier ${tier} may call without end. Set a limit per minute or day.`);
    }
    if (!hasNumber(fields, (key) => key === AT_ONCE)) {
      report.fails(`${where}: tier ${tier} may call as often at once as it likes. Set ${AT_ONCE}.`);
    }
  }
}

function hasNumber(fields: Fields, fits: (key: string) => boolean): boolean {
  return Object.entries(fields).some(
    ([key, value]) => fits(key) && typeof value === "number" && value > 0,
  );
}
