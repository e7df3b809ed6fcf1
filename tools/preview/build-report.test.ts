/** From the engine's steps to a report: what is told, what is hidden, what is danger. */
import { describe, expect, test } from "vitest";
import type { PolicyViolation, StepDescription } from "../engine/events.ts";
import type { ResourceState } from "../engine/resource.ts";
import { type PropertyMap, secret } from "../engine/values.ts";
import { ASSET_DANGERS } from "./asset-dangers.ts";
import { buildReport, type Planned } from "./build-report.ts";
import { pageOf } from "./comment.ts";
import { costOf } from "./cost.ts";
import { dangersOf } from "./dangers.ts";
import { exitCode } from "./exit-code.ts";
import { htmlPage } from "./html-page.ts";
import { markdown } from "./markdown.ts";
import { PRICES } from "./prices.ts";
import { propertyAt } from "./property-at.ts";
import type { Movement } from "./property-danger.ts";
import { PROPERTY_DANGERS } from "./property-dangers.ts";
import type { Report } from "./report.ts";
import { REPORT, STEP } from "./test-report.ts";

const STACK = "urn:pulumi:prod::p::pulumi:pulumi:Stack::p-prod";
const GROUP = "urn:pulumi:prod::p::deepseek:data:Store::store";

function step(type: string, more: Partial<StepDescription>): StepDescription {
  return {
    kind: "update",
    urn: `urn:pulumi:prod::p::deepseek:data:Store$${type}::thing`,
    type,
    name: "thing",
    parent: GROUP,
    custom: true,
    changes: {},
    replaces: [],
    basis: "table",
    oldInputs: undefined,
    inputs: undefined,
    oldOutputs: undefined,
    protect: false,
    ...more,
  };
}

const COMPONENT = step("deepseek:data:Store", {
  kind: "same",
  urn: GROUP,
  name: "store",
  parent: STACK,
  custom: false,
});

function result(more: Partial<Planned>): Planned {
  return { ok: true, errors: [], steps: [], outputs: {}, snapshot: undefined, ...more };
}

function snapshot(inputs: PropertyMap): NonNullable<Planned["snapshot"]> {
  const resource: ResourceState = { urn: GROUP, custom: true, type: "t", inputs };
  return {
    manifest: { time: "", magic: "", version: "" },
    resources: [resource],
    pendingOperations: [],
    simulated: true,
  };
}

function report(
  steps: readonly StepDescription[],
  before: Partial<Planned> = {},
  after: Partial<Planned> = {},
  violations: readonly (readonly PolicyViolation[])[] = [],
): Report {
  const config = { "p:password": { value: "configured-secret-9", secret: true } };
  return buildReport({
    stack: "prod",
    base: REPORT.base,
    head: REPORT.head,
    policyPacks: violations.length === 0 ? [] : ["policies"],
    before: { result: result(before), violations: violations[0] ?? [], config },
    after: {
      result: result({ steps: [COMPONENT, ...steps], ...after }),
      violations: violations[1] ?? [],
      config,
    },
  });
}

describe("secrets", () => {
  const planted = ["base-secret-11111", "head-secret-22222", "configured-secret-9"];

  test("of both revisions are in no format, also where nothing marks them", () => {
    const text = `user ${planted.join(" and ")}\nline two\n`;
    const made = report(
      [
        step("kubernetes:core/v1:ConfigMap", {
          name: `cm-${planted[1]}`,
          changes: { 'data["app.conf"]': { kind: "update", replace: false } },
          oldInputs: { data: { "app.conf": `${text}old\n` } },
          inputs: { data: { "app.conf": `${text}new\n` } },
        }),
        step("aws:rds/instance:Instance", {
          changes: {
            password: { kind: "update", replace: true },
            note: { kind: "update", replace: false },
          },
          oldInputs: { password: secret(planted[0] ?? ""), note: `is ${planted[0]}` },
          inputs: { password: secret(planted[1] ?? ""), note: `is ${planted[1]}` },
        }),
      ],
      { snapshot: snapshot({ password: secret(planted[0] ?? "") }) },
      {
        snapshot: snapshot({ password: secret(planted[1] ?? "") }),
        ok: false,
        errors: [`cannot use ${planted[0]} or ${planted[2]}`],
      },
      [[], [{ ...VIOLATION, message: `found ${planted[1]}` }]],
    );
    const page = pageOf(made);
    for (const format of [JSON.stringify(made), markdown(page), htmlPage(page)]) {
      for (const text of planted) expect(format).not.toContain(text);
      expect(format).toContain("[secret]");
    }
  });
});

const VIOLATION: PolicyViolation = {
  pack: "policies",
  packVersion: "1",
  policy: "no-public-endpoint",
  urn: GROUP,
  message: "is public",
  level: "mandatory",
  notEvaluated: false,
};

describe("policies", () => {
  test("a rule that forbids is named as what refuses, also where the base failed it already", () => {
    const forbidden = "policy digest (mandatory) forbids urn:x: images need a digest";
    const refused = (errors: string[], packs: readonly (readonly PolicyViolation[])[]) =>
      JSON.stringify(pageOf(report([], {}, { ok: false, errors }, packs)).lead);
    expect(refused([forbidden], [[], []])).toContain("A mandatory rule fails");
    expect(refused(["edge.replicas: too few"], [[], []])).toContain("settings are refused");
    // Without a pack nobody forbids, whatever a program says of itself.
    expect(refused([forbidden], [])).toContain("settings are refused");
  });

  const other = { ...VIOLATION, policy: "digest" };

  test("that fail now, no longer, and still are told apart", () => {
    const { policies } = report([], {}, {}, [
      [other, { ...VIOLATION, policy: "both" }],
      [VIOLATION, { ...VIOLATION, policy: "both" }],
    ]);
    expect(policies?.newlyFailing.map(({ policy }) => policy)).toEqual(["no-public-endpoint"]);
    expect(policies?.noLongerFailing.map(({ policy }) => policy)).toEqual(["digest"]);
    expect(policies?.stillFailing).toBe(1);
  });

  test("that could not judge have not passed", () => {
    const { policies } = report([], {}, {}, [[other], [{ ...other, notEvaluated: true }]]);
    expect(policies?.noLongerFailing).toEqual([]);
    expect(policies?.newlyFailing).toEqual([]);
    expect(policies?.notEvaluated.map(({ policy }) => policy)).toEqual(["digest"]);
  });
});

describe("exit codes", () => {
  const none = { noChanges: false, noDanger: false };

  test.each([
    [REPORT, none, 0],
    [REPORT, { ...none, noChanges: true }, 1],
    [{ ...REPORT, steps: [] }, { noChanges: true, noDanger: true }, 0],
    [REPORT, { ...none, noDanger: true }, 0],
    [
      { ...REPORT, steps: [{ ...STEP, basis: "unknown-effect" as const }] },
      { ...none, noDanger: true },
      1,
    ],
    [{ ...REPORT, outcome: "refused" as const }, none, 2],
    [{ ...REPORT, outcome: "base-failed" as const }, none, 2],
  ])("%#", (made, expected, code) => {
    expect(exitCode(made, expected)).toBe(code);
  });
});

describe("danger", () => {
  test.each(ASSET_DANGERS.map((one) => [one.type, one] as const))("of %s", (type, danger) => {
    const name = danger.name === undefined ? "thing" : sampleOf(danger.name);
    for (const kind of ["replace", "delete"] as const) {
      const [found] = dangersOf({ ...REPORT, steps: [{ ...STEP, kind, type, name }] });
      expect(found?.says).toBe((kind === "replace" ? danger.replace : danger.remove).says);
    }
    // Changed in place it is none.
    expect(dangersOf({ ...REPORT, steps: [{ ...STEP, type, name, changes: [] }] })).toEqual([]);
  });

  test.each(PROPERTY_DANGERS.map((rule) => [rule.id, rule] as const))("of %s", (_, rule) => {
    const change = (old: string, next: string) => ({
      ...STEP,
      type: rule.type,
      name: rule.name === undefined ? STEP.name : sampleOf(rule.name),
      changes: [
        { path: pathOf(rule.path), kind: "update" as const, replace: false, old, new: next },
      ],
    });
    const [bad, good] = MOVES[rule.when];
    expect(dangersOf({ ...REPORT, steps: [change(...bad)] }).map(({ says }) => says)).toEqual([
      rule.says,
    ]);
    if (good !== undefined) expect(dangersOf({ ...REPORT, steps: [change(...good)] })).toEqual([]);
  });

  test("of rights that are told as a file", () => {
    const step = {
      ...STEP,
      type: "aws:iam/rolePolicy:RolePolicy",
      name: "flows",
      changes: [],
      files: 1,
    };
    const file = (path: string) => ({
      ...REPORT,
      steps: [step],
      files: [{ path, kind: "changed" as const, lines: [] }],
    });
    expect(dangersOf(file("rolepolicy/flows/policy")).map(({ says }) => says)).toEqual([
      "gives other rights in AWS than before",
    ]);
    expect(dangersOf(file("rolepolicy/others/policy"))).toEqual([]);
  });

  test("of a range that comes, unless it comes instead of another", () => {
    const type = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
    const range = (kind: "create" | "delete", old: string, next: string) => ({
      ...{ ...STEP, type, kind },
      changes: [{ path: "cidrIpv4", kind: "add" as const, replace: false, old, new: next }],
    });
    const made = range("create", "(none)", '"172.16.0.0/12"');
    expect(dangersOf({ ...REPORT, steps: [made] }).map(({ says }) => says)).toEqual([
      "lets more addresses in than before",
    ]);
    const gone = range("delete", '"10.0.0.0/8"', "(none)");
    expect(dangersOf({ ...REPORT, steps: [made, gone] })).toEqual([]);
  });

  test("has a page that says so for every row, and a rule only for types that exist once", () => {
    for (const { source } of [...ASSET_DANGERS, ...PROPERTY_DANGERS]) {
      expect(source).toMatch(/^(https:\/\/|docs\/)/);
    }
    expect(new Set(PROPERTY_DANGERS.map(({ id }) => id)).size).toBe(PROPERTY_DANGERS.length);
  });
});

type Pair = readonly [string, string];

/** A movement that a rule must see, and one that it must not. */
const MOVES: Readonly<Record<Movement, readonly [Pair, Pair | undefined]>> = {
  shrinks: [
    ["366", "200"],
    ["200", "366"],
  ],
  changes: [["1", "2"], undefined],
  opens: [
    ['"10.0.0.0/8"', '"0.0.0.0/0"'],
    ['"0.0.0.0/0"', '"10.0.0.0/8"'],
  ],
  widens: [
    ['"10.0.0.0/16"', '"10.0.0.0/8"'],
    ['"10.0.0.0/8"', '"10.0.0.0/16"'],
  ],
  "is false": [
    ["true", "false"],
    ["false", "true"],
  ],
  "is true": [
    ["false", "true"],
    ["true", "false"],
  ],
  "is weaker": [
    ['"COMPLIANCE"', '"GOVERNANCE"'],
    ['"GOVERNANCE"', '"COMPLIANCE"'],
  ],
};

/** The first alternative of a pattern of ours, as a path. */
function pathOf(pattern: RegExp): string {
  return pattern.source
    .replaceAll(/\(([^|)]*)[^)]*\)/g, "$1")
    .replaceAll(/[\^$\\]/g, "")
    .replace("[46]", "4");
}

function sampleOf(pattern: RegExp): string {
  return pathOf(pattern).replace(/-$/, "-x");
}

describe("cost", () => {
  const item = (name: string, quantity: number, region = "us-east-1") => ({
    name,
    quantity,
    unit: "instance",
    region,
  });
  const plan = (costItems: ReturnType<typeof item>[]) => ({
    ...{ gpus: 0, models: [], inventory: [], rtoSeconds: null, rpoSeconds: null, profile: "" },
    costItems,
  });

  test("adds pools of one machine, and leaves what has no price out of the sum", () => {
    const cost = costOf(
      plan([item("kms key", 2), item("kms key", 1), item("m9.huge", 4)]),
      plan([item("kms key", 5)]),
    );
    expect([cost?.before, cost?.after, cost?.unpriced]).toEqual([3, 5, ["m9.huge"]]);
    expect(cost?.unpricedChanges).toEqual(["m9.huge"]);
  });

  test("has no price of another region", () => {
    expect(costOf(null, plan([item("kms key", 1, "eu-central-1")]))?.unpriced).toEqual(["kms key"]);
  });

  test("every price has a date and a page, and one row", () => {
    for (const { date, url, dollars } of PRICES) {
      expect(date).toMatch(/^20\d\d-\d\d-\d\d$/);
      expect(new URL(url).protocol).toBe("https:");
      expect(dollars).toBeGreaterThan(0);
    }
    expect(new Set(PRICES.map(({ item: name, region }) => `${name} ${region}`)).size).toBe(
      PRICES.length,
    );
  });
});

test("a property is found under keys with dots", () => {
  const root = { labels: { "nvidia.com/gpu.memory": "40" }, list: [{ "a.b": 1 }] };
  expect(propertyAt(root, "labels.nvidia.com/gpu.memory")).toBe("40");
  expect(propertyAt(root, 'labels["nvidia.com/gpu.memory"]')).toBe("40");
  expect(propertyAt(root, "list[0].a.b")).toBe(1);
  expect(propertyAt(root, "list[1].a.b")).toBeUndefined();
});
