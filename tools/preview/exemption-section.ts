/** What changes of the faults that a stack bears, for reviewers: who bears them, and until when. Pure. */
import { type Block, code, type Section } from "./page.ts";
import type { Report, ReportExemption } from "./report.ts";

export function exemptionSection({ exemptions }: Report): Section[] {
  if (exemptions === null) return [];
  const { newlyUsed, newlyEnded, newlyUnused, changed, removed, borne } = exemptions;
  const counts: readonly (readonly [number, string])[] = [
    [newlyUsed.length, "newly used"],
    [newlyEnded.length, "newly ended"],
    [newlyUnused.length, "newly unused"],
    [changed.length, "changed"],
    [removed.length, "removed"],
  ];
  const said = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const none = said.length === 0 ? "nothing changes" : said.join(", ");
  return [
    {
      title: `Exemptions: ${none}, ${borne} in use`,
      open: newlyUsed.length + newlyEnded.length + changed.length > 0,
      blocks: [
        ...table("Newly used, so that a fault is borne:", newlyUsed),
        ...table("Ended, so that what they bore fails:", newlyEnded),
        ...table("Needed by no fault:", newlyUnused),
        ...changes(changed),
        ...table("Removed:", removed),
      ],
    },
  ];
}

function table(title: string, rows: readonly ReportExemption[]): Block[] {
  if (rows.length === 0) return [];
  return [
    { kind: "paragraph", text: [title] },
    {
      kind: "table",
      head: ["Rule", "Resources", "Reason", "Owner / approver", "Ticket", "Until"],
      rows: rows.map((one) => [
        [code(one.rule)],
        [code(one.resources)],
        [code(one.reason)],
        [code(`${one.owner} / ${one.approver}`)],
        [code(one.ticket)],
        [code(one.expires)],
      ]),
    },
  ];
}

function changes(rows: readonly ReportExemption[]): Block[] {
  if (rows.length === 0) return [];
  return [
    { kind: "paragraph", text: ["Changed:"] },
    {
      kind: "table",
      head: ["Rule", "Resources", "What", "Before", "After"],
      rows: rows.flatMap(({ rule, resources, changes: all }) =>
        all.map(({ what, old, new: now }) => [
          [code(rule)],
          [code(resources)],
          [what],
          old === "" ? ["–"] : [code(old)],
          now === "" ? ["–"] : [code(now)],
        ]),
      ),
    },
  ];
}
