/** The table of docs/configuration.md, made from the schema so that it cannot be wrong. Pure. */
import { inWords, type Node, sectionNode } from "./right.ts";
import { type SectionName, sections } from "./schema.ts";

export interface Row {
  readonly path: string;
  readonly right: string;
  /** undefined: there is none. */
  readonly fallback: unknown;
  /** Where the default comes from. */
  readonly source: string | undefined;
  /** What stands in place of a default. */
  readonly otherwise: string;
  readonly meaning: string;
}

/** One Markdown table per section. */
export function configurationReference(): string {
  return (Object.keys(sections) as SectionName[])
    .map((name) =>
      [
        `### \`deepseek:${name}\``,
        "",
        sectionNode(name).description ?? "",
        "",
        "| setting | value | default | where the default comes from | meaning |",
        "| --- | --- | --- | --- | --- |",
        ...settingsIn(name).map(inMarkdown),
      ].join("\n"),
    )
    .join("\n\n");
}

/** Every setting of a section, and every object or list that has a default of its own. */
export function settingsIn(name: SectionName): readonly Row[] {
  return rowsOf(sectionNode(name), { path: "", optional: true, under: undefined });
}

function inMarkdown({ path, right, fallback, source = "", otherwise, meaning }: Row): string {
  const shown = fallback === undefined ? otherwise : `\`${JSON.stringify(fallback)}\``;
  const cells = [path === "" ? "(itself)" : `\`${path}\``, right, shown, source, meaning];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

interface Place {
  readonly path: string;
  readonly optional: boolean;
  /** The nearest object above that may be left out: below it, required means required with it. */
  readonly under: string | undefined;
}

function rowsOf(node: Node, place: Place): Row[] {
  const inner = innerRows(node, place);
  if (inner === undefined) return [rowOf(node, place)];
  // An empty object as default only says that its members have theirs.
  const own = node.default !== undefined && JSON.stringify(node.default) !== "{}";
  return own ? [rowOf(node, place), ...inner] : inner;
}

/** Rows of what stands below; undefined where nothing does. */
function innerRows(node: Node, place: Place): Row[] | undefined {
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
    const name = path === "" ? "<name>" : `${path}.<name>`;
    return rowsOf(node.additionalProperties, { ...place, path: name, optional: false });
  }
  return undefined;
}

function hasMembers(node: Node): boolean {
  return node.properties !== undefined || node.oneOf !== undefined;
}

function rowOf(node: Node, { path, optional, under }: Place): Row {
  const required = under === undefined ? "**required**" : `required with \`${under}\``;
  return {
    path,
    right: inWords(node),
    fallback: node.default,
    source: node.source,
    otherwise: optional ? "—" : required,
    meaning: path === "" ? "" : (node.description ?? ""),
  };
}
