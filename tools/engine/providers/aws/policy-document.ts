/**
 * aws.iam.getPolicyDocument: statements as arguments → an IAM policy as JSON text. The only
 * function of AWS that is arithmetic rather than a question; semantics as documented at
 * https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document.
 */
import { isObject, type PropertyMap, type PropertyValue } from "../../values.ts";

interface Policy {
  readonly Version: string;
  readonly Id?: string;
  readonly Statement: readonly PropertyMap[];
}

export function policyDocument(args: PropertyMap): PropertyMap {
  const own: Policy = {
    Version: text(args.version) || "2012-10-17",
    ...(text(args.policyId) === "" ? {} : { Id: text(args.policyId) }),
    Statement: objects(args.statements).map(statement),
  };
  const sources = [text(args.sourceJson), ...texts(args.sourcePolicyDocuments)];
  const overrides = [text(args.overrideJson), ...texts(args.overridePolicyDocuments)];
  const merged = [...sources.map(parsed), own, ...overrides.map(parsed)].reduce(merge, {
    ...own,
    Statement: [],
  });
  return {
    ...args,
    id: String(checksum(JSON.stringify(merged))),
    json: JSON.stringify(merged, null, 2),
    minifiedJson: JSON.stringify(merged),
    version: merged.Version,
  };
}

/** A later statement with the same Sid replaces the earlier one; others are added. */
function merge(base: Policy, over: Policy): Policy {
  const kept = base.Statement.filter(
    (one) => !over.Statement.some((other) => other.Sid !== undefined && other.Sid === one.Sid),
  );
  return { ...base, Statement: [...kept, ...over.Statement] };
}

function statement(args: PropertyMap): PropertyMap {
  const entries: [string, PropertyValue | undefined][] = [
    ["Sid", text(args.sid) === "" ? undefined : text(args.sid)],
    ["Effect", text(args.effect) || "Allow"],
    ["Action", oneOrMany(texts(args.actions))],
    ["NotAction", oneOrMany(texts(args.notActions))],
    ["Resource", oneOrMany(texts(args.resources))],
    ["NotResource", oneOrMany(texts(args.notResources))],
    ["Principal", principals(args.principals)],
    ["NotPrincipal", principals(args.notPrincipals)],
    ["Condition", conditions(args.conditions)],
  ];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, PropertyValue] => entry[1] !== undefined),
  );
}

function principals(value: PropertyValue | undefined): PropertyValue | undefined {
  const list = objects(value);
  if (list.length === 0) return undefined;
  const all = list.some((one) => one.type === "*" && texts(one.identifiers).includes("*"));
  if (all) return "*";
  const byType: Record<string, string[]> = {};
  for (const one of list) {
    byType[text(one.type)] = [...(byType[text(one.type)] ?? []), ...texts(one.identifiers)];
  }
  return Object.fromEntries(
    Object.entries(byType).map(([type, identifiers]) => [type, oneOrMany(identifiers) ?? []]),
  );
}

function conditions(value: PropertyValue | undefined): PropertyValue | undefined {
  const list = objects(value);
  if (list.length === 0) return undefined;
  const result: Record<string, Record<string, PropertyValue>> = {};
  for (const one of list) {
    const test = text(one.test);
    result[test] = { ...result[test], [text(one.variable)]: oneOrMany(texts(one.values)) ?? [] };
  }
  return result;
}

/** The real function writes a list of one as its only item, and longer ones in order. */
function oneOrMany(items: readonly string[]): PropertyValue | undefined {
  if (items.length === 0) return undefined;
  return items.length === 1 ? (items[0] ?? "") : [...items].sort();
}

function parsed(json: string): Policy {
  if (json === "") return { Version: "", Statement: [] };
  const value = JSON.parse(json) as PropertyMap;
  return { Version: text(value.Version), Statement: objects(value.Statement) };
}

function text(value: PropertyValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function texts(value: PropertyValue | undefined): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function objects(value: PropertyValue | undefined): PropertyMap[] {
  if (Array.isArray(value)) return value.filter(isObject);
  return isObject(value) ? [value] : [];
}

/** CRC-32, which the real function uses for its id. */
function checksum(content: string): number {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(content)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
