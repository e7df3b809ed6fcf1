/** The sections of a comment that come from the stack output `plan`: capacity, cost, recovery. Pure. */
import { type Cost, type CostRow, costOf } from "./cost.ts";
import { dollars, duration, signed } from "./numbers.ts";
import { type Block, code, type Section, type Text } from "./page.ts";
import { ASSUMPTIONS, type Price } from "./prices.ts";
import type { Report, ReportPlan } from "./report.ts";

export function planSections({ plan: { before, after } }: Report): Section[] {
  if (after === null) return [];
  const cost = costOf(before, after);
  return [
    ...capacity(before, after),
    ...(cost === undefined ? [] : [costSection(cost)]),
    ...recovery(before, after),
  ];
}

function capacity(before: ReportPlan | null, after: ReportPlan): Section[] {
  const gpus = (plan: ReportPlan | null) => (plan === null ? "?" : String(plan.gpus));
  const there = (plan: ReportPlan | null) => String(plan?.gpusAvailable ?? "?");
  const rows = [
    row("GPUs in use at most", gpus(before), gpus(after)),
    row("GPUs that pools and inventory have", there(before), there(after)),
    ...modelRows(before, after),
    ...podRows(before, after),
  ];
  const changed = rows.filter((one) => one.changed).length;
  return [
    {
      title: `Capacity (${changed === 0 ? "unchanged" : `figures that change: ${changed}`})`,
      open: false,
      blocks: [
        { kind: "table", head: ["", "Before", "After"], rows: rows.map(({ cells }) => cells) },
      ],
    },
  ];
}

interface Row {
  readonly changed: boolean;
  readonly cells: readonly Text[];
}

function row(name: string | Text, before: string, after: string): Row {
  const title: Text = typeof name === "string" ? [name] : name;
  // What an older program did not say has not changed by being said.
  return { changed: before !== "?" && before !== after, cells: [title, [before], [after]] };
}

function modelRows(before: ReportPlan | null, after: ReportPlan): Row[] {
  const figure = (plan: ReportPlan | null, name: string) => {
    const model = plan?.models.find((one) => one.name === name);
    return model === undefined ? "—" : `${model.gpus} GPUs`;
  };
  return namesOf(before?.models, after.models).map((name) =>
    row(["Model ", code(name)], figure(before, name), figure(after, name)),
  );
}

/** Pods only where their number changes: a list of what stays is no news. */
function podRows(before: ReportPlan | null, after: ReportPlan): Row[] {
  const figure = (plan: ReportPlan | null, name: string) => {
    const item = plan?.inventory.find((one) => one.name === name);
    return item === undefined ? "—" : `${item.replicas} pods`;
  };
  return namesOf(before?.inventory, after.inventory)
    .map((name) => row(["Pods of ", code(name)], figure(before, name), figure(after, name)))
    .filter(({ changed }) => changed);
}

function namesOf(
  ...lists: readonly (readonly { readonly name: string }[] | undefined)[]
): string[] {
  return [...new Set(lists.flatMap((list) => (list ?? []).map(({ name }) => name)))].sort();
}

function costSection(cost: Cost): Section {
  const delta = cost.after - cost.before;
  const bound = cost.unpriced.length === 0 ? "" : ", at least";
  const open = cost.unpricedChanges.length;
  const without =
    open === 0
      ? ""
      : `, not counting ${open} without a price that ${open === 1 ? "changes" : "change"}`;
  const used = cost.rows.flatMap(({ price }) => (price === undefined ? [] : [price]));
  return {
    title: `Cost a month${bound}: ${dollars(cost.before)} before, ${dollars(cost.after)} after, ${signed(delta)}${without}`,
    open: false,
    blocks: [
      {
        kind: "table",
        head: ["Item", "Region", "Before", "After", "Price", "A month before", "A month after"],
        rows: cost.rows.map(costCells),
      },
      ...(cost.unpriced.length === 0 ? [] : [unpriced(cost)]),
      { kind: "list", items: [...ASSUMPTIONS.map((text) => [text]), ...used.map(priceText)] },
    ],
  };
}

function costCells({ item, region, before, after, price, ...sums }: CostRow): Text[] {
  const money = (amount: number | undefined) => [
    amount === undefined ? "no price" : dollars(amount),
  ];
  return [
    [code(item)],
    [code(region)],
    [String(before)],
    [String(after)],
    [
      price === undefined
        ? "no price"
        : `${price.dollars} USD an ${price.per}`.replace("an month", "a month"),
    ],
    money(sums.dollarsBefore),
    money(sums.dollarsAfter),
  ];
}

function unpriced({ unpriced: items }: Cost): Block {
  return {
    kind: "paragraph",
    text: [`Without a price, and so in no sum: ${items.length} of the items above.`],
  };
}

function priceText({ item, date, url, verified }: Price): Text {
  const how = verified ? "verified on" : "NOT verified, read elsewhere on";
  return [code(item), `: ${how} ${date}, `, { link: url, text: new URL(url).hostname }, "."];
}

function recovery(before: ReportPlan | null, after: ReportPlan): Section[] {
  const sides = (key: "rtoSeconds" | "rpoSeconds") =>
    [before === null ? "?" : duration(before[key]), duration(after[key])] as const;
  const rows = [
    row("Until the other site serves (RTO)", ...sides("rtoSeconds")),
    row("Of data, lost at most (RPO)", ...sides("rpoSeconds")),
  ];
  if (rows.every(({ changed }) => !changed) && after.rtoSeconds === null) return [];
  const state = rows.some(({ changed }) => changed) ? "CHANGED" : "unchanged";
  return [
    {
      title: `Recovery (${state})`,
      open: state === "CHANGED",
      blocks: [
        { kind: "table", head: ["", "Before", "After"], rows: rows.map(({ cells }) => cells) },
        { kind: "paragraph", text: ["By the arithmetic of the plan; a drill is the proof."] },
      ],
    },
  ];
}
