/** Logs are kept as long as the profile's laws ask, and not for ever. */
import { profileOf } from "../judging/profile.ts";
import type { Rule } from "../judging/rule.ts";

export const logRetention: Rule = {
  name: "log-retention",
  description: "Logs are kept between the floor and the ceiling of the profile.",
  severity: "high",
  sees: "stack",
  about: "log groups",
  applies: ({ type }) => type === "aws:cloudwatch/logGroup:LogGroup",
  judge: ({ props, name }, report, context) => {
    const profile = profileOf(context);
    if (profile === undefined) {
      report.fails(`${name}: the stack names no profile, so that no time can be measured.`);
      return;
    }
    const { logDaysMin, auditDaysMax } = profile.floors;
    const days = props["retentionInDays"];
    // CloudWatch keeps for ever where nothing, or 0, is said.
    if (typeof days !== "number" || days === 0) {
      report.fails(`${name} keeps its logs for ever. Set retentionInDays.`);
    } else if (days < logDaysMin) {
      report.fails(`${name} keeps ${days} days; profile ${profile.name} asks for ${logDaysMin}.`);
    } else if (auditDaysMax !== null && days > auditDaysMax) {
      report.fails(`${name} keeps ${days} days; profile ${profile.name} allows ${auditDaysMax}.`);
    }
  },
};
