/** What the policy packs say that they did not say of the base. Pure. */
import { type Block, code, type Section } from "./page.ts";
import type { Report, ReportViolation } from "./report.ts";

export function policySection({ policies }: Report): Section[] {
  if (policies === null) return [];
  const { newlyFailing, noLongerFailing, stillFailing, notEvaluated } = policies;
  const counts = `${newlyFailing.length} newly failing, ${noLongerFailing.length} no longer failing, ${stillFailing} still failing, ${notEvaluated.length} not evaluated`;
  return [
    {
      title: `Policies: ${counts}`,
      open: newlyFailing.length > 0,
      blocks: [
        ...table("Newly failing:", newlyFailing),
        ...table("No longer failing:", noLongerFailing),
        ...table(
          "Not evaluated, since a value is known only after the update; this is no pass:",
          notEvaluated,
        ),
        { kind: "paragraph", text: ["Packs: ", ...packs(policies.packs), "."] },
      ],
    },
  ];
}

function packs(names: readonly string[]) {
  return names.flatMap((name, index) => [...(index === 0 ? [] : [", "]), code(name)]);
}

function table(title: string, violations: readonly ReportViolation[]): Block[] {
  if (violations.length === 0) return [];
  return [
    { kind: "paragraph", text: [title] },
    {
      kind: "table",
      head: ["Level", "Rule", "Resource", "It says"],
      rows: violations.map(({ level, policy, resource, message }) => [
        [level],
        [code(policy)],
        resource === "" ? ["the whole stack"] : [code(resource)],
        [code(message)],
      ]),
    },
  ];
}
