/** Objects for the Prometheus operator, held to its own definitions (its Go module): no field that it does not know. */
import { expect, test } from "vitest";
import { parse } from "yaml";
import { operatorDefinitions } from "../tools/cluster/test-operator-crds.ts";
import { JOBS, OTHER_JOBS } from "./jobs.ts";
import { type Monitored, monitorObject } from "./operator-objects.ts";
import { prometheusRuleObject } from "./prometheus-files.ts";
import { NO_LINKS } from "./rules/rule.ts";

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly additionalProperties?: Schema | boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
}

const MONITORED: Monitored = {
  ...{ name: "gateway", namespace: "deepseek", of: "service", port: "metrics", job: "gateway" },
  ...{ selector: { app: "gateway" }, serverName: "gateway.deepseek.svc" },
  ...{ authoritySecret: "tls-gateway", labels: { model: "m" } },
};
const { serverName: _, authoritySecret: __, ...place } = MONITORED;
const UNVERIFIED: Monitored = { ...place, plain: "DCGM_" };
const META = { name: "r", namespace: "m", labels: {} };
const EVERY_JOB = [...Object.values(JOBS), ...Object.values(OTHER_JOBS)];

const OBJECTS = [
  ["servicemonitors", monitorObject(MONITORED, 15, { release: "r" })],
  ["podmonitors", monitorObject({ ...MONITORED, of: "pods" }, 15, {})],
  ["servicemonitors", monitorObject(UNVERIFIED, 15, {})],
  ["prometheusrules", prometheusRuleObject(META, EVERY_JOB, NO_LINKS)],
] as const;

/** A subset of OpenAPI, and no field that is not named: the API server would prune it in silence. */
function faultsOf(value: unknown, schema: Schema, path: string): string[] {
  if (schema["x-kubernetes-int-or-string"] === true) return [];
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${path}: not one of it`];
  if (Array.isArray(value)) {
    if (schema.type !== "array" || schema.items === undefined) return [`${path}: no list`];
    return value.flatMap((one, at) => faultsOf(one, schema.items ?? {}, `${path}[${at}]`));
  }
  if (typeof value !== "object" || value === null) {
    const pattern = schema.pattern === undefined ? null : new RegExp(schema.pattern);
    const fits = typeof value === schema.type && (pattern?.test(String(value)) ?? true);
    return fits ? [] : [`${path}: ${String(value)} is no ${schema.type}`];
  }
  const { properties = {}, required = [], additionalProperties: more } = schema;
  return [
    ...required.filter((name) => !(name in value)).map((name) => `${path}.${name}: missing`),
    ...Object.entries(value).flatMap(([name, inner]) => {
      const own = properties[name] ?? (typeof more === "object" ? more : undefined);
      return own === undefined
        ? [`${path}.${name}: unknown`]
        : faultsOf(inner, own, `${path}.${name}`);
    }),
  ];
}

test("monitors and rules have the fields that the operator knows, and no other", async () => {
  for (const [kind, object] of OBJECTS) {
    const [text = ""] = await operatorDefinitions("prometheus-operator", [kind]);
    const { versions } = parse(text).spec;
    const { schema } = versions.find(({ name }: { name: string }) => name === "v1");
    const { properties } = schema.openAPIV3Schema;
    const { spec } = object as { spec: object };
    expect(faultsOf(spec, properties.spec, kind)).toEqual([]);
    expect(faultsOf({ ...spec, another: 1 }, properties.spec, kind)).toHaveLength(1);
  }
});
