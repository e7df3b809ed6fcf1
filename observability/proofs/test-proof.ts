/**
 * What an alert is proven with: the series of its world, at rest, in trouble, and at the edge where it
 * must still be silent. From that come all its scenarios (test-scenarios.ts).
 */
type Value = number | ((minute: number) => number);

export type Level = "calm" | "trouble" | "edge" | "few" | "idle";

export interface Series {
  readonly name: string;
  /** Of a counter the levels are what it grows by in a minute. */
  readonly kind: "gauge" | "counter";
  readonly levels: Readonly<Record<Level, Value | null>>;
}

export interface Proof {
  readonly alert: string;
  readonly series: readonly Series[];
  /** What the alert carries beside the labels that every alert has. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Minutes from the beginning of the trouble to the first moment at which it fires. */
  readonly fires: number;
  /** It compares with what was, so that series without a past say nothing. */
  readonly needsPast?: true;
  /** Minutes at rest before the trouble. */
  readonly history?: number;
  /** Minutes between two evaluations, of those that look at hours. */
  readonly step?: number;
  /** Nothing at all is what it is about. */
  readonly absence?: true;
  /** That a series appears is what it is about. */
  readonly birth?: true;
  /** It fires where nobody calls. */
  readonly idleFires?: true;
  /** There is a world with too little in it to judge. */
  readonly few?: true;
  /** What the worlds above do not tell apart. */
  readonly also?: readonly World[];
}

/** One course of things, judged at its end. */
export interface World {
  readonly name: string;
  readonly minutes: number;
  readonly fires: boolean;
  /** In trouble throughout. */
  readonly series: readonly Series[];
}

interface Levels {
  readonly calm: Value | null;
  readonly trouble: Value | null;
  readonly edge?: Value | null;
  readonly few?: Value | null;
  readonly idle?: Value | null;
}

export function gauge(name: string, { calm, trouble, edge, few, idle }: Levels): Series {
  const orCalm = (value: Value | null | undefined) => (value === undefined ? calm : value);
  const levels = { calm, trouble, edge: orCalm(edge), few: orCalm(few), idle: orCalm(idle) };
  return { name, kind: "gauge", levels };
}

/** For a world of its own: as it goes, minute by minute. */
export function going(kind: Series["kind"], name: string, trouble: Value): Series {
  return { name, kind, levels: { calm: 0, trouble, edge: 0, few: 0, idle: 0 } };
}

/** Of a count that is older than what is looked at it matters what it grew by; of a new one, that it is not nought. */
export function countedOn(name: string): World[] {
  const world = (what: string, fires: boolean, grows: Value): World => ({
    ...{ name: what, minutes: 40, fires },
    series: [going("counter", name, grows)],
  });
  return [
    world("is silent where an old count stands", false, 0),
    world("fires where an old count grows", true, (minute) => (minute < 38 ? 0 : 1)),
    {
      ...{ name: "is silent where a count begins at nought", minutes: 10, fires: false },
      series: [going("gauge", name, 0)],
    },
  ];
}

export function counter(name: string, { calm, trouble, edge, few, idle }: Levels): Series {
  const levels = {
    calm,
    trouble,
    edge: edge ?? calm,
    few: few ?? calm,
    idle: calm === null ? null : (idle ?? 0),
  };
  return { name, kind: "counter", levels };
}

/**
 * A share of bad ones that is judged above a least rate of 3 a minute: trouble is just above both, the
 * edge is exactly the share, and a few are exactly the least rate with half of them bad.
 */
export function shares(threshold: number) {
  const total = { calm: 100, trouble: 3.3, edge: 600_000, few: 3 };
  const bad = {
    calm: 0,
    trouble: 3.3 * threshold * 1.1,
    edge: Math.round(600_000 * threshold),
    few: 1.5,
  };
  const good = {
    calm: 100,
    trouble: total.trouble - bad.trouble,
    edge: total.edge - bad.edge,
    few: 1.5,
  };
  return { total, bad, good };
}
