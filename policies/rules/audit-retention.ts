/**
 * The audit trail is kept as long as the profile's laws ask: by the gateways, which prune it, and by the
 * bucket that locks it. A trail that is kept longer than a ceiling needs a purpose, and is a fault where
 * the profile sets one.
 */

import { OBJECT_LOCK } from "../aws/resources.ts";
import type { Profile } from "../catalogue/profiles.ts";
import { profileOf } from "../judging/profile.ts";
import type { Report, Rule } from "../judging/rule.ts";
import { hasPods, podsOf } from "../kubernetes/pods.ts";
import { gatewayIn, runs } from "../kubernetes/read.ts";
import { at } from "../kubernetes/values.ts";
import { statedVariable } from "../kubernetes/variables.ts";

const VARIABLE = "GW_AUDIT_RETENTION_DAYS";
const YEAR_DAYS = 366;

export const auditRetention: Rule = {
  name: "audit-retention",
  description: "The audit trail is kept between the floor and the ceiling of the profile.",
  severity: "critical",
  sees: "stack",
  about: "gateways",
  applies: ({ type, props }) =>
    type === OBJECT_LOCK ||
    (hasPods(type) && podsOf(type, props).items.some((pod) => runs(pod, "gateway"))),
  judge: ({ type, props, name }, report, context) => {
    const profile = profileOf(context);
    if (profile === undefined) {
      report.fails(`${name}: the stack names no profile, so that no floor can be measured.`);
      return;
    }
    if (type === OBJECT_LOCK) {
      const kept = at(props, "rule", "defaultRetention");
      const years = Number(at(kept, "years"));
      const days = Number.isFinite(years) ? years * YEAR_DAYS : Number(at(kept, "days"));
      judgeDays(`${name} locks objects`, days, profile, report);
      return;
    }
    for (const pod of podsOf(type, props).items.filter((one) => runs(one, "gateway"))) {
      for (const container of gatewayIn(pod, report)) {
        const days = Number(statedVariable(container, VARIABLE, context) ?? Number.NaN);
        judgeDays(`${pod.owner} keeps its audit trail`, days, profile, report);
      }
    }
  },
};

function judgeDays(what: string, days: number, profile: Profile, report: Report): void {
  const { auditDaysMin, auditDaysMax } = profile.floors;
  if (!Number.isInteger(days)) {
    report.fails(
      `${what} for a time that nobody says. Profile ${profile.name} asks for ${auditDaysMin} days.`,
    );
  } else if (days < auditDaysMin) {
    report.fails(`${what} for ${days} days; profile ${profile.name} asks for ${auditDaysMin}.`);
  } else if (auditDaysMax !== null && days > auditDaysMax) {
    report.fails(`${what} for ${days} days; profile ${profile.name} allows ${auditDaysMax}.`);
  }
}
