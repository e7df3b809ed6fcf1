/**
 * The repository's own TypeScript files with their imports and functions, read with the TypeScript
 * parser. The tidy test judges this; nothing else uses it.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

export interface Import {
  /** A path inside the repository, or the bare name of a package. */
  readonly target: string;
  readonly typeOnly: boolean;
  readonly line: number;
  /** What is taken from it; null: all that it exports. */
  readonly names: readonly string[] | null;
}

/** A function, class or constant; types are exported for whoever reads a signature. */
export interface Export {
  readonly name: string;
  readonly line: number;
}

export interface FunctionSpan {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

export interface SourceFile {
  readonly file: string;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  readonly functions: readonly FunctionSpan[];
  /** Uses of `process.env` and of the explicit `any` type, as "line: what". */
  readonly environmentReads: readonly number[];
}

/** Every .ts and .mjs file that git tracks or would track, relative to `root`, sorted. */
export function listSources(root: string): string[] {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return listed
    .split("\n")
    .filter((file) => /\.(ts|mjs|js)$/.test(file) && existsSync(path.join(root, file)))
    .sort();
}

export function readSource(root: string, file: string): SourceFile {
  const text = readFileSync(path.join(root, file), "utf8");
  return parseSource(file, text);
}

export function parseSource(file: string, text: string): SourceFile {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2024, true, ts.ScriptKind.TS);
  const found = {
    imports: [] as Import[],
    exports: [] as Export[],
    functions: [] as FunctionSpan[],
    environmentReads: [] as number[],
  };
  const lineOf = (position: number) => tree.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: ts.Node) => {
    const imported = importOf(node, file, lineOf);
    if (imported !== undefined) found.imports.push(imported);
    if (isFunction(node) && node.body !== undefined) {
      const line = lineOf(node.getStart());
      found.functions.push({ name: nameOf(node), line, lines: lineOf(node.end) - line + 1 });
    }
    if (ts.isPropertyAccessExpression(node) && node.getText() === "process.env") {
      found.environmentReads.push(lineOf(node.getStart()));
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  for (const statement of tree.statements) {
    const line = lineOf(statement.getStart());
    found.exports.push(...exportsOf(statement).map((name) => ({ name, line })));
  }
  return { file, text, lines: text.split("\n").length - 1, ...found };
}

type AnyFunction =
  | ts.FunctionDeclaration
  | ts.FunctionExpression
  | ts.ArrowFunction
  | ts.MethodDeclaration
  | ts.ConstructorDeclaration
  | ts.AccessorDeclaration;

function isFunction(node: ts.Node): node is AnyFunction {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isConstructorDeclaration(node) ||
    ts.isAccessor(node)
  );
}

function nameOf(node: AnyFunction): string {
  if (ts.isConstructorDeclaration(node)) return "constructor";
  if (node.name !== undefined) return node.name.getText();
  const parent = node.parent;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) {
    return parent.name.getText();
  }
  if (ts.isCallExpression(parent)) return `callback of ${parent.expression.getText().slice(0, 40)}`;
  return "anonymous";
}

function importOf(
  node: ts.Node,
  file: string,
  lineOf: (position: number) => number,
): Import | undefined {
  let specifier: ts.Expression | undefined;
  let typeOnly = false;
  if (ts.isImportDeclaration(node)) {
    specifier = node.moduleSpecifier;
    typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
  } else if (ts.isExportDeclaration(node)) {
    specifier = node.moduleSpecifier;
    typeOnly = node.isTypeOnly;
  } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    specifier = node.arguments[0];
  }
  if (specifier === undefined || !ts.isStringLiteral(specifier)) return undefined;
  const text = specifier.text;
  const target = text.startsWith(".") ? path.posix.join(path.posix.dirname(file), text) : text;
  return { target, typeOnly, line: lineOf(node.getStart()), names: namesOf(node) };
}

function namesOf(node: ts.Node): string[] | null {
  const list = ts.isImportDeclaration(node)
    ? node.importClause?.namedBindings
    : ts.isExportDeclaration(node)
      ? node.exportClause
      : undefined;
  if (list === undefined || !(ts.isNamedImports(list) || ts.isNamedExports(list))) return null;
  return list.elements.map((one) => (one.propertyName ?? one.name).text);
}

function exportsOf(statement: ts.Statement): string[] {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  if (!modifiers?.some((one) => one.kind === ts.SyntaxKind.ExportKeyword)) return [];
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) =>
      ts.isIdentifier(name) ? [name.text] : [],
    );
  }
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
    return statement.name === undefined ? [] : [statement.name.text];
  }
  return [];
}
