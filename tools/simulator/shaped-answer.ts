/**
 * Answers whose shape the caller prescribes: a call of a tool, one of several choices, or JSON that
 * fits a schema. The values carry no meaning, but they fit, which is all that a client can check.
 */
import { createRandom } from "./text.ts";

export type Json = Readonly<Record<string, unknown>>;

/** What the answer must look like; null: plain words. */
export type Shape =
  | { readonly kind: "tool"; readonly name: string; readonly parameters: unknown }
  | { readonly kind: "choice"; readonly choices: readonly string[] }
  | { readonly kind: "json"; readonly schema: unknown };

/** A schema that refers to itself must come to an end. */
const DEPTH_MAX = 8;
/** About the length of vLLM's own pieces of a streamed tool call. */
const PIECE_LENGTH = 4;

/** The text in pieces of one token each. */
export function shapedTokens(shape: Shape, seed: number): string[] {
  const text = shapedText(shape, seed);
  const pieces = text.match(new RegExp(`[^]{1,${PIECE_LENGTH}}`, "gu"));
  return pieces ?? [""];
}

function shapedText(shape: Shape, seed: number): string {
  const random = createRandom(seed);
  switch (shape.kind) {
    case "choice":
      return shape.choices[Math.floor(random() * shape.choices.length)] ?? "";
    case "tool":
      return JSON.stringify(fill(shape.parameters, random, 0) ?? {});
    case "json":
      return JSON.stringify(fill(shape.schema, random, 0) ?? {});
  }
}

/** A value that fits the common part of JSON Schema: const, enum, type, properties, items. */
function fill(schema: unknown, random: () => number, depth: number): unknown {
  if (!isObject(schema) || depth > DEPTH_MAX) return null;
  if ("const" in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[Math.floor(random() * schema.enum.length)];
  for (const word of ["anyOf", "oneOf"]) {
    const options = schema[word];
    if (Array.isArray(options)) return fill(options[0], random, depth + 1);
  }
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type ?? (isObject(schema.properties) ? "object" : "null")) {
    case "object":
      return fillObject(schema, random, depth);
    case "array":
      return Array.from({ length: Math.max(1, toNumber(schema.minItems, 1)) }, () =>
        fill(schema.items ?? { type: "string" }, random, depth + 1),
      );
    case "string":
      return "simulated".padEnd(toNumber(schema.minLength, 0), ".");
    case "integer":
    case "number": {
      const least = toNumber(schema.minimum, 0);
      return Math.min(least + Math.floor(random() * 10), toNumber(schema.maximum, least + 10));
    }
    case "boolean":
      return random() < 0.5;
    default:
      return null;
  }
}

function fillObject(schema: Json, random: () => number, depth: number): Json {
  const properties = isObject(schema.properties) ? schema.properties : {};
  return Object.fromEntries(
    Object.entries(properties).map(([name, of]) => [name, fill(of, random, depth + 1)]),
  );
}

function toNumber(value: unknown, otherwise: number): number {
  return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
}

/** Reads the prescription from a request, by the names that vLLM and OpenAI give it. */
export function readShape(body: Json): Shape | null {
  return readTool(body) ?? readChoice(body) ?? readJson(body);
}

function readTool(body: Json): Shape | null {
  if (!Array.isArray(body.tools) || body.tool_choice === "none") return null;
  const functions = body.tools
    .map((tool: unknown) => (isObject(tool) ? tool.function : null))
    .filter(isObject);
  const choice = isObject(body.tool_choice) ? body.tool_choice.function : null;
  const wanted = isObject(choice) ? choice.name : undefined;
  // By itself the simulator calls a tool once: after a tool's result it answers with words.
  const messages = Array.isArray(body.messages) ? body.messages : [];
  const last: unknown = messages.at(-1);
  const answered = isObject(last) && last.role === "tool";
  if (answered && wanted === undefined && body.tool_choice !== "required") return null;
  const found = functions.find((one) => wanted === undefined || one.name === wanted);
  if (found === undefined || typeof found.name !== "string") return null;
  return { kind: "tool", name: found.name, parameters: found.parameters };
}

function readChoice(body: Json): Shape | null {
  const structured = isObject(body.structured_outputs) ? body.structured_outputs : {};
  const choices = structured.choice ?? body.guided_choice;
  if (!Array.isArray(choices) || choices.length === 0) return null;
  return { kind: "choice", choices: choices.map(String) };
}

function readJson(body: Json): Shape | null {
  const structured = isObject(body.structured_outputs) ? body.structured_outputs : {};
  const schema = structured.json ?? body.guided_json;
  if (isObject(schema)) return { kind: "json", schema };
  const format = isObject(body.response_format) ? body.response_format : {};
  if (format.type === "json_object") {
    return { kind: "json", schema: { type: "object", properties: { answer: { type: "string" } } } };
  }
  const named = isObject(format.json_schema) ? format.json_schema.schema : null;
  return format.type === "json_schema" && isObject(named) ? { kind: "json", schema: named } : null;
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
