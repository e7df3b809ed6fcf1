/**
 * A valid configuration for tests: the committed values of a stack, and stand-ins for what the
 * command line supplies (images, and real certificates, since they are checked).
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { createAuthority, issueCertificate } from "../tools/pki/authority.ts";

const PROGRAMS = [
  ...["edge", "gateway", "model", "redis", "postgres", "prometheus", "alertmanager"],
  "alert-relay",
];
const EXPORTERS = ["edge-exporter", "redis-exporter", "postgres-exporter"];
const IMAGES = [
  "gateway",
  "simulator",
  "edge",
  "redis",
  "postgres",
  "prometheus",
  "alertmanager",
  "alert-relay",
  ...EXPORTERS,
];

export type Values = Record<string, unknown>;

/** The committed values of a stack, sections by full key, as the program reads them. */
export function committedValues(stack: string): Values {
  const file = path.resolve(import.meta.dirname, `../Pulumi.${stack}.yaml`);
  const { config } = parse(readFileSync(file, "utf8")) as { config: Values };
  return { "deepseek:environment": stack, ...config };
}

/**
 * `values` with one of them changed; `at` is a path below `deepseek:`, undefined takes it away. What is
 * not there on the way is made.
 */
export function changed(values: Values, at: string, value: unknown): Values {
  const [section = "", ...steps] = at.split(".");
  const copy = structuredClone(values);
  let holder: object = copy;
  let last = `deepseek:${section}`;
  for (const step of steps) {
    if (Reflect.get(holder, last) === undefined) Reflect.set(holder, last, {});
    holder = Object(Reflect.get(holder, last));
    last = step;
  }
  if (value !== undefined) Reflect.set(holder, last, value);
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else Reflect.deleteProperty(holder, last);
  return copy;
}

/** Sections by full key, as objects. */
export async function completeValues(stack = "local"): Promise<Values> {
  const config = committedValues(stack);
  const images = IMAGES.map((name) => [name, { tag: `deepseek.local/${name}:test`, digest: null }]);
  return {
    ...config,
    "deepseek:images": Object.fromEntries(images),
    "deepseek:certificates": await certificates(),
  };
}

/** As Pulumi hands them to the program. */
export function asTexts(values: Values): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

async function certificates(): Promise<unknown> {
  const authority = await createAuthority("test", 1);
  const pairs = await Promise.all(
    PROGRAMS.map(async (name) => {
      const request = { commonName: name, dnsNames: ["localhost", name], addresses: ["127.0.0.1"] };
      return [name, await issueCertificate(authority, { ...request, usage: "server", days: 1 })];
    }),
  );
  return { ca: authority.certificate, names: Object.fromEntries(pairs) };
}
