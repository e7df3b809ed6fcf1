/**
 * Rights in AWS name actions and resources. A wildcard in the service's name or alone is everything; a
 * resource `*` is allowed where the document itself is about one thing (a key's own policy) or where a
 * condition narrows it; anybody as principal needs a condition.
 */
import { type Statement, statementsOf } from "../aws/documents.ts";
import type { Report, Rule } from "../judging/rule.ts";
import { textAt } from "../kubernetes/values.ts";

/** Type → where its document stands, and whether the document is about the resource it hangs on. */
const DOCUMENTS: Readonly<Record<string, { readonly key: string; readonly ofOneThing: boolean }>> =
  {
    "aws:iam/rolePolicy:RolePolicy": { key: "policy", ofOneThing: false },
    "aws:iam/policy:Policy": { key: "policy", ofOneThing: false },
    "aws:iam/role:Role": { key: "assumeRolePolicy", ofOneThing: true },
    "aws:kms/key:Key": { key: "policy", ofOneThing: true },
    "aws:s3/bucketPolicy:BucketPolicy": { key: "policy", ofOneThing: true },
  };
const ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";
/** Ready-made policies that give away the account, or a whole service of it. */
const TOO_MUCH = /\/(AdministratorAccess|PowerUserAccess|IAMFullAccess|[A-Za-z0-9]+FullAccess)$/;

export const leastIam: Rule = {
  name: "least-iam",
  description: "Rights in AWS name their actions and resources.",
  severity: "critical",
  sees: "resource",
  about: "rights in AWS",
  applies: ({ type }) => DOCUMENTS[type] !== undefined || type === ATTACHMENT,
  judge: ({ type, props, name }, report) => {
    if (type === ATTACHMENT) {
      const policy = textAt(props, "policyArn") ?? "";
      if (TOO_MUCH.test(policy))
        report.fails(`${name} gives ${policy}. Write down what is needed.`);
      return;
    }
    const place = DOCUMENTS[type];
    if (place === undefined) return;
    const statements = statementsOf(props[place.key]);
    if (statements === undefined) {
      report.fails(`${name} has no policy document that could be judged.`);
      return;
    }
    for (const statement of statements) judgeStatement(name, statement, place.ofOneThing, report);
  },
};

function judgeStatement(name: string, one: Statement, ofOneThing: boolean, report: Report): void {
  if (!one.allows) return;
  const where = `${name}, statement ${one.sid}`;
  const conditions = Object.keys(one.condition ?? {}).length > 0;
  for (const action of one.actions) {
    if (action === "*" || /^[a-z0-9-]+:\*$/i.test(action)) {
      report.fails(`${where} allows ${action}. Name the actions.`);
    }
  }
  if (one.resources.includes("*") && !ofOneThing && !conditions) {
    report.fails(`${where} allows ${one.actions.join(", ")} on every resource. Name them.`);
  }
  if (one.principals.includes("*") && !conditions) {
    report.fails(`${where} lets in everybody. Name principals, or add a condition.`);
  }
}
