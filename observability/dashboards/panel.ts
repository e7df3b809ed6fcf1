/** What a dashboard is made of, as data: words in both languages, expressions, units. Pure. */
import type { Dashboard } from "../rules/rule.ts";
import type { Tone } from "./tones.ts";

export interface Text {
  readonly en: string;
  readonly zh: string;
}

export type Language = keyof Text;

/**
 * Grafana's names of units. `mbytes` are MiB; `percentunit` is a share from 0 to 1; what begins with `suffix:` is written behind the
 * number, after a blank; `short` makes thousands and millions of great numbers.
 */
export type Unit =
  | "short"
  | "none"
  | "percent"
  | "percentunit"
  | "s"
  | "bytes"
  | "mbytes"
  | "Bps"
  | "reqps"
  | "ops"
  | "celsius"
  | "watt"
  | "suffix:d"
  | "suffix:MHz"
  | "suffix:token/s"
  | "suffix:token";

export interface Query {
  readonly expr: string;
  readonly legend: Legend;
}

/** Labels of the result between double braces; words beside them in both languages. */
export type Legend = string | Text;

/** What only some stacks have, and no scrape job tells: a Redis that is followed, calls to webhooks. */
export type Need = "redisReplicas" | "webhooks";

interface Titled {
  readonly title: Text;
  /** What a reader must know that the title does not say. */
  readonly note?: Text;
  /** A stack without it does not get the panel. */
  readonly needs?: Need;
  /**
   * What it counts happens only when something is wrong, or full: until then its lines lie still, or
   * there are none yet. Others that lie still have lost their data.
   */
  readonly whenWell?: "still" | "empty";
}

type Told = "note" | "needs" | "whenWell";

export interface Lines extends Titled {
  readonly kind: "lines";
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** A line across, where somebody must look; that of the alert about the same. */
  readonly bound?: number;
  /** Added up, each on the one below. */
  readonly stacked?: true;
  /** What each line of it is once it rises, so that none is drawn in a colour that soothes. */
  readonly tone?: Exclude<Tone, "good">;
}

export interface OneNumber extends Titled {
  readonly kind: "number";
  readonly unit: Unit;
  readonly expr: string;
  /** Green below, red from here on; or the other way round where `good` is the upper side. */
  readonly bound?: number;
  readonly good?: "above";
}

/** What there is at this moment, one line each. */
export interface Table extends Titled {
  readonly kind: "table";
  readonly unit: Unit;
  readonly expr: string;
  /** Labels of the result in the order in which they are read; no other is shown. */
  readonly columns: readonly (readonly [label: string, title: Text])[];
  /** What the number of each line says; it stands behind them. */
  readonly value: Text;
}

export interface Words extends Titled {
  readonly kind: "words";
  readonly text: Text;
}

export type Panel = Lines | OneNumber | Table | Words;

export interface Row {
  readonly title: Text;
  readonly panels: readonly Panel[];
}

export interface Board {
  readonly name: Dashboard;
  readonly title: Text;
  /** Expressions that name `$model` get a choice of models; null: none does. */
  readonly models: ModelChoice | null;
  readonly rows: readonly Row[];
}

/** Where the names of models come from: as callers name them, or as model servers do. */
export interface ModelChoice {
  readonly metric: string;
  readonly label: "model" | "model_name";
}

export const CALLED: ModelChoice = { metric: "api_requests_total", label: "model" };
export const SERVED: ModelChoice = { metric: "vllm:num_requests_running", label: "model_name" };

/** Lines of one expression. */
export function lines(
  en: string,
  zh: string,
  unit: Unit,
  queries: readonly (readonly [expr: string, legend: Legend])[],
  more: Partial<Pick<Lines, "tone" | "bound" | "stacked" | Told>> = {},
): Lines {
  return {
    kind: "lines",
    title: { en, zh },
    unit,
    queries: queries.map(([expr, legend]) => ({ expr, legend })),
    ...more,
  };
}

export function number(
  en: string,
  zh: string,
  unit: Unit,
  expr: string,
  more: Partial<Pick<OneNumber, "bound" | "good" | Told>> = {},
): OneNumber {
  return { kind: "number", title: { en, zh }, unit, expr, ...more };
}

/** How many of something answer: none of them is 0, and red, where their series are gone as well. */
export function answering(en: string, zh: string, count: string, note?: Text): OneNumber {
  return number(en, zh, "none", `${count} or vector(0)`, {
    bound: 1,
    good: "above",
    whenWell: "still",
    ...(note === undefined ? {} : { note }),
  });
}

/** An alert asks for a renewal of a certificate from then on. */
export const RENEWAL_DAYS = 14;

export function row(en: string, zh: string, panels: readonly Panel[]): Row {
  return { title: { en, zh }, panels };
}

/** A percentile of a histogram over five minutes, by some of its labels. */
export function quantile(share: number, histogram: string, by: string, matcher = ""): string {
  const labels = by === "" ? "le" : `${by}, le`;
  const selector = matcher === "" ? "" : `{${matcher}}`;
  return `histogram_quantile(${share}, sum by (${labels}) (rate(${histogram}_bucket${selector}[5m])))`;
}

export function inLanguage(legend: Legend, language: Language): string {
  return typeof legend === "string" ? legend : legend[language];
}

export interface DashboardFile {
  /** Also its address in Grafana. */
  readonly name: string;
  readonly board: Board;
  readonly language: Language;
}
