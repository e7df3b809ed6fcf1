/**
 * Rights in AWS name actions and resources. A wildcard in the service's name or alone is everything, and so
 * is everything but what is written; a resource that is a wildcard is allowed where the document itself is
 * about one thing (a key's own policy) or where a condition narrows it; anybody as principal, and whoever
 * another identity provider vouches for, needs such a condition.
 */
import { narrows, type Statement, statementsOf } from "../aws/documents.ts";
import type { Report, Rule } from "../judging/rule.ts";
import { at, type Fields, oneOrMany } from "../kubernetes/values.ts";

/** Documents about the resource they hang on, and where they stand in it. */
const OF_ONE_THING: Readonly<Record<string, string>> = {
  "aws:iam/role:Role": "assumeRolePolicy",
  "aws:kms/key:Key": "policy",
  "aws:kms/keyPolicy:KeyPolicy": "policy",
  "aws:s3/bucketPolicy:BucketPolicy": "policy",
  "aws:sqs/queuePolicy:QueuePolicy": "policy",
  "aws:sns/topicPolicy:TopicPolicy": "policy",
  "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
  "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
  "aws:backup/vaultPolicy:VaultPolicy": "policy",
};
/** Documents of whoever acts. */
const OF_ACTORS = /^aws:iam\/((role|user|group)Policy|policy):/;
const ATTACHMENT = /^aws:iam\/((role|user|group)?[pP]olicyAttachment|\w+Exclusive):/;
/** A password or key that somebody keeps for good, where roles give one for an hour. */
const LASTING = /^aws:iam\/(accessKey|userLoginProfile):/;
const ROLE = "aws:iam/role:Role";
/** Ready-made policies that give away the account, or a whole service of it. */
const TOO_MUCH = /\/(AdministratorAccess[\w-]*|PowerUserAccess|IAMFullAccess|\w+FullAccess\w*)$/;

export const leastIam: Rule = {
  name: "least-iam",
  description: "Rights in AWS name their actions and resources.",
  severity: "critical",
  sees: "resource",
  about: "rights in AWS",
  applies: ({ type }) =>
    OF_ONE_THING[type] !== undefined ||
    [OF_ACTORS, ATTACHMENT, LASTING].some((types) => types.test(type)),
  judge: ({ type, props, name }, report) => {
    if (LASTING.test(type)) {
      report.fails(`${name} is a credential without an end. Let a role be taken instead.`);
      return;
    }
    for (const policy of attached(props)) {
      if (TOO_MUCH.test(policy))
        report.fails(`${name} gives ${policy}. Write down what is needed.`);
    }
    if (ATTACHMENT.test(type)) return;
    const key = OF_ONE_THING[type];
    judgeDocument(name, props[key ?? "policy"], key !== undefined, report);
    for (const inline of type === ROLE ? oneOrMany(props["inlinePolicies"]) : []) {
      judgeDocument(name, at(inline, "policy"), false, report);
    }
  },
};

function attached(props: Fields): string[] {
  return ["policyArn", "policyArns", "managedPolicyArns"]
    .flatMap((key) => oneOrMany(props[key]))
    .map(String);
}

function judgeDocument(name: string, document: unknown, ofOneThing: boolean, report: Report): void {
  const statements = statementsOf(document);
  if (statements === undefined) {
    report.fails(`${name} has no policy document that could be judged.`);
    return;
  }
  for (const statement of statements) judgeStatement(name, statement, ofOneThing, report);
}

function judgeStatement(name: string, one: Statement, ofOneThing: boolean, report: Report): void {
  if (!one.allows) return;
  const where = `${name}, statement ${one.sid}`;
  for (const negation of one.negations) {
    report.fails(`${where} allows by ${negation}, which is all the rest. Name what is allowed.`);
  }
  for (const action of one.actions.filter(isEverythingOfAService)) {
    report.fails(`${where} allows ${action}. Name the actions.`);
  }
  const narrow = narrows(one.condition);
  if (one.resources.some(isEveryResource) && !ofOneThing && !narrow) {
    report.fails(`${where} allows ${one.actions.join(", ")} on every resource. Name them.`);
  }
  if (one.principals.includes("*") && !narrow) {
    report.fails(`${where} lets in everybody. Name principals, or a condition that narrows.`);
  }
  if (one.federated && !narrow) {
    report.fails(`${where} lets in whoever its provider vouches for. Name the subject.`);
  }
}

/** `*`, `s3:*`, `*:*`, `s?:Get*`, `s3:*Object`: no service by name, or no beginning of an action. */
function isEverythingOfAService(action: string): boolean {
  const [service = "", verb = ""] = action.split(":");
  return /[*?]/.test(service) || /^[*?]/.test(verb);
}

/**
 * `*`, `arn:aws:s3:::*`, `arn:aws:iam::1:role/*`: nothing in it names a thing. What comes after the account
 * begins with a type, but for S3, where it begins with the bucket.
 */
function isEveryResource(resource: string): boolean {
  const [arn, , service = "", , , ...rest] = resource.split(":");
  if (arn !== "arn") return /^[*?]/.test(resource);
  if (/[*?]/.test(service)) return true;
  const own = rest.join(":");
  return /^[*?]/.test(service === "s3" ? own : own.replace(/^[a-z-]+[/:]/, ""));
}
