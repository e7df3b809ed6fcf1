/** The catalogue as it ships, and what can be asked of it. */
import type { Catalogue, Clause, Control, Strength } from "./catalogue.ts";
import { GDPR, HIPAA } from "./clauses-abroad.ts";
import { CN_CLAUSES } from "./clauses-cn.ts";
import { MLPS } from "./clauses-mlps.ts";
import { CONTROLS } from "./controls.ts";
import { LAWS } from "./laws.ts";
import { MAP } from "./map.ts";
import type { Profile } from "./profiles.ts";

export const CATALOGUE: Catalogue = {
  laws: LAWS,
  clauses: [...MLPS, ...CN_CLAUSES, ...GDPR, ...HIPAA],
  controls: CONTROLS,
  map: MAP,
};

export interface Answer {
  readonly control: Control;
  readonly strength: Strength;
}

const STRENGTHS: readonly Strength[] = ["full", "partial", "evidence-only", "manual"];

/** The controls that answer to a clause, the strongest first. */
export function answersTo(clause: Clause, { controls, map }: Catalogue): Answer[] {
  return STRENGTHS.flatMap((strength) =>
    controls
      .filter(({ id }) => map[id]?.[strength]?.includes(clause.id) === true)
      .map((control) => ({ control, strength })),
  );
}

export function clausesOfProfile(profile: Profile, { clauses }: Catalogue): Clause[] {
  return clauses.filter(({ law }) => profile.laws.includes(law));
}

/** Controls that answer to at least one clause of the profile's laws. */
export function controlsOfProfile(profile: Profile, catalogue: Catalogue): Control[] {
  const wanted = new Set(clausesOfProfile(profile, catalogue).map(({ id }) => id));
  return catalogue.controls.filter(({ id }) =>
    Object.values(catalogue.map[id] ?? {}).some((clauses) =>
      clauses.some((one) => wanted.has(one)),
    ),
  );
}

/** Rules that a law sets a number for: an exemption from one names who accepts the risk. */
export function rulesWithFloor({ clauses, controls, map }: Catalogue): ReadonlySet<string> {
  const floored = new Set(clauses.filter(({ floor }) => floor !== undefined).map(({ id }) => id));
  return new Set(
    controls
      .filter(({ id }) => map[id]?.full?.some((clause) => floored.has(clause)) === true)
      .flatMap(({ rules }) => rules),
  );
}
