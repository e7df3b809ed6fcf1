/** Accounts that come with a program are off or have no rights: everybody knows their names. */
import type { Report, Rule } from "../judging/rule.ts";
import { judgeEach } from "../kubernetes/judge.ts";
import { isPostgresCluster, kindOf, nameIn } from "../kubernetes/pods.ts";
import { filesIn, hasFileThat, type NamedFile } from "../kubernetes/read.ts";
import { at, type Fields, textAt } from "../kubernetes/values.ts";

/** Lists of users of Redis and of callers of PostgreSQL, by their name or by a line of theirs. */
const LISTS = [/\.acl$/, /^[ \t]*user[ \t]+\S+[ \t]+(on|off)\b/m] as const;
const HBA = [
  /^pg_hba\.conf$/,
  /^[ \t]*host(no)?(ssl|gssenc)?[ \t]+\S+[ \t]+\S+[ \t]+\S+[ \t]/m,
] as const;
/** Where one could be although nobody knows yet what it holds. */
const MAYBE = /\.(acl|conf)$/;
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
      hasFileThat(props, (file) => isOne(file, LISTS) || isOne(file, HBA), MAYBE)),
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

function isOne({ name, text }: NamedFile, [named, holds]: readonly [RegExp, RegExp]): boolean {
  return named.test(name) || holds.test(text);
}

function judgeFiles(where: string, props: Fields, report: Report): void {
  judgeEach(filesIn(props), (file) => {
    const { name, text } = file;
    if (isOne(file, LISTS) && !/^[ \t]*user[ \t]+default\b.*\boff\b/m.test(text)) {
      // Redis' own default user has no password and every right.
      report.fails(`${where}, ${name} leaves the default user on. Write: user default off.`);
    }
    if (!isOne(file, HBA)) return;
    // Options and remarks may follow the method.
    const [, method] =
      /^[ \t]*host\S*[ \t][^#\n]*[ \t](trust|password|md5)(?=[ \t\r#]|$)/m.exec(text) ?? [];
    if (method !== undefined)
      report.fails(`${where}, ${name} lets callers in by ${method}. Use scram-sha-256.`);
  });
}
