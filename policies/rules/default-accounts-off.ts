/** Accounts that come with a program are off or have no rights: everybody knows their names. */
import type { Report, Rule } from "../judging/rule.ts";
import { isPostgresCluster, kindOf, nameIn } from "../kubernetes/pods.ts";
import { filesOf, hasFile } from "../kubernetes/read.ts";
import { at, type Fields, textAt } from "../kubernetes/values.ts";

const LISTS = /\.acl$/;
const HBA = /^pg_hba\.conf$/;
const USER = "aws:elasticache/user:User";

export const defaultAccountsOff: Rule = {
  name: "default-accounts-off",
  description: "Accounts that come with a program are off.",
  severity: "high",
  sees: "resource",
  about: "accounts of stores",
  applies: ({ type, props }) =>
    type === USER ||
    isPostgresCluster(type) ||
    (["Secret", "ConfigMap"].includes(kindOf(type) ?? "") &&
      (hasFile(props, LISTS) || hasFile(props, HBA))),
  judge: ({ type, props, name }, report) => {
    if (type === USER) return judgeUser(name, props, report);
    if (isPostgresCluster(type)) {
      if (at(props, "spec", "enableSuperuserAccess") === true) {
        report.fails(
          `Cluster ${nameIn(props)} lets the superuser in by network. Set enableSuperuserAccess: false.`,
        );
      }
      return;
    }
    judgeFiles(`${kindOf(type)} ${nameIn(props)}`, props, report);
  },
};

function judgeUser(name: string, props: Fields, report: Report): void {
  if (textAt(props, "userName") !== "default") return;
  const access = textAt(props, "accessString") ?? "";
  if (!/^off\b/.test(access))
    report.fails(`${name}: the default user is on. Begin its accessString with off.`);
}

function judgeFiles(where: string, props: Fields, report: Report): void {
  for (const { name, text } of filesOf(props, LISTS)) {
    const line = text.split("\n").find((one) => /^user\s+default\b/.test(one.trim()));
    // Redis' own default user has no password and every right.
    if (line === undefined || !/\boff\b/.test(line)) {
      report.fails(`${where}, ${name} leaves the default user on. Write: user default off.`);
    }
  }
  for (const { name, text } of filesOf(props, HBA)) {
    // Options and remarks may follow the method.
    const [, method] =
      /^[ \t]*host\S*[ \t][^#\n]*[ \t](trust|password|md5)(?=[ \t\r#]|$)/m.exec(text) ?? [];
    if (method !== undefined)
      report.fails(`${where}, ${name} lets callers in by ${method}. Use scram-sha-256.`);
  }
}
