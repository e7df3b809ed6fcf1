/** A report as a page: headline, danger first, then everything else in folds. Pure. */
import { changeSections } from "./change-sections.ts";
import { type Cost, costOf } from "./cost.ts";
import { dangersOf } from "./dangers.ts";
import { effectsOf } from "./effects.ts";
import { exemptionSection } from "./exemption-section.ts";
import { signed } from "./numbers.ts";
import { code, type Page, type Section, type Text } from "./page.ts";
import { planSections } from "./plan-sections.ts";
import { policySection } from "./policy-section.ts";
import { type Report, STEP_KINDS } from "./report.ts";

export function pageOf(report: Report): Page {
  return {
    stack: report.stack,
    title: title(report),
    lead: lead(report),
    sections: sections(report),
    foot: [...foot(report)],
  };
}

function title(report: Report): string {
  const { stack, outcome, steps } = report;
  if (outcome === "refused") return `Preview of ${stack}: this revision is refused`;
  if (outcome === "base-failed") return `Preview of ${stack}: the base cannot be planned`;
  if (steps.length === 0) return `Preview of ${stack}: nothing changes`;
  const dangers = dangersOf(report).length;
  const danger = dangers === 0 ? "no known danger" : counted(dangers, "danger");
  return `Preview of ${stack}: ${counted(steps.length, "change")}, ${danger}`;
}

/** More names of machines are no headline; the table of costs has all of them. */
const COST_NAMES_MAX = 3;

function lead(report: Report): Text[] {
  if (report.outcome === "base-failed") {
    return [["There is nothing to compare with: the errors below are those of the base."]];
  }
  const { plan } = report;
  const cost = costOf(plan.before, plan.after);
  const isPriced = cost !== undefined && plan.before !== null && plan.after !== null;
  return [
    ...(report.outcome === "refused" ? [refusal(report)] : []),
    ...(report.steps.length === 0 ? [] : [[countsText(report)]]),
    ...effectsOf(report),
    ...(isPriced ? costLine(cost) : []),
    ...gpuLine(report),
  ];
}

/** What is known, and which of what changes has no price and makes the true difference another one. */
function costLine({ before, after, unpricedChanges }: Cost): Text[] {
  const delta = after - before;
  const names = unpricedChanges
    .slice(0, COST_NAMES_MAX)
    .flatMap((item, index) => [...(index === 0 ? [] : [", "]), code(item)]);
  const rest = unpricedChanges.length - COST_NAMES_MAX;
  const more = rest > 0 ? [` and ${rest} more`] : [];
  if (unpricedChanges.length > 0) {
    const known = delta === 0 ? "" : ` ${signed(delta)} is only what has one.`;
    return [
      [
        "Cost: the difference is not known, since there is no price of ",
        ...names,
        ...more,
        `.${known}`,
      ],
    ];
  }
  return delta === 0 ? [] : [[`Known cost: ${signed(delta)} a month.`]];
}

function refusal(report: Report): Text {
  // The engine's own words, since a rule may have failed of the base as well.
  const forbidden = report.errors.some((text) => /^policy .+ \(mandatory\) forbids /.test(text));
  return report.policies !== null && forbidden
    ? ["A mandatory rule fails: an update would stop before its first change."]
    : ["The program or its settings are refused: an update would stop before its first change."];
}

const DONE = { create: "made", update: "changed in place", replace: "replaced", delete: "deleted" };

function countsText({ steps, same }: Report): string {
  const parts = STEP_KINDS.flatMap((kind) => {
    const count = steps.filter((step) => step.kind === kind).length;
    return count === 0 ? [] : [`${count} ${DONE[kind]}`];
  });
  return `Resources: ${parts.join(", ")}; ${same} stay as they are.`;
}

function gpuLine({ plan: { before, after } }: Report): Text[] {
  if (before === null || after === null || before.gpus === after.gpus) return [];
  return [[`GPUs in use at most: ${before.gpus} before, ${after.gpus} after.`]];
}

function sections(report: Report): Section[] {
  return [
    ...(report.errors.length === 0 ? [] : [errors(report)]),
    ...changeSections(report),
    ...policySection(report),
    ...exemptionSection(report),
    ...planSections(report),
  ];
}

function errors(report: Report): Section {
  const lines = [...report.errors];
  return {
    title: "Errors",
    open: true,
    blocks: [{ kind: "lines", title: ["As the program told them:"], language: "text", lines }],
  };
}

function foot(report: Report): Text[] {
  const { base, head } = report;
  const now =
    head.commit === ""
      ? ["the working tree"]
      : [
          code(head.commit.slice(0, 12)),
          ...(head.dirty ? [" with changes that are not committed"] : []),
        ];
  const source =
    base.kind === "state"
      ? ["the exported state ", code(base.name)]
      : [code(base.name), " (", code(base.commit.slice(0, 12)), ")"];
  return [["Compared: ", ...source, " with ", ...now, "."], [trust(report)]];
}

/** What the reader has to believe for this to be true. */
function trust({ base }: Report): string {
  const program =
    "This revision ran as a program where this was made, so a preview is as honest as the code that it previews; no install script of it ran.";
  const how =
    "No account, cluster or credential was used: the cloud is simulated, and what is replaced is known by table.";
  if (base.kind === "state") return `${program} ${how} The state is trusted to be what runs.`;
  const packages = {
    same: "Both revisions have the same package-lock.json and share their packages.",
    cached:
      "The base has another package-lock.json; its own packages were installed without scripts.",
    none: "",
  }[base.packages];
  return `${program} ${packages} ${how} The base is trusted to be what runs.`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
