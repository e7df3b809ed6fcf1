/** The table of docs/configuration.md, made from the schema so that it cannot be wrong. Pure. */
import { inWords, type Node, sectionNode } from "./right.ts";
import { type SectionName, sections } from "./schema.ts";

interface Row {
  readonly path: string;
  readonly right: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** One Markdown table per section. */
export function configurationReference(): string {
  return (Object.keys(sections) as SectionName[])
    .map((name) => {
      const node = sectionNode(name);
      const rows = rowsOf(node, { path: "", optional: true, under: undefined });
      const lines = rows.map(
        ({ path, right, fallback, meaning }) =>
          `| ${path === "" ? "(itself)" : `\`${path}\``} | ${right} | ${fallback} | ${meaning} |`,
      );
      return [
        `### \`deepseek:${name}\``,
        "",
        node.description ?? "",
        "",
        "| setting | value | default | meaning |",
        "| --- | --- | --- | --- |",
        ...lines,
      ].join("\n");
    })
    .join("\n\n");
}

interface Place {
  readonly path: string;
  readonly optional: boolean;
  /** The nearest object above that may be left out: below it, required means required with it. */
  readonly under: string | undefined;
}

function rowsOf(node: Node, place: Place): Row[] {
  const { path } = place;
  if (node.properties !== undefined) {
    const under = place.optional && node.default === undefined ? path : place.under;
    return Object.entries(node.properties).flatMap(([key, inner]) =>
      rowsOf(inner, {
        path: path === "" ? key : `${path}.${key}`,
        optional: !(node.required ?? []).includes(key),
        under: under === "" ? undefined : under,
      }),
    );
  }
  if (node.oneOf !== undefined) return node.oneOf.flatMap((choice) => rowsOf(choice, place));
  if (node.items !== undefined && hasMembers(node.items)) {
    return rowsOf(node.items, { ...place, path: `${path}[]`, optional: false });
  }
  if (typeof node.additionalProperties === "object" && hasMembers(node.additionalProperties)) {
    const inner = path === "" ? "<name>" : `${path}.<name>`;
    return rowsOf(node.additionalProperties, { ...place, path: inner, optional: false });
  }
  return [
    {
      path,
      right: inWords(node).replaceAll("|", "\\|"),
      fallback: fallbackOf(node, place),
      meaning: path === "" ? "" : (node.description ?? ""),
    },
  ];
}

function hasMembers(node: Node): boolean {
  return node.properties !== undefined || node.oneOf !== undefined;
}

function fallbackOf(node: Node, { optional, under }: Place): string {
  if (node.default !== undefined) return `\`${JSON.stringify(node.default)}\``;
  if (optional) return "—";
  return under === undefined ? "**required**" : `required with \`${under}\``;
}
