/** Every stack says which laws it answers to, or nothing of it can be measured (output `plan`). */
import { PROFILES } from "../catalogue/profiles.ts";
import { profileOf } from "../judging/profile.ts";
import type { Rule } from "../judging/rule.ts";

export const profileNamed: Rule = {
  name: "profile-named",
  description: "The stack names its profile.",
  severity: "critical",
  sees: "stack",
  about: "stack of this package",
  applies: ({ type }) => type === "pulumi:pulumi:Stack",
  judge: (_, report, context) => {
    if (profileOf(context) !== undefined) return;
    const names = Object.keys(PROFILES).join(", ");
    report.fails(`The output plan.profile names no profile. One of: ${names}.`);
  },
};
