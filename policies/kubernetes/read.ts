/** What rules read of Kubernetes objects: variables, arguments, files, labels. */
import type { Report } from "../judging/rule.ts";
import { isUnknownValue } from "./judge.ts";
import { type Container, containersOf, type Pod } from "./pods.ts";
import { asFields, at, type Fields, textAt } from "./values.ts";

const NAME_LABEL = "app.kubernetes.io/name";

/** `gateway`, `edge`, `model-server`: which program runs in a pod. */
export function programOf(pod: Pod): string {
  return String(pod.labels[NAME_LABEL] ?? "");
}

/** The literal value of a variable; undefined where it is absent or comes from elsewhere. */
export function variableOf(container: Container, name: string): string | undefined {
  return textAt(entryOf(container, name), "value");
}

/** Is there such a variable, whatever its value is and wherever that comes from? */
export function hasVariable(container: Container, name: string): boolean {
  return container.fields["envFrom"] !== undefined || entryOf(container, name) !== undefined;
}

/** Of two with one name, Kubernetes takes the last. */
function entryOf(container: Container, name: string): unknown {
  const { env } = container.fields;
  return (Array.isArray(env) ? env : []).findLast((one: unknown) => at(one, "name") === name);
}

/** The gateway among the containers of its pod; one by another name would be judged by nobody. */
export function gatewayIn(pod: Pod, report: Report): readonly Container[] {
  const found = containersOf(pod).items.filter(
    ({ kind, name }) => kind === "container" && name === "gateway",
  );
  if (found.length === 0) report.fails(`${pod.owner} has no container gateway to judge.`);
  return found;
}

export function wordsOf(container: Container): string[] {
  return ["command", "args"].flatMap((key) => {
    const list = container.fields[key];
    return Array.isArray(list) ? list.map(String) : [];
  });
}

/**
 * What a server is told by its words, over what its file says: `--port 0`, `--ssl=off`, `-c ssl=off`, on
 * their own or within a shell's line; the last of several. Case, `-` and `_` make no difference.
 */
export function argumentOf(container: Container, name: string): string | undefined {
  const spelled = name.replaceAll(".", "\\.").replaceAll("_", "[-_]");
  const form = new RegExp(
    `(?:^|[\\s"'])(?:--${spelled}(?:=|\\s+)|-c\\s*["']?${spelled}\\s*=\\s*)["']?([^"'\\n;&|\\\\]*?)(?=["'\\n;&|\\\\]|\\s-|$)`,
    "gi",
  );
  return [...wordsOf(container).join("\n").matchAll(form)].at(-1)?.[1]?.trim();
}

export interface NamedFile {
  readonly name: string;
  readonly text: string;
}

/** The files of a ConfigMap or a Secret whose name fits; one that is not known yet throws. */
export function filesOf(props: Fields, fits: RegExp): NamedFile[] {
  const data = asFields(props.data) ?? {};
  const plain = asFields(props.stringData) ?? {};
  const encoded = textAt(props, "kind") === "Secret";
  const names = (one: Fields) => Object.keys(one).filter((name) => fits.test(name));
  return [
    ...names(data).map((name) => ({ name, text: decoded(data[name], encoded) })),
    ...names(plain).map((name) => ({ name, text: String(plain[name]) })),
  ];
}

/** Has the object such a file? Does not read it. */
export function hasFile(props: Fields, fits: RegExp): boolean {
  try {
    return [props.data, props.stringData].some((one) =>
      Object.keys(asFields(one) ?? {}).some((name) => fits.test(name)),
    );
  } catch (error) {
    // Nobody knows which files it will have, so it must be asked, and is then not evaluated.
    if (isUnknownValue(error)) return true;
    throw error;
  }
}

function decoded(value: unknown, encoded: boolean): string {
  const text = String(value ?? "");
  return encoded ? Buffer.from(text, "base64").toString("utf8") : text;
}

/** The value of a line such as `key value` or `key = 'value'`, the last one where there are several. */
export function settingIn(text: string, key: string): string | undefined {
  const form = new RegExp(
    `^[ \\t]*${key}[ \\t]*[= \\t][ \\t]*["']?([^"'#\\n]*?)["']?[ \\t]*(#.*)?$`,
    "gim",
  );
  return [...text.matchAll(form)].at(-1)?.[1]?.trim();
}

/** `{ matchLabels: { a: b } }` against labels; an empty selector fits everything. */
export function selects(selector: unknown, labels: Fields): boolean {
  const wanted = Object.entries(asFields(at(selector, "matchLabels")) ?? {});
  return wanted.every(([key, value]) => labels[key] === value);
}
