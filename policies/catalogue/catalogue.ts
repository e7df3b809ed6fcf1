/** The form of the catalogue: clauses of laws, controls of ours, and which control answers to which clause. */

export type Law =
  | "mlps"
  | "csl"
  | "dsl"
  | "pipl"
  | "crypto"
  | "ai"
  | "bank"
  | "health"
  | "gdpr"
  | "hipaa";

export interface Words {
  readonly zh: string;
  readonly en: string;
}

export interface LawEntry {
  readonly law: Law;
  readonly title: Words;
  /** The first day on which its numbering, as used here, is in force. */
  readonly effective: string;
  readonly source: string;
}

/** A number that a law sets, and below which no exemption of ours reaches without a person's name. */
export interface Floor {
  readonly what: string;
  readonly least: number;
  readonly unit: "days" | "factors" | "countries";
}

export interface Clause {
  /** `mlps:8.1.4.1.a` */
  readonly id: string;
  readonly law: Law;
  /** As the law writes it: `8.1.4.1 a)`. */
  readonly ref: string;
  /** In our words; a check never contains a clause's text. */
  readonly title: Words;
  /** The unit of GB/T 28448-2019 that assesses it. */
  readonly unit?: string;
  readonly floor?: Floor;
  /** false: number and title have not been read again in the printed original. */
  readonly verified: boolean;
}

/** How far a control answers a clause. */
export type Strength = "full" | "partial" | "evidence-only" | "manual";

export interface Control {
  readonly id: string;
  readonly title: Words;
  /** Rules that check it; none: it is evidence of a running site, or a person's word. */
  readonly rules: readonly string[];
  /** Who must attest what; needed where no rule checks it. */
  readonly attest?: { readonly who: Words; readonly what: Words };
}

/** control → the clauses it answers to. */
export type ClauseMap = Readonly<
  Record<string, Readonly<Partial<Record<Strength, readonly string[]>>>>
>;

export interface Catalogue {
  readonly laws: readonly LawEntry[];
  readonly clauses: readonly Clause[];
  readonly controls: readonly Control[];
  readonly map: ClauseMap;
}

/** A row of a table of clauses: reference, titles, and what is particular. */
export type Row = readonly [
  ref: string,
  zh: string,
  en: string,
  more?: { readonly unit?: string; readonly floor?: Floor; readonly verified?: boolean },
];

export function clausesOf(law: Law, verified: boolean, rows: readonly Row[]): Clause[] {
  return rows.map(([ref, zh, en, more]) => ({
    // `8.1.4.1 a)` → `8.1.4.1.a`; brackets of other laws stay.
    id: `${law}:${ref.replace(/ ([a-z])\)$/, ".$1")}`,
    law,
    ref,
    title: { zh, en },
    verified: more?.verified ?? verified,
    ...(more?.unit === undefined ? {} : { unit: `L3-${more.unit}` }),
    ...(more?.floor === undefined ? {} : { floor: more.floor }),
  }));
}
