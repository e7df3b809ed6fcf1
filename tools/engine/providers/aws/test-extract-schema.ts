/**
 * Reads names and shapes (no prose, no code) of chosen resources and functions from the type
 * declarations of the installed @pulumi/aws. schema.test.ts compares the result with the committed
 * schema.json, or writes it anew. Runs in tests only: the provider itself reads schema.json.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import ts from "typescript";
import type { AwsSchema, FunctionShape, ResourceShape, Shapes } from "./schema.ts";

const require = createRequire(import.meta.url);
const root = path.dirname(require.resolve("@pulumi/aws/package.json"));

export interface Wanted {
  /** `kms/key:Key` */
  readonly resources: readonly string[];
  /** `iam/getPolicyDocument:getPolicyDocument` */
  readonly functions: readonly string[];
}

export function extractSchema(wanted: Wanted): AwsSchema {
  const objects = new ObjectTypes();
  const resources = wanted.resources.map((token) => [`aws:${token}`, resource(token, objects)]);
  const functions = wanted.functions.map((token) => [`aws:${token}`, invocation(token, objects)]);
  const provider = members(interfaceOf(parse("provider.d.ts"), "ProviderArgs"), objects);
  const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  return {
    version: manifest.version,
    provider: provider.shapes,
    resources: Object.fromEntries(resources),
    functions: Object.fromEntries(functions),
    objects: objects.collected(),
  };
}

function resource(token: string, objects: ObjectTypes): ResourceShape {
  const [file = "", name = ""] = token.split(":");
  const source = parse(`${file === "" ? name : file}.d.ts`.replace(/^index\//, ""));
  const inputs = members(interfaceOf(source, `${name}Args`), objects);
  const outputs = classOutputs(source, name);
  return { inputs: inputs.shapes, required: inputs.required, ...outputs };
}

function invocation(token: string, objects: ObjectTypes): FunctionShape {
  const [file = "", name = ""] = token.split(":");
  const source = parse(`${file}.d.ts`.replace(/^index\//, ""));
  const stem = `G${name.slice(1)}`;
  const args = findInterface(source, `${stem}Args`);
  const inputs = args === undefined ? { shapes: {}, required: [] } : members(args, objects);
  const results = members(interfaceOf(source, `${stem}Result`), undefined);
  return { inputs: inputs.shapes, required: inputs.required, results: Object.keys(results.shapes) };
}

/** Output names that are always set, and those that may be absent. */
function classOutputs(source: ts.SourceFile, name: string) {
  const always: string[] = [];
  const optional: string[] = [];
  const visit = (node: ts.Node) => {
    if (ts.isClassDeclaration(node) && node.name?.text === name) {
      for (const member of node.members) {
        if (!ts.isPropertyDeclaration(member) || member.type === undefined) continue;
        if (member.modifiers?.some((one) => one.kind === ts.SyntaxKind.StaticKeyword)) continue;
        const text = member.type.getText(source);
        (/\| undefined>$/.test(text) ? optional : always).push(member.name.getText(source));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { always, optional };
}

interface Members {
  readonly shapes: Shapes;
  readonly required: readonly string[];
}

function members(declaration: ts.InterfaceDeclaration, objects: ObjectTypes | undefined): Members {
  const shapes: Record<string, string> = {};
  const required: string[] = [];
  for (const member of declaration.members) {
    if (!ts.isPropertySignature(member) || member.type === undefined) continue;
    const name = member.name.getText();
    shapes[name] = shape(member.type, objects);
    if (member.questionToken === undefined) required.push(name);
  }
  return { shapes, required };
}

/** `string`, `number`, `boolean`, `json`, `any`, `X[]`, `{X}` for a map, or an object's name. */
function shape(node: ts.TypeNode, objects: ObjectTypes | undefined): string {
  if (ts.isParenthesizedTypeNode(node)) return shape(node.type, objects);
  if (ts.isArrayTypeNode(node)) return `${shape(node.elementType, objects)}[]`;
  if (ts.isUnionTypeNode(node)) {
    const parts = node.types
      .filter((one) => one.kind !== ts.SyntaxKind.UndefinedKeyword)
      .map((one) => shape(one, objects));
    // A policy may be given as text or as an object; the real provider sends it as JSON text.
    if (parts.includes("iam.PolicyDocument")) return "json";
    return parts.find((one) => one === "string") ?? parts[0] ?? "any";
  }
  if (ts.isTypeLiteralNode(node)) {
    const [index] = node.members;
    return index !== undefined && ts.isIndexSignatureDeclaration(index)
      ? `{${shape(index.type, objects)}}`
      : "any";
  }
  if (ts.isTypeReferenceNode(node)) return reference(node, objects);
  const text = node.getText();
  return ["string", "number", "boolean"].includes(text) ? text : "any";
}

function reference(node: ts.TypeReferenceNode, objects: ObjectTypes | undefined): string {
  const name = node.typeName.getText();
  const [argument] = node.typeArguments ?? [];
  if (name === "pulumi.Input" && argument !== undefined) return shape(argument, objects);
  if (name === "Record" && node.typeArguments?.[1] !== undefined) {
    return `{${shape(node.typeArguments[1], objects)}}`;
  }
  if (name.startsWith("inputs.")) {
    const object = name.slice("inputs.".length);
    if (object !== "iam.PolicyDocument") objects?.want(object);
    return object;
  }
  // Enumerations and resources given as a whole (their ARN or id is sent) are texts on the wire.
  return "string";
}

/** The nested objects that the wanted types use, found transitively in types/input.d.ts. */
class ObjectTypes {
  readonly #wanted = new Set<string>();
  readonly #known = new Map<string, ts.InterfaceDeclaration>();

  want(name: string): void {
    this.#wanted.add(name);
  }

  collected(): Record<string, { inputs: Shapes; required: readonly string[] }> {
    if (this.#known.size === 0) this.#index(parse("types/input.d.ts"), "");
    const result: Record<string, { inputs: Shapes; required: readonly string[] }> = {};
    // A Set grows while it is walked, so objects inside objects are found, too.
    for (const name of this.#wanted) {
      const declaration = this.#known.get(name);
      if (declaration === undefined) throw new Error(`types/input.d.ts has no ${name}`);
      const found = members(declaration, this);
      result[name] = { inputs: found.shapes, required: found.required };
    }
    return result;
  }

  #index(node: ts.Node, space: string): void {
    ts.forEachChild(node, (child) => {
      if (ts.isInterfaceDeclaration(child)) this.#known.set(space + child.name.text, child);
      else if (ts.isModuleDeclaration(child) && child.body !== undefined) {
        this.#index(child.body, `${space}${child.name.text}.`);
      } else if (ts.isModuleBlock(child)) this.#index(child, space);
    });
  }
}

function parse(file: string): ts.SourceFile {
  const text = readFileSync(path.join(root, file), "utf8");
  return ts.createSourceFile(file, text, ts.ScriptTarget.ES2024, true);
}

function findInterface(source: ts.SourceFile, name: string): ts.InterfaceDeclaration | undefined {
  return source.statements.find(
    (one): one is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(one) && one.name.text === name,
  );
}

function interfaceOf(source: ts.SourceFile, name: string): ts.InterfaceDeclaration {
  const found = findInterface(source, name);
  if (found === undefined) throw new Error(`${source.fileName} has no interface ${name}`);
  return found;
}
