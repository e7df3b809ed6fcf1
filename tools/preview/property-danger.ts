/** What a row of the tables of dangerous changes in place is made of. */
import type { Asset, Consequence } from "./asset-dangers.ts";

/** How a value changes. `shrinks` and `grows` compare numbers, with Kubernetes' units. */
export type Movement =
  | "shrinks"
  | "changes"
  | "opens"
  /** Of addresses: more than before, and not yet all. */
  | "widens"
  | "is false"
  | "is true"
  | "is weaker";

export interface PropertyDanger extends Consequence {
  /** Names the rule in tests and reports. */
  readonly id: string;
  readonly type: string;
  /** Only resources of such names, where a type is used for many things. */
  readonly name?: RegExp;
  readonly path: RegExp;
  /** Asked for when a resource of this type comes or goes: where such a value stands. */
  readonly at?: string;
  readonly when: Movement;
  readonly asset: Asset;
  readonly source: string;
}
