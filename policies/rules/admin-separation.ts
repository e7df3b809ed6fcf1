/**
 * Who runs the system, who sets its security and who reads its audit trail are three people: no principal
 * that the stack configures has two of these roles. Entries of one name, address, certificate or account
 * elsewhere are one principal, whichever list or file they stand in.
 */
import type { Rule } from "../judging/rule.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { filesOf, hasFile } from "../kubernetes/read.ts";
import { asFields, at, type Fields, isPresent } from "../kubernetes/values.ts";

const ROLES = ["system-admin", "security-admin", "audit-admin"];
const FILES = /^(keys|directory|principals)\.json$/;

export const adminSeparation: Rule = {
  name: "admin-separation",
  description: "System, security and audit are administered by different principals.",
  severity: "high",
  sees: "resource",
  about: "configured principals",
  applies: ({ type, props }) => kindOf(type) === "Secret" && hasFile(props, FILES),
  judge: ({ props }, report) => {
    const where = `Secret ${nameIn(props)}`;
    const entries = filesOf(props, FILES).flatMap(({ name, text }) => {
      const document = parsed(text);
      if (document === undefined)
        report.fails(`${where}, ${name} is no JSON that could be judged.`);
      return [...listOf(document?.["keys"]), ...listOf(document?.["principals"])];
    });
    for (const [who, held] of rolesByHandle(entries)) {
      if (held.size < 2) continue;
      report.fails(`${where}: ${who} is ${[...held].join(" and ")}. Give each to somebody else.`);
    }
  },
};

/** The roles of administrators, by everything that tells one principal from another. */
function rolesByHandle(entries: readonly unknown[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, ReadonlySet<string>>();
  for (const entry of entries) {
    const handles = [at(entry, "id"), at(entry, "email")].filter(isPresent);
    const elsewhere = [...listOf(at(entry, "certificates")), ...listOf(at(entry, "oidcSubjects"))];
    const roles = listOf(at(entry, "roles")).map(String);
    for (const handle of [...handles, ...elsewhere].map((one) => String(one).toLowerCase())) {
      const held = found.get(handle) ?? [];
      found.set(handle, new Set([...held, ...roles.filter((one) => ROLES.includes(one))]));
    }
  }
  return found;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function parsed(text: string): Fields | undefined {
  try {
    return asFields(JSON.parse(text));
  } catch {
    return undefined;
  }
}
