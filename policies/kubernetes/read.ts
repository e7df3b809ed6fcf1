/** What rules read of Kubernetes objects: programs, arguments, files, labels. */
import type { Report } from "../judging/rule.ts";
import { isUnknownValue } from "./judge.ts";
import { type Container, containersOf, type Pod } from "./pods.ts";
import { asFields, at, type Fields, textAt } from "./values.ts";
import { entryOf, wordsOf } from "./variables.ts";

export const NAME_LABEL = "app.kubernetes.io/name";

/** `gateway`, `edge`, `model-server`: which program a pod says that it runs. */
export function programOf(pod: Pod): string {
  return String(pod.labels[NAME_LABEL] ?? "");
}

/** vLLM, by its command, its module, or within a shell's line; a worker of a group serves nobody. */
const SERVING = /(^|[\s/])vllm\s+serve\b|\bvllm\.entrypoints\.|\bsglang\.launch_server\b/;

/** What tells a program whatever its pod is called. */
const MARKS: Readonly<Record<string, (container: Container) => boolean>> = {
  gateway: (container) =>
    /(^|\/)gateway([:@]|$)/.test(String(container.fields["image"] ?? "")) ||
    ["GW_KEYS_FILE", "GW_ROUTES_FILE"].some((name) => entryOf(container, name) !== undefined),
  // By its image, since what it is told stands in another object.
  edge: ({ fields }) =>
    /(^|\/)(nginx(-unprivileged|-slim)?|openresty|tengine|angie)([:@]|$)/.test(
      String(fields["image"] ?? ""),
    ),
  "model-server": (container) => {
    const words = wordsOf(container);
    return SERVING.test(words.join(" ")) && !words.includes("--headless");
  },
};

/** Does a pod run a program, by its label or by what a container of it is? */
export function runs(pod: Pod, program: string): boolean {
  return (
    programOf(pod) === program ||
    containersOf(pod).items.some((one) => MARKS[program]?.(one) === true)
  );
}

export function servesModels(container: Container): boolean {
  return MARKS["model-server"]?.(container) === true;
}

/** The gateway among the containers of its pod; one that nothing tells would be judged by nobody. */
export function gatewayIn(pod: Pod, report: Report): readonly Container[] {
  const found = containersOf(pod).items.filter((one) => one.kind === "container" && isGateway(one));
  if (found.length === 0) report.fails(`${pod.owner} has no container gateway to judge.`);
  return found;
}

export function isGateway(container: Container): boolean {
  return container.name === "gateway" || MARKS["gateway"]?.(container) === true;
}

/**
 * What a server is told by words, over what its file says: `--port 0`, `--ssl=off`, `-c ssl=off`, on
 * their own or within a shell's line; the last of several. Case, `-` and `_` make no difference.
 */
export function argumentIn(text: string, name: string): string | undefined {
  const spelled = name.replaceAll(".", "\\.").replace(/[-_]/g, "[-_]");
  const form = new RegExp(
    `(?:^|[\\s"'])(?:--${spelled}(?:=|\\s+)|(?:-c|--set)[=\\s]*["']?${spelled}\\s*=\\s*)["']?([^"'\\n;&|\\\\]*?)(?=["'\\n;&|\\\\]|\\s-|$)`,
    "gi",
  );
  return [...text.matchAll(form)].at(-1)?.[1]?.trim();
}

export interface NamedFile {
  readonly name: string;
  /** Throws where it is not known yet. */
  readonly text: string;
}

/** The files of a ConfigMap or a Secret. */
export function filesIn(props: Fields): NamedFile[] {
  const encoded = textAt(props, "kind") === "Secret";
  return ["data", "stringData", "binaryData"].flatMap((key) => {
    const files = asFields(props[key]) ?? {};
    const plain = key === "stringData" || (key === "data" && !encoded);
    return Object.keys(files).map((name) => ({
      name,
      get text() {
        const text = String(files[name] ?? "");
        return plain ? text : Buffer.from(text, "base64").toString("utf8");
      },
    }));
  });
}

/** Those whose name fits. */
export function filesOf(props: Fields, fits: RegExp): NamedFile[] {
  return filesIn(props).filter(({ name }) => fits.test(name));
}

/** Has the object such a file? Does not read it. */
export function hasFile(props: Fields, fits: RegExp): boolean {
  return hasFileThat(props, ({ name }) => fits.test(name), fits);
}

/** One that is not known yet may be such a file where its name is `maybe`, so it must be asked. */
export function hasFileThat(
  props: Fields,
  fits: (file: NamedFile) => boolean,
  maybe: RegExp,
): boolean {
  const unlessUnknown = (ask: () => boolean, otherwise: boolean) => {
    try {
      return ask();
    } catch (error) {
      if (isUnknownValue(error)) return otherwise;
      throw error;
    }
  };
  return unlessUnknown(
    () => filesIn(props).some((one) => unlessUnknown(() => fits(one), maybe.test(one.name))),
    true,
  );
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
