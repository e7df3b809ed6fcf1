/** The small pure parts: paths, comparison, masks, durations, URNs, aliases, deletion order. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultProviderName, isDefaultProvider, makeUrn, packageOf, parseUrn } from "../urn.ts";
import { secret } from "../values.ts";
import { aliasUrns } from "./aliases.ts";
import { changedPaths, equal, joinPath } from "./compare.ts";
import { randomSeed } from "./decision.ts";
import { deleteAfter } from "./deletion-order.ts";
import { type Goal, parseDuration } from "./goal.ts";
import { maskMap, TextMask } from "./masking.ts";
import { applyIgnoreChanges, parsePath, pathsMeet } from "./property-path.ts";

describe("property paths", () => {
  test.each([
    ["a", ["a"]],
    ["a.b[0].c", ["a", "b", 0, "c"]],
    ['data["a.b"].c', ["data", "a.b", "c"]],
    ['["with \\"quotes\\""]', ['with "quotes"']],
    ["list[*].name", ["list", "*", "name"]],
    ["*", ["*"]],
    ["metadata.labels.app-name", ["metadata", "labels", "app-name"]],
  ])("%s", (text, steps) => {
    expect(parsePath(text)).toEqual(steps);
  });

  test.each(["", "a[", "a[x]", 'a["b'])("%s is refused", (text) => {
    expect(() => parsePath(text)).toThrow(/no property path/);
  });

  test("a path meets what is above and below it", () => {
    expect(pathsMeet(["a", "*"], ["a", 1, "b"])).toBe(true);
    expect(pathsMeet(["a", "b"], ["a"])).toBe(true);
    expect(pathsMeet(["a", "b"], ["a", "c"])).toBe(false);
  });

  test("ignored paths keep, restore and remove as the old inputs have it", () => {
    const old = { a: 1, list: [{ x: 1, y: 1 }], nested: { keep: 1 } };
    const now = {
      a: 2,
      list: [
        { x: 2, y: 2 },
        { x: 3, y: 3 },
      ],
      nested: { keep: 2, added: 1 },
    };
    const paths = ["a", "list[*].x", "nested.keep", "nested.added"];
    expect(applyIgnoreChanges(now, old, paths)).toEqual({
      a: 1,
      list: [
        { x: 1, y: 2 },
        { x: 3, y: 3 },
      ],
      nested: { keep: 1 },
    });
    expect(applyIgnoreChanges({ b: 1 }, { a: 1 }, ["*"])).toEqual({ a: 1 });
  });
});

describe("comparison", () => {
  test("every changed leaf is found by its path, and only those", () => {
    const old = { a: 1, b: { c: [1, 2], d: "x" }, "e.f": 1 };
    const now = { a: 1, b: { c: [1, 3, 4], d: "y" }, g: 1 };
    expect(Object.entries(changedPaths(old, now)).map(([p, c]) => `${c.kind} ${p}`)).toEqual([
      "update b.c[1]",
      "add b.c[2]",
      "update b.d",
      'delete ["e.f"]',
      "add g",
    ]);
    expect(joinPath("a", "b")).toBe("a.b");
  });

  test("equality ignores the order of keys and is reflexive", () => {
    expect(equal({ a: 1, b: [1] }, { b: [1], a: 1 })).toBe(true);
    expect(equal([1, 2], [2, 1])).toBe(false);
    expect(equal({ a: undefined }, {})).toBe(true);
    expect(equal([], {})).toBe(false);
    fc.assert(
      fc.property(fc.jsonValue(), (value) => equal(value, JSON.parse(JSON.stringify(value)))),
    );
  });
});

describe("masks", () => {
  test("of a secret setting are found where a program shows them unmarked, also inside JSON", () => {
    const mask = new TextMask();
    const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n";
    mask.learnSetting(JSON.stringify({ token: "hunter2hunter2", certificate }));
    mask.learnSetting("{not json, but secret}");
    expect(
      mask.values({ line: "curl -H hunter2hunter2", deep: [{ certificate }], plain: "a" }),
    ).toEqual({ line: "curl -H [secret]", deep: [{ certificate }], plain: "a" });
    expect(mask.apply("x {not json, but secret} y")).toBe("x [secret] y");
  });

  test("values by their marker, texts by what was learnt", () => {
    expect(maskMap({ a: { b: [secret("x")] }, c: 1 })).toEqual({ a: { b: ["[secret]"] }, c: 1 });
    const mask = new TextMask();
    mask.learn({ a: secret({ deep: ["long-secret", "on"] }), b: "public-text" });
    expect(mask.apply("long-secret is on, public-text")).toBe("[secret] is on, public-text");
  });
});

describe("names", () => {
  test("URNs chain the parents' types without the stack's", () => {
    const stack = makeUrn("s", "p", undefined, "pulumi:pulumi:Stack", "p-s");
    const group = makeUrn("s", "p", stack, "a:b:Group", "g");
    expect(group).toBe("urn:pulumi:s::p::a:b:Group::g");
    const thing = makeUrn("s", "p", group, "c:d:Thing", "t::with::colons");
    expect(thing).toBe("urn:pulumi:s::p::a:b:Group$c:d:Thing::t::with::colons");
    expect(parseUrn(thing)).toMatchObject({ type: "c:d:Thing", name: "t::with::colons" });
    expect(packageOf("kubernetes:apps/v1:Deployment")).toBe("kubernetes");
    expect(packageOf("pulumi:providers:aws")).toBe("aws");
  });

  test("default providers are named after their version", () => {
    expect(defaultProviderName("4.34.2")).toBe("default_4_34_2");
    expect(defaultProviderName("")).toBe("default");
    const reference = "urn:pulumi:s::p::pulumi:providers:aws::default_7_0_0::id";
    expect(isDefaultProvider(reference)).toBe(true);
    expect(isDefaultProvider(reference.replace("default_7_0_0", "defaults"))).toBe(false);
  });

  test("aliases: parts, full URNs, another parent, none", () => {
    const parent = "urn:pulumi:s::p::a:b:Group::new";
    const goal = {
      type: "c:d:Thing",
      name: "new-child",
      parent,
      aliases: [
        { name: "other" },
        { urn: "urn:pulumi:s::p::x:y:Z::w" },
        { noParent: true },
        { type: "c:d:Old", project: "q" },
      ],
    } as unknown as Goal;
    const context = { stack: "s", project: "p", parentAlias: "urn:pulumi:s::p::a:b:Group::old" };
    const urns = aliasUrns(goal, "urn:pulumi:s::p::a:b:Group$c:d:Thing::new-child", context);
    expect(urns.slice(0, 5)).toEqual([
      "urn:pulumi:s::p::a:b:Group$c:d:Thing::other",
      "urn:pulumi:s::p::x:y:Z::w",
      "urn:pulumi:s::p::c:d:Thing::new-child",
      "urn:pulumi:s::q::a:b:Group$c:d:Old::new-child",
      "urn:pulumi:s::p::a:b:Group$c:d:Thing::old-child",
    ]);
  });

  test("a seed is the same for the same resource and another for its replacement", () => {
    expect(randomSeed("s", "u", undefined)).toEqual(randomSeed("s", "u", undefined));
    expect(randomSeed("s", "u", undefined)).not.toEqual(randomSeed("s", "u", "id"));
    expect(randomSeed("s", "u", undefined)).toHaveLength(32);
  });
});

test("durations are Go's", () => {
  expect(["5m", "1h30m", "90s", "1.5h", "", "250ms"].map(parseDuration)).toEqual([
    300,
    5400,
    90,
    5400,
    undefined,
    0.25,
  ]);
  expect(() => parseDuration("5 minutes")).toThrow(/no duration/);
});

test("a deletion waits for whatever names the resource, and never for itself", () => {
  const state = (urn: string, more = {}) => ({ urn, custom: true, type: "t", ...more });
  const order = deleteAfter([
    state("provider"),
    state("parent"),
    state("a", { parent: "parent", provider: "provider::id", dependencies: ["a", "later"] }),
    state("later", { propertyDependencies: { x: ["a"] }, deletedWith: "parent" }),
  ]);
  expect(order).toEqual([[2], [2, 3], [3], []]);
});
