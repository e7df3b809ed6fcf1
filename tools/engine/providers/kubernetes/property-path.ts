/** Pulumi's property paths: `spec.template.spec.containers[0].image`, `metadata.labels["a.b/c"]`. */
import type { PathStep } from "./kube-object.ts";

export function formatPath(path: readonly PathStep[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    if (!/^[A-Za-z_$][\w$-]*$/.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

/** Unreadable rests are taken as one name, so that a path never turns into a wider one. */
export function parsePath(text: string): PathStep[] {
  const path: PathStep[] = [];
  let rest = text;
  while (rest !== "") {
    const quoted = /^\["((?:[^"\\]|\\.)*)"\]\.?/.exec(rest);
    const index = /^\[(\d+)\]\.?/.exec(rest);
    const star = /^\[\*\]\.?/.exec(rest);
    const name = /^([^.[\]]+)\.?/.exec(rest);
    if (quoted !== null) path.push(JSON.parse(`"${quoted[1]}"`) as string);
    else if (index !== null) path.push(Number(index[1]));
    else if (star !== null) path.push("*");
    else if (name?.[1] !== undefined) path.push(name[1]);
    else return [...path, rest];
    rest = rest.slice((quoted ?? index ?? star ?? name)?.[0].length ?? rest.length);
  }
  return path;
}

/** Is `inner` at or below `outer`? A star stands for any one step. */
export function isWithin(inner: readonly PathStep[], outer: readonly PathStep[]): boolean {
  return (
    outer.length <= inner.length &&
    outer.every((step, index) => step === "*" || step === inner[index])
  );
}
