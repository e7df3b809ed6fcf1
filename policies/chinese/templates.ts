/**
 * Sentences of one language told in another by a table of templates: `{where} may run as root.` fits every
 * sentence of that form, and what stands in a place is told in its turn, or stays as it is where nothing fits
 * it: names, numbers, settings. So a sentence is written once, where it is needed, and in its own language.
 */

/** English template → Chinese one, with the same places. The first that fits counts. */
export type Templates = Readonly<Record<string, string>>;

/** undefined: no template fits. */
export type Teller = (text: string) => string | undefined;

const PLACE = /\{(\w+)\}/g;

export function teller(templates: Templates, tellValue: Teller): Teller {
  const rows = Object.entries(templates).map(([english, chinese]) => ({
    form: formOf(english),
    chinese,
  }));
  return (text) => {
    for (const { form, chinese } of rows) {
      const found = form.exec(text);
      if (found === null) continue;
      return chinese.replaceAll(PLACE, (_, name: string) => {
        const value = found.groups?.[name] ?? "";
        return tellValue(value) ?? value;
      });
    }
    return undefined;
  };
}

function formOf(template: string): RegExp {
  const [first = "", ...parts] = template.split(PLACE);
  const form = parts.map((part, index) => (index % 2 === 0 ? `(?<${part}>.*?)` : literal(part)));
  return new RegExp(`^${literal(first)}${form.join("")}$`, "s");
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
