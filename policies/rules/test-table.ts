/**
 * For tests: a rule against a table. One good set of resources, and what is changed in it for each case. Two
 * cases come by themselves: every part replaced by something of another form must not bring the rule
 * down, and a value that is not known yet must not pass.
 */
import { describe, expect, test } from "vitest";
import type { Rule } from "../judging/rule.ts";
import { judgeStack, type TestObject, UNKNOWN } from "./test-judge.ts";

/** Which object, where in it (`spec.replicas`, or the steps where a key has a dot), and the new value. */
export type Change = readonly [object: string, path: string | readonly string[], value: unknown];

export interface Table {
  /** By the name of the resource. */
  readonly good: Readonly<Record<string, Omit<TestObject, "name">>>;
  readonly config?: object;
  readonly fails: Readonly<Record<string, readonly [changes: readonly Change[], message: RegExp]>>;
  readonly passes?: Readonly<Record<string, readonly Change[]>>;
  /** Changes after which the rule is about nothing any more, or not evaluated. */
  readonly open?: Readonly<Record<string, readonly Change[]>>;
  /** Where a value that is not known yet must keep the rule from passing. */
  readonly unknown: readonly [object: string, path: string | readonly string[]];
}

/** Fewer do not show a rule. */
const CASES_MIN = 6;

export function judgedByTable(rule: Rule, table: Table): void {
  const ask = (changes: readonly Change[]) =>
    judgeStack(rule, changed(table.good, changes), table.config);
  const { fails, passes = {}, open = {} } = table;

  describe(rule.name, () => {
    test("passes what is good", async () => {
      expect(await ask([])).toEqual({ violations: [], notEvaluated: false, applies: true });
    });
    test.each(Object.entries(passes))("passes %s", async (_, changes) => {
      expect((await ask(changes)).violations).toEqual([]);
    });
    test.each(Object.entries(fails))("refuses %s", async (_, [changes, message]) => {
      expect((await ask(changes)).violations.join("\n")).toMatch(message);
    });
    test.each(Object.entries(open))("does not evaluate %s", async (_, changes) => {
      const verdict = await ask(changes);
      expect([verdict.violations, verdict.notEvaluated || !verdict.applies]).toEqual([[], true]);
    });
    test("does not pass a value that is not known yet", async () => {
      const [object, path] = table.unknown;
      expect((await ask([[object, path, UNKNOWN]])).notEvaluated).toBe(true);
    });
    test("is not brought down by what has another form", async () => {
      for (const changes of malformations(table.good)) await ask(changes);
    });
    test("has enough cases", () => {
      const rows = [fails, passes, open].flatMap((one) => Object.keys(one));
      expect(rows.length + 3).toBeGreaterThanOrEqual(CASES_MIN);
    });
  });
}

function changed(good: Table["good"], changes: readonly Change[]): TestObject[] {
  const copy = structuredClone(good) as Record<
    string,
    { type: string; props: Record<string, unknown> }
  >;
  for (const [object, path, value] of changes) {
    const target = copy[object];
    if (target === undefined) throw new Error(`the table has no object ${object}`);
    const steps = typeof path === "string" ? path.split(".") : path;
    if (steps.length === 1 && steps[0] === "") delete copy[object];
    else put(target.props, steps, value);
  }
  return Object.entries(copy).map(([name, one]) => ({ ...one, name }));
}

/** Sets, or with undefined removes, the value at a path. */
function put(target: object, steps: readonly string[], value: unknown): void {
  const [step = "", ...rest] = steps;
  if (rest.length === 0) {
    if (value === undefined) Reflect.deleteProperty(target, step);
    else Reflect.set(target, step, value);
    return;
  }
  const inner: unknown = Reflect.get(target, step);
  const next = typeof inner === "object" && inner !== null ? inner : {};
  Reflect.set(target, step, next);
  put(next, rest, value);
}

const OTHER_FORMS: readonly unknown[] = [undefined, null, 7, "text", [], {}, [null], { a: [7] }];

function malformations(good: Table["good"]): Change[][] {
  return Object.entries(good).flatMap(([name, { props }]) =>
    pathsIn(props).flatMap((path) => OTHER_FORMS.map((form): Change[] => [[name, path, form]])),
  );
}

/** Every place of an object, the lists' first entries included. */
function pathsIn(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, key];
    return [here, ...pathsIn(inner, here)];
  });
}
