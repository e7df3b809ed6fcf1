/**
 * What would be right at a path of the settings, in words, taken from the schema itself. Also tells
 * where a value is a secret and must not be shown.
 */
import { z } from "zod";
import { type SectionName, sections } from "./schema.ts";

export interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly allOf?: readonly Node[];
  readonly right?: string;
  /** Where its default comes from (sources.ts). */
  readonly source?: string;
  readonly sensitive?: boolean;
}

/** The section's schema as plain data; `input`: as a person writes it, defaults left out. */
export function sectionNode(name: SectionName): Node {
  return z.toJSONSchema(sections[name], { io: "input", reused: "inline" }) as Node;
}

export function rightAt(name: SectionName, steps: readonly PropertyKey[]): string {
  return inWords(nodeAt(sectionNode(name), steps));
}

export function sensitiveAt(name: SectionName, steps: readonly PropertyKey[]): boolean {
  let node: Node | undefined = sectionNode(name);
  for (const step of [undefined, ...steps]) {
    if (step !== undefined) node = child(node, step);
    if (node?.sensitive === true) return true;
  }
  return false;
}

export function inWords(node: Node | undefined): string {
  if (node === undefined) return "nothing here";
  if (node.right !== undefined) return node.right;
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum !== undefined) return `one of ${node.enum.join(", ")}`;
  if (node.type === "integer") return `a whole number ${between(node)}`;
  if (node.type === "number") return `a number ${between(node)}`;
  if (node.type === "boolean") return "true or false";
  if (node.type === "null") return "null";
  if (node.type === "string") return "text";
  if (node.type === "array") {
    return node.minItems === undefined ? "a list" : `a list with at least ${node.minItems} entry`;
  }
  if (node.properties !== undefined) {
    return `an object with ${Object.keys(node.properties).join(", ")}`;
  }
  const choices = node.oneOf ?? node.anyOf ?? node.allOf;
  if (choices !== undefined) return [...new Set(choices.map(inWords))].join(", or ");
  return "an object";
}

function between({ minimum, exclusiveMinimum, maximum = Number.MAX_SAFE_INTEGER }: Node): string {
  if (exclusiveMinimum !== undefined) return `above ${exclusiveMinimum}`;
  return maximum === Number.MAX_SAFE_INTEGER
    ? `of at least ${minimum}`
    : `from ${minimum} to ${maximum}`;
}

function nodeAt(root: Node, steps: readonly PropertyKey[]): Node | undefined {
  return steps.reduce<Node | undefined>((node, step) => child(node, step), root);
}

function child(node: Node | undefined, step: PropertyKey): Node | undefined {
  if (node === undefined) return undefined;
  if (typeof step === "number" && node.items !== undefined) return node.items;
  const property = node.properties?.[String(step)];
  if (property !== undefined) return property;
  if (typeof node.additionalProperties === "object") return node.additionalProperties;
  for (const choice of node.oneOf ?? node.anyOf ?? node.allOf ?? []) {
    const found = child(choice, step);
    if (found !== undefined) return found;
  }
  return undefined;
}
