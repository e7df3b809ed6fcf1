/** What a month costs before and after, from the plan's items and the dated prices. Pure. */
import { HOURS_A_MONTH, PRICES, type Price } from "./prices.ts";
import type { ReportPlan } from "./report.ts";

export interface CostRow {
  readonly item: string;
  readonly unit: string;
  readonly region: string;
  readonly before: number;
  readonly after: number;
  /** Dollars of one unit for a month; undefined: no price is known. */
  readonly price: Price | undefined;
  readonly dollarsBefore: number | undefined;
  readonly dollarsAfter: number | undefined;
}

export interface Cost {
  readonly rows: readonly CostRow[];
  readonly before: number;
  readonly after: number;
  /** Items without a price, on either side: the sums are lower bounds. */
  readonly unpriced: readonly string[];
  /** Those of them whose number changes: nobody knows the difference then. */
  readonly unpricedChanges: readonly string[];
}

/** Undefined where neither side names an item: a cluster of one's own. */
export function costOf(
  before: ReportPlan | null,
  after: ReportPlan | null,
  prices: readonly Price[] = PRICES,
): Cost | undefined {
  const [old, now] = [quantities(before), quantities(after)];
  const keys = [...new Set([...old.keys(), ...now.keys()])].sort();
  if (keys.length === 0) return undefined;
  const rows = keys.map((key) => costRow(old.get(key), now.get(key), prices));
  const sum = (side: "dollarsBefore" | "dollarsAfter") =>
    rows.reduce((total, row) => total + (row[side] ?? 0), 0);
  const unpriced = rows.filter(({ price }) => price === undefined);
  return {
    rows,
    before: sum("dollarsBefore"),
    after: sum("dollarsAfter"),
    unpriced: unpriced.map(({ item }) => item),
    unpricedChanges: [
      ...new Set(unpriced.filter((row) => row.before !== row.after).map(({ item }) => item)),
    ],
  };
}

type Item = ReportPlan["costItems"][number];

/** The same item may stand in a plan several times: two pools of one machine. */
function quantities(plan: ReportPlan | null): Map<string, Item> {
  const items = new Map<string, Item>();
  for (const item of plan?.costItems ?? []) {
    const key = JSON.stringify([item.name, item.region, item.unit]);
    const quantity = (items.get(key)?.quantity ?? 0) + item.quantity;
    items.set(key, { ...item, quantity });
  }
  return items;
}

function costRow(
  before: Item | undefined,
  after: Item | undefined,
  prices: readonly Price[],
): CostRow {
  const item = (after ?? before) as Item;
  const price = prices.find((one) => one.item === item.name && one.region === item.region);
  const dollars = (side: Item | undefined) =>
    price === undefined ? undefined : (side?.quantity ?? 0) * monthly(price);
  return {
    item: item.name,
    unit: item.unit,
    region: item.region,
    before: before?.quantity ?? 0,
    after: after?.quantity ?? 0,
    price,
    dollarsBefore: dollars(before),
    dollarsAfter: dollars(after),
  };
}

function monthly({ dollars, per }: Price): number {
  return per === "hour" ? dollars * HOURS_A_MONTH : dollars;
}
