/** What the policy packs said of both revisions, compared. Pure. */
import type { PolicyViolation } from "../engine/events.ts";
import { parseUrn } from "../engine/urn.ts";
import { LINE_MAX, type Report, type ReportViolation, TEXT_MAX } from "./report.ts";
import { cut } from "./short.ts";

/**
 * A rule that could not judge the new revision has not passed it: it is neither newly failing nor fixed.
 * Null where no pack ran.
 */
export function comparePolicies(
  packs: readonly string[],
  before: readonly PolicyViolation[],
  after: readonly PolicyViolation[],
): Report["policies"] {
  if (packs.length === 0) return null;
  const [old, now] = [failing(before), failing(after)];
  const unknown = keyed(after.filter(({ notEvaluated }) => notEvaluated));
  const missing = (from: Map<string, PolicyViolation>, other: Map<string, PolicyViolation>) =>
    [...from].filter(([key]) => !other.has(key)).map(([, violation]) => told(violation));
  const known = new Map([...old].filter(([key]) => !unknown.has(key)));
  return {
    packs: packs.map((pack) => cut(pack, TEXT_MAX)),
    newlyFailing: sorted(missing(now, old)),
    noLongerFailing: sorted(missing(known, now)),
    stillFailing: [...now.keys()].filter((key) => old.has(key)).length,
    notEvaluated: sorted([...unknown.values()].map(told)),
  };
}

function failing(violations: readonly PolicyViolation[]): Map<string, PolicyViolation> {
  return keyed(violations.filter(({ notEvaluated }) => !notEvaluated));
}

function keyed(violations: readonly PolicyViolation[]): Map<string, PolicyViolation> {
  return new Map(
    violations.map((one) => [JSON.stringify([one.pack, one.policy, one.urn]), one] as const),
  );
}

function told({ pack, policy, urn, level, message }: PolicyViolation): ReportViolation {
  const { type, name } = parseUrn(urn);
  return {
    pack: cut(pack, TEXT_MAX),
    policy: cut(policy, TEXT_MAX),
    resource: cut(urn === "" ? "" : `${type} ${name}`, TEXT_MAX),
    level,
    message: cut(message.trim(), LINE_MAX),
  };
}

const LEVELS = ["mandatory", "remediate", "advisory", "disabled"];

function sorted(violations: ReportViolation[]): ReportViolation[] {
  const key = (one: ReportViolation) =>
    JSON.stringify([LEVELS.indexOf(one.level), one.policy, one.resource, one.message]);
  return violations.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
