/** What is wrong with a catalogue: every reference must lead somewhere, and every entry be needed. Pure. */
import type { Catalogue } from "./catalogue.ts";

export function faultsOfCatalogue(catalogue: Catalogue, rules: readonly string[]): string[] {
  return [
    ...repeated(
      "law",
      catalogue.laws.map(({ law }) => law),
    ),
    ...repeated(
      "clause",
      catalogue.clauses.map(({ id }) => id),
    ),
    ...repeated(
      "control",
      catalogue.controls.map(({ id }) => id),
    ),
    ...clauseFaults(catalogue),
    ...controlFaults(catalogue, rules),
    ...mapFaults(catalogue),
  ];
}

function clauseFaults({ laws, clauses, map }: Catalogue): string[] {
  const known = new Set(laws.map(({ law }) => law));
  const answered = new Set(Object.values(map).flatMap((row) => Object.values(row).flat()));
  return [
    ...clauses.flatMap(({ id, law, title }) => [
      ...(known.has(law) ? [] : [`clause ${id} is of ${law}, which is no law here`]),
      ...(title.zh === "" || title.en === ""
        ? [`clause ${id} has no title in both languages`]
        : []),
      ...(answered.has(id) ? [] : [`clause ${id} is answered by no control`]),
    ]),
    ...laws.flatMap(({ law, effective }) => [
      ...(clauses.some((one) => one.law === law) ? [] : [`law ${law} has no clause`]),
      ...(/^\d{4}-\d{2}-\d{2}$/.test(effective) ? [] : [`law ${law} has no day of effect`]),
    ]),
  ];
}

function controlFaults({ controls, map }: Catalogue, rules: readonly string[]): string[] {
  const used = new Set(controls.flatMap((control) => control.rules));
  return [
    ...controls.flatMap(({ id, rules: own, attest }) => [
      ...(map[id] === undefined ? [`control ${id} answers to no clause`] : []),
      ...(own.length === 0 && attest === undefined
        ? [`control ${id} is checked by no rule and attested by nobody`]
        : []),
      ...own
        .filter((rule) => !rules.includes(rule))
        .map((rule) => `control ${id} names the rule ${rule}, which is none`),
    ]),
    ...rules.filter((rule) => !used.has(rule)).map((rule) => `rule ${rule} belongs to no control`),
  ];
}

function mapFaults({ clauses, controls, map }: Catalogue): string[] {
  const known = new Set(clauses.map(({ id }) => id));
  return Object.entries(map).flatMap(([id, row]) => {
    const control = controls.find((one) => one.id === id);
    const listed = Object.values(row).flat();
    const checked = [...(row.full ?? []), ...(row.partial ?? [])];
    return [
      ...(control === undefined ? [`the map names the control ${id}, which is none`] : []),
      ...(listed.length === 0 ? [`control ${id} answers to no clause`] : []),
      ...listed
        .filter((one) => !known.has(one))
        .map((one) => `control ${id} names the clause ${one}, which is none`),
      ...repeated(`clause of control ${id}`, listed),
      ...(control?.rules.length === 0 && checked.length > 0
        ? [`control ${id} has no rule, and claims to check ${checked.join(", ")}`]
        : []),
    ];
  });
}

function repeated(what: string, ids: readonly string[]): string[] {
  return ids
    .filter((id, index) => ids.indexOf(id) < index)
    .map((id) => `${what} ${id} stands twice`);
}
