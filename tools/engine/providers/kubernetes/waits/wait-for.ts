/**
 * The annotation pulumi.com/waitFor: `jsonpath={.status.phase}=Running`, `condition=Ready`, or a
 * JSON list of such. It takes the place of the built-in waits. Of JSONPath the steps that name one
 * value are known: `.name`, `['name']`, `[0]` and `[?(@.type=="Ready")]`.
 */
import { UserError } from "../../../../base/user-error.ts";
import { isObject } from "../../../values.ts";
import { conditionOf, field, type KubeObject } from "../kube-object.ts";
import { ready, WAIT_TIMEOUT_MS, type WaitRule, waiting } from "./rule.ts";

type Condition = (object: KubeObject) => boolean;

/** Throws a UserError for an expression it does not understand. */
export function waitForRule(annotation: string): WaitRule {
  const expressions = parseList(annotation);
  const conditions = expressions.map((text): readonly [string, Condition] => [
    text,
    parseExpression(text),
  ]);
  return {
    timeoutMs: WAIT_TIMEOUT_MS,
    related: [],
    judge: (object) => {
      const open = conditions.filter(([, holds]) => !holds(object)).map(([text]) => text);
      return open.length === 0
        ? ready("all conditions hold")
        : waiting(`waiting for ${open.join(" and ")}`);
    },
  };
}

function parseList(annotation: string): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(annotation);
  } catch {
    return [annotation];
  }
  const list = Array.isArray(parsed) ? parsed : [annotation];
  if (list.length === 0 || !list.every((item) => typeof item === "string"))
    throw malformed(annotation);
  return list;
}

function parseExpression(text: string): Condition {
  if (text.startsWith("condition=")) return parseCondition(text.slice("condition=".length));
  if (text.startsWith("jsonpath=")) return parseJsonPath(text);
  throw malformed(text);
}

function parseCondition(text: string): Condition {
  const [type = "", wanted = "True"] = text.split("=");
  return (object) =>
    String(conditionOf(object, type)?.status).toLowerCase() === wanted.toLowerCase();
}

type Step = (value: unknown) => unknown;

function parseJsonPath(text: string): Condition {
  const match = /^jsonpath=\{?\s*(?<path>[^}]*?)\s*\}?(?:=(?<value>.*))?$/.exec(text);
  const braced = /^jsonpath=\{(?<path>.*)\}(?:=(?<value>.*))?$/.exec(text);
  const groups = (braced ?? match)?.groups;
  let rest = (groups?.path ?? "").trim().replace(/^\$/, "");
  if (rest === "") throw malformed(text);
  if (!/^[.[]/.test(rest)) rest = `.${rest}`;
  const steps: Step[] = [];
  while (rest !== "") {
    const [step, length] = nextStep(rest, text);
    steps.push(step);
    rest = rest.slice(length);
  }
  const wanted = groups?.value?.replace(/^(["'])(.*)\1$/, "$2");
  return (object) => {
    const found = steps.reduce<unknown>((value, step) => step(value), object);
    if (found === undefined || found === null) return false;
    return (
      wanted === undefined ||
      (typeof found === "object" ? JSON.stringify(found) : String(found)) === wanted
    );
  };
}

function nextStep(rest: string, whole: string): readonly [Step, number] {
  const name = /^\.([A-Za-z_][\w-]*)/.exec(rest) ?? /^\[['"]([^'"]+)['"]\]/.exec(rest);
  if (name?.[1] !== undefined) {
    const key = name[1];
    return [(value) => (isObject(value) ? field(value, key) : undefined), name[0].length];
  }
  const index = /^\[(\d+)\]/.exec(rest);
  if (index?.[1] !== undefined) {
    const position = Number(index[1]);
    return [(value) => (Array.isArray(value) ? value[position] : undefined), index[0].length];
  }
  const filter = /^\[\?\(\s*@\.([\w-]+)\s*==\s*["']([^"']*)["']\s*\)\]/.exec(rest);
  if (filter?.[1] !== undefined) {
    const [taken, key, wanted] = filter;
    return [
      (value) =>
        Array.isArray(value)
          ? value.find((item) => isObject(item) && item[key] === wanted)
          : undefined,
      taken.length,
    ];
  }
  throw malformed(whole);
}

function malformed(text: string): UserError {
  return new UserError(`The annotation pulumi.com/waitFor is not understood: ${text}`, {
    fix: "Write `jsonpath={.status.phase}=Running` or `condition=Ready`, or a JSON list of such texts.",
  });
}
