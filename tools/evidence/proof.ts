/**
 * What a running stack has shown of one thing: when, on what, with what result, by which figures, and where
 * the raw answers lie. What could not be reached is "not evaluated" with its reason, never passed.
 */
import type { Words } from "../../policies/catalogue/catalogue.ts";

export type ProofResult = "pass" | "fail" | "notEvaluated";

export interface Proof {
  /** `handshakes-edge`: the same in every run. */
  readonly id: string;
  /** The control of the catalogue that it is evidence for; its clauses are the map's. */
  readonly control: string;
  readonly title: Words;
  readonly on: string;
  /** When it was looked at, as ISO 8601 in UTC. */
  readonly at: string;
  readonly result: ProofResult;
  readonly figures: Readonly<Record<string, string | number>>;
  /** What is wrong, or why it could not be judged; empty where it passed. */
  readonly findings: readonly string[];
  /** The answers as they came, in the report's folder; null where there was none. */
  readonly raw: { readonly name: string; readonly sha256: string } | null;
}

/** The worst of what was shown; undefined where nothing was asked. */
export function resultOfProofs(proofs: readonly Proof[]): ProofResult | undefined {
  return (["fail", "notEvaluated", "pass"] as const).find((result) =>
    proofs.some((one) => one.result === result),
  );
}

/** `12 listeners, 144 handshakes`: figures for people. */
export function figuresText({ figures }: Proof): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name}: ${value}`)
    .join("; ");
}
