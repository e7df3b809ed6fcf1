/** The tables against the declarations: every word is a property, every property has its word. */
import { describe, expect, test } from "vitest";
import { UNKNOWN } from "../../values.ts";
import { checkInputs } from "./check.ts";
import { diffInputs } from "./diff.ts";
import { completeInputs } from "./inputs.ts";
import { createOutputs, previewCreate } from "./outputs.ts";
import { AWS_SCHEMA } from "./schema.ts";
import { sourceUrl, type TypeTable, words } from "./table.ts";
import { knownType, TABLES } from "./tables.ts";
import { SAMPLES } from "./test-samples.ts";

const config = { region: "eu-central-1", defaultTags: { owner: "us" } };
const naming = { name: "thing", oldInputs: undefined, randomSeed: new Uint8Array(32) };
const tokens = Object.keys(TABLES);

function subject(token: string, inputs = SAMPLES[token] ?? {}) {
  const type = knownType(token);
  const urn = `urn:pulumi:s::p::${token}::thing`;
  return { type, urn, name: "thing", inputs: completeInputs(type, inputs, naming) };
}

function paths(table: TypeTable): string[] {
  return [
    ...words(table.replaces),
    ...words(table.updates),
    ...(table.replacesWhen ?? []).map((one) => one.property),
    ...Object.keys({ ...table.values, ...table.ranges, ...table.formats, ...table.defaults }),
    ...(table.needsOne ?? []).flatMap(words),
    ...(table.excludes ?? []).flatMap(words),
  ];
}

/** Is `path` declared, walking into nested objects? */
function isDeclared(shapes: Readonly<Record<string, string>>, path: readonly string[]): boolean {
  const [head = "", ...rest] = path;
  const kind = shapes[head];
  if (kind === undefined || rest.length === 0) return kind !== undefined;
  const object = AWS_SCHEMA.objects[kind.replace("[]", "")];
  return object !== undefined && isDeclared(object.inputs, rest);
}

test("there is a table, a declaration and a sample for the same types", () => {
  expect(Object.keys(AWS_SCHEMA.resources).sort()).toEqual([...tokens].sort());
  expect(Object.keys(SAMPLES).sort()).toEqual([...tokens].sort());
});

describe.each(tokens)("%s", (token) => {
  const { table, shape } = knownType(token);

  test("names its source", () => {
    expect(sourceUrl(table)).toMatch(
      /^https:\/\/registry\.terraform\.io\/.*\/resources\/[a-z0-9_]+$/,
    );
  });

  test("speaks only of declared properties", () => {
    const wrong = paths(table).filter((path) => !isDeclared(shape.inputs, path.split(".")));
    expect(wrong).toEqual([]);
    const outputs = [...shape.always, ...shape.optional];
    expect(words(table.changesOnUpdate ?? "").filter((key) => !outputs.includes(key))).toEqual([]);
    expect(table.protectedBy === undefined || table.protectedBy in shape.inputs).toBe(true);
  });

  test("tells the effect of every property", () => {
    const told = new Set(
      [...words(table.replaces), ...words(table.updates), "region", "tags"].map(
        (path) => path.split(".")[0],
      ),
    );
    for (const one of table.replacesWhen ?? []) told.add(one.property);
    const silent = Object.keys(shape.inputs).filter((key) => !told.has(key));
    expect(silent.filter((key) => !KNOWN_UNKNOWN.has(`${token} ${key}`))).toEqual([]);
  });

  test("takes its sample, and misses what is required", () => {
    expect(checkInputs(knownType(token), subject(token).inputs)).toEqual([]);
    for (const key of shape.required) {
      const { [key]: _, ...rest } = SAMPLES[token] ?? {};
      const faults = checkInputs(knownType(token), rest).map((fault) => fault.property);
      expect(faults).toContain(key);
    }
  });

  test("sets every output that is always set, the same twice", () => {
    const made = createOutputs(subject(token), config);
    expect(made.id).not.toBe("");
    expect(shape.always.filter((key) => made.outputs[key] === undefined)).toEqual([]);
    expect(createOutputs(subject(token), config)).toEqual(made);
    expect(JSON.stringify(made)).not.toMatch(/undefined|NaN|\[object/);
  });

  test("knows in a preview what was given, and nothing that is computed", () => {
    const outputs = previewCreate(subject(token), config);
    const given = subject(token).inputs;
    for (const key of shape.always) {
      const isKnown = key in given || key in (table.defaults ?? {}) || key === "region";
      if (!isKnown && key !== "tagsAll") expect([key, outputs[key]]).toEqual([key, UNKNOWN]);
    }
    expect(outputs.id).toBeUndefined();
  });

  test("replaces for each property that replaces, and for the region", () => {
    for (const path of [...words(table.replaces), "region"]) {
      if (!isDeclared(shape.inputs, path.split("."))) continue;
      const before = subject(token).inputs;
      const after = nested(before, path.split("."));
      const compared = { type: knownType(token), oldInputs: before, inputs: after };
      const diff = diffInputs({ ...compared, ignoreChanges: [], regions: [undefined, undefined] });
      expect(diff.replaces.length, path).toBeGreaterThan(0);
      expect(diff.basis).toBe("table");
    }
  });

  test("updates in place for each property that updates", () => {
    const conditional = (table.replacesWhen ?? []).map((one) => one.property);
    for (const path of words(table.updates)) {
      if (conditional.includes(path)) continue;
      const before = subject(token).inputs;
      const after = nested(before, path.split("."));
      const compared = { type: knownType(token), oldInputs: before, inputs: after };
      const diff = diffInputs({ ...compared, ignoreChanges: [], regions: [undefined, undefined] });
      expect([path, diff.replaces, diff.basis]).toEqual([path, [], "table"]);
      expect(Object.keys(diff.changes)).not.toEqual([]);
    }
  });
});

/** Properties whose effect no source tells: a change of them is shown as "unknown effect". */
const KNOWN_UNKNOWN = new Set([
  "aws:eks/cluster:Cluster kubeApiServerConfig",
  "aws:eks/cluster:Cluster kubeControllerManagerConfig",
  "aws:eks/cluster:Cluster kubeSchedulerConfig",
  "aws:elasticache/replicationGroup:ReplicationGroup durability",
  "aws:rds/cluster:Cluster warningEventCategories",
  "aws:rds/clusterInstance:ClusterInstance warningEventCategories",
  "aws:rds/instance:Instance warningEventCategories",
]);

function nested(value: unknown, path: readonly string[]): Record<string, never> {
  const [head = "", ...rest] = path;
  const base = typeof value === "object" && value !== null ? value : {};
  const below = (base as Record<string, unknown>)[head];
  const inner = rest.length === 0 ? "changed" : nested(below, rest);
  return { ...base, [head]: inner } as Record<string, never>;
}
