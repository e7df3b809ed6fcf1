/**
 * What a container is told by variables and words, wherever it stands: written out, in a ConfigMap of the stack,
 * or in another variable (`$(NAME)`). What stands in a Secret, in a field of the pod, or in a ConfigMap that the
 * stack does not make is known to nobody here: the rule is then not evaluated.
 */
import type { Context } from "../judging/rule.ts";
import { ElsewhereError } from "./judge.ts";
import { type Container, kindOf, nameIn, whereOf } from "./pods.ts";
import { asFields, at, type Fields, isPresent, listOf, textAt } from "./values.ts";

/** A reference to another variable; `$$(NAME)` is none. */
const REFERENCE = /(?<!\$)\$\(([\w.-]+)\)/g;
/** Kubernetes expands each once, from those before it; this keeps a circle from going on. */
const DEPTH_MAX = 8;

/** The value of a variable; undefined: there is none. Throws where it cannot be known. */
export function variableOf(
  container: Container,
  name: string,
  context: Context,
): string | undefined {
  return expanded(container, name, context, DEPTH_MAX);
}

/** For what must be said where it can be read: undefined also where it stands elsewhere. */
export function statedVariable(
  container: Container,
  name: string,
  context: Context,
): string | undefined {
  return unlessElsewhere(() => variableOf(container, name, context), undefined);
}

/** Is there such a variable, or may there be, whatever its value is? */
export function hasVariable(container: Container, name: string, context: Context): boolean {
  if (entryOf(container, name) !== undefined) return true;
  return unlessElsewhere(() => givenValue(container, name, context) !== undefined, true);
}

function unlessElsewhere<T>(ask: () => T, otherwise: T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof ElsewhereError) return otherwise;
    throw error;
  }
}

/** Of two with one name, Kubernetes takes the last. */
export function entryOf(container: Container, name: string): unknown {
  return listOf(container.fields["env"]).findLast((one) => at(one, "name") === name);
}

/** Command and arguments as they are written. */
export function wordsOf(container: Container): string[] {
  return ["command", "args"].flatMap((key) => listOf(container.fields[key]).map(String));
}

/** With the variables that they name. One that is a variable alone hides what it is, unless it is a flag's value. */
export function toldWords(container: Container, context: Context): string[] {
  const words = wordsOf(container);
  return words.map((word, index) => {
    const isValue = /^-/.test(words[index - 1] ?? "");
    return word.replaceAll(REFERENCE, (whole, name: string) => {
      const isPart = isValue || whole !== word;
      return (isPart ? statedVariable : variableOf)(container, name, context) ?? whole;
    });
  });
}

function expanded(
  container: Container,
  name: string,
  context: Context,
  depth: number,
): string | undefined {
  const value = ownValue(container, name, context) ?? givenValue(container, name, context);
  if (depth === 0) return value;
  return value?.replaceAll(
    REFERENCE,
    (whole, other: string) => expanded(container, other, context, depth - 1) ?? whole,
  );
}

/** From `env`. */
function ownValue(container: Container, name: string, context: Context): string | undefined {
  const entry = entryOf(container, name);
  const from = at(entry, "valueFrom");
  if (!isPresent(from)) return textAt(entry, "value");
  const key = textAt(from, "configMapKeyRef", "key");
  const map = textAt(from, "configMapKeyRef", "name");
  const data = map === undefined ? undefined : mapOf(container, map, context);
  if (data !== undefined && key !== undefined) return textAt(data, key);
  const secret = textAt(from, "secretKeyRef", "name");
  throw elsewhere(container, name, map, secret);
}

/** From `envFrom`, of whose sources the last counts. */
function givenValue(container: Container, name: string, context: Context): string | undefined {
  for (const source of listOf(container.fields["envFrom"]).toReversed()) {
    const prefix = textAt(source, "prefix") ?? "";
    if (!name.startsWith(prefix)) continue;
    const map = textAt(source, "configMapRef", "name");
    const data = map === undefined ? undefined : mapOf(container, map, context);
    if (data === undefined) {
      throw elsewhere(container, name, map, textAt(source, "secretRef", "name"));
    }
    const value = textAt(data, name.slice(prefix.length));
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The entries of a ConfigMap that the stack makes. */
function mapOf({ pod }: Container, name: string, { resources }: Context): Fields | undefined {
  const found = resources.find(
    ({ type, props }) =>
      kindOf(type) === "ConfigMap" &&
      nameIn(props) === name &&
      (textAt(props, "metadata", "namespace") ?? "default") === pod.namespace,
  );
  return found && (asFields(found.props["data"]) ?? {});
}

function elsewhere(
  container: Container,
  name: string,
  map: string | undefined,
  secret: string | undefined,
): ElsewhereError {
  const from =
    map !== undefined
      ? `ConfigMap ${map}, which this stack does not make`
      : secret !== undefined
        ? `Secret ${secret}`
        : "elsewhere";
  return new ElsewhereError(
    `${whereOf(container.pod, container)}, variable ${name} comes from ${from}.`,
  );
}
