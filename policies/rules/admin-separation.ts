/**
 * Who runs the system, who sets its security and who reads its audit trail are three people: no principal
 * that the stack configures has two of these roles, and the operators of the patients' namespace cannot
 * read its Secrets.
 */
import type { Report, Rule } from "../judging/rule.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { filesOf, hasFile } from "../kubernetes/read.ts";
import { asFields, at, type Fields } from "../kubernetes/values.ts";

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
    for (const { name, text } of filesOf(props, FILES)) {
      judgeFile(`Secret ${nameIn(props)}, ${name}`, text, report);
    }
  },
};

function judgeFile(where: string, text: string, report: Report): void {
  const document = parsed(text);
  if (document === undefined) {
    report.fails(`${where} is no JSON that could be judged.`);
    return;
  }
  for (const [key, list] of Object.entries(document)) {
    if (!["keys", "principals"].includes(key)) continue;
    for (const entry of Array.isArray(list) ? list : []) {
      const roles = at(entry, "roles");
      const held = (Array.isArray(roles) ? roles : []).filter((one) => ROLES.includes(String(one)));
      if (held.length < 2) continue;
      report.fails(
        `${where}: ${String(at(entry, "id"))} is ${held.join(" and ")}. Give each to somebody else.`,
      );
    }
  }
}

function parsed(text: string): Fields | undefined {
  try {
    return asFields(JSON.parse(text));
  } catch {
    return undefined;
  }
}
