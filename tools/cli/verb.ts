/** What a verb of the command line is: its words, its options, and what it does. */
import type { ParseArgsOptionDescriptor } from "node:util";
import { parseArgs } from "node:util";
import { UserError } from "../base/user-error.ts";
import type { Environment } from "./environment.ts";

export interface OptionSpec {
  readonly type: "boolean" | "string";
  readonly multiple?: boolean;
  /** What stands for the value in the help text: `--out DIR`. */
  readonly value?: string;
  readonly help: string;
}

export interface Verb {
  readonly name: string;
  /** One line for the list of verbs. */
  readonly summary: string;
  /** After `npm run NAME --`: `<stack> [options]`. */
  readonly usage: string;
  readonly examples: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Least and most positional arguments. */
  readonly positionals: readonly [number, number];
  /** Everything after the verb goes through untouched (kubectl). */
  readonly passThrough?: boolean;
  run(call: Call): Promise<number>;
}

export interface Call {
  readonly environment: Environment;
  readonly positionals: readonly string[];
  readonly flags: Flags;
  readonly raw: readonly string[];
  /** Aborted by the first SIGINT or SIGTERM; the second one ends the process. */
  readonly signal: AbortSignal;
}

/** Typed access to parsed options; asking for an option the verb never declared is our mistake. */
export class Flags {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  on(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  list(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  }

  /** A whole number between the bounds, or a UserError that says so. */
  integer(name: string, fallback: number, least: number, most: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new UserError(`--${name} is "${text}"`, {
      where: "command line",
      fix: `give a whole number from ${least} to ${most}`,
    });
  }
}

/** Options of every verb. */
export const GENERAL: Readonly<Record<string, OptionSpec>> = {
  help: { type: "boolean", help: "show this text" },
};

export function parseCall(
  verb: Verb,
  args: readonly string[],
  environment: Environment,
  signal: AbortSignal,
): Call | "help" {
  if (verb.passThrough === true) {
    return { environment, positionals: [], flags: new Flags({}), raw: args, signal };
  }
  const specs = { ...verb.options, ...GENERAL };
  const options: Record<string, ParseArgsOptionDescriptor> = Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [
      name,
      { type: spec.type, multiple: spec.multiple === true },
    ]),
  );
  const parsed = parse(verb, args, options);
  if (parsed.values["help"] === true) return "help";
  const [least, most] = verb.positionals;
  const count = parsed.positionals.length;
  if (count < least || count > most) {
    throw new UserError(
      count < least
        ? `${verb.name} needs ${least === 1 ? "an argument" : `${least} arguments`}`
        : `${verb.name} does not take "${parsed.positionals[most]}"`,
      {
        where: "command line",
        fix: `npm run ${verb.name} -- ${verb.usage}   (npm run ${verb.name} -- --help shows examples)`,
      },
    );
  }
  return {
    environment,
    positionals: parsed.positionals,
    flags: new Flags(parsed.values),
    raw: args,
    signal,
  };
}

function parse(
  verb: Verb,
  args: readonly string[],
  options: Record<string, ParseArgsOptionDescriptor>,
): { values: Record<string, unknown>; positionals: string[] } {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UserError(error instanceof Error ? firstSentence(error.message) : String(error), {
      where: "command line",
      fix: `options of ${verb.name}: ${Object.keys(options)
        .map((name) => `--${name}`)
        .join(" ")}`,
    });
  }
}

function firstSentence(text: string): string {
  return text.split(". ")[0] ?? text;
}

/** The help text of one verb. */
export function helpText(verb: Verb): string {
  const specs = Object.entries({ ...verb.options, ...GENERAL });
  const left = specs.map(
    ([name, spec]) => `--${name}${spec.value === undefined ? "" : ` ${spec.value}`}`,
  );
  const width = Math.max(...left.map((text) => text.length));
  const lines = [
    verb.summary,
    "",
    `Usage: npm run ${verb.name}${verb.usage === "" ? "" : ` -- ${verb.usage}`}`,
    "",
    "Options:",
    ...specs.map(([, spec], index) => `  ${(left[index] ?? "").padEnd(width)}  ${spec.help}`),
    "",
    "Examples:",
    ...verb.examples.map((example) => `  ${example}`),
    "",
  ];
  return lines.join("\n");
}
