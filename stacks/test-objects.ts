/** Looking at what a program makes, for tests: settings in, objects out. */
import { parseSettings } from "../config/parse.ts";
import type { Settings } from "../config/schema.ts";
import { asTexts, type Values } from "../config/test-settings.ts";
import type { Program } from "./test-program.ts";

// What the API server would read.
// biome-ignore lint/suspicious/noExplicitAny: untyped on purpose, objects of every kind pass here
export type Loose = any;

export function settingsOf(values: Values): Settings {
  const result = parseSettings(asTexts(values));
  if ("faults" in result) throw new Error(JSON.stringify(result.faults));
  return result.settings;
}

export function named(kind: string, name: string, { resources }: Program): Loose {
  const objects: Loose[] = resources.map(({ inputs }) => inputs);
  return objects.find((object) => object.kind === kind && object.metadata?.name === name);
}

export function environmentOf(workload: Loose): Record<string, string> {
  const [container] = workload.spec.template.spec.containers;
  return Object.fromEntries(container.env.map(({ name, value }: Loose) => [name, value ?? "pod"]));
}
