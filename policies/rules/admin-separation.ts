/**
 * Who runs the system, who sets its security and who reads its audit trail are three people: no principal
 * that the stack configures has two of these roles, and no role has two of their rights. Entries that share
 * a name, an address, a certificate, an account elsewhere or a key are one principal, whichever file or Secret
 * they stand in.
 */
import type { Context, Resource, Rule } from "../judging/rule.ts";
import { isUnknownValue } from "../kubernetes/judge.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { filesIn, hasFileThat, type NamedFile } from "../kubernetes/read.ts";
import { asFields, at, type Fields, isPresent, listOf, parsedJson } from "../kubernetes/values.ts";

/** The rights that are kept apart, and the roles that always have them. */
const DUTIES = ["system", "security", "audit"].map((duty) => [`admin:${duty}`, `${duty}-admin`]);
const FILES = /^(keys|directory|principals)\.json$/;

interface Principal {
  readonly handles: ReadonlySet<string>;
  readonly roles: ReadonlySet<string>;
}

export const adminSeparation: Rule = {
  name: "admin-separation",
  description: "System, security and audit are administered by different principals.",
  severity: "high",
  sees: "stack",
  about: "configured principals",
  applies: (resource) =>
    ["ConfigMap", "Secret"].includes(kindOf(resource.type) ?? "") &&
    hasFileThat(resource.props, isDirectory, FILES),
  judge: (resource, report, context) => {
    const where = `${kindOf(resource.type)} ${nameIn(resource.props)}`;
    const files = filesIn(resource.props).filter(isDirectory);
    for (const { name } of files.filter(({ text }) => parsed(text) === undefined))
      report.fails(`${where}, ${name} is no JSON that could be judged.`);
    const documents = files.map(({ text }) => parsed(text) ?? {});
    for (const role of documents.flatMap((one) => listOf(one["roles"]))) {
      const held = dutiesOf([String(at(role, "id"))], documents);
      if (held.length > 1)
        report.fails(
          `${where}: role ${String(at(role, "id"))} is ${held.join(" and ")}. Split it.`,
        );
    }
    const all = context.once("documents", () => documentsOf(context));
    const own = new Set(documents.flatMap(entriesOf).flatMap(handlesOf));
    for (const { handles, roles } of context.once("principals", () => principalsOf(all))) {
      const held = dutiesOf([...roles], all);
      const who = [...own].find((one) => handles.has(one));
      if (who !== undefined && held.length > 1)
        report.fails(`${where}: ${who} is ${held.join(" and ")}. Give each to somebody else.`);
    }
  },
};

/** By its name, or since it lists what only such a file lists. */
function isDirectory({ name, text }: NamedFile): boolean {
  if (FILES.test(name)) return true;
  if (!/^\s*\{/.test(text)) return false;
  return ["principals", "apiKeys", "accessKeys"].some((key) => isPresent(parsed(text)?.[key]));
}

/** Of the whole stack; what is not known yet is told where it is judged itself. */
function documentsOf({ resources }: Context): Fields[] {
  const known = (one: Resource) => {
    try {
      return filesIn(one.props)
        .filter(isDirectory)
        .map(({ text }) => parsed(text) ?? {});
    } catch (error) {
      if (!isUnknownValue(error)) throw error;
      return [];
    }
  };
  return resources
    .filter(({ type }) => ["ConfigMap", "Secret"].includes(kindOf(type) ?? ""))
    .flatMap(known);
}

/** The administrators that some roles make of somebody, by the rights that they give. */
function dutiesOf(roles: readonly string[], documents: readonly Fields[]): string[] {
  const rights = documents
    .flatMap((one) => listOf(one["roles"]))
    .filter((one) => roles.includes(String(at(one, "id"))))
    .flatMap((one) => listOf(at(one, "permissions")));
  return DUTIES.filter(
    ([right = "", role = ""]) => roles.includes(role) || rights.includes(right),
  ).map(([, role = ""]) => role);
}

function entriesOf(document: Fields): readonly unknown[] {
  return ["keys", "principals", "apiKeys", "accessKeys"].flatMap((key) => listOf(document[key]));
}

/** Everything that tells one principal from another. */
function handlesOf(entry: unknown): string[] {
  const owner = at(entry, "principal");
  const single = [isPresent(owner) ? owner : at(entry, "id")].concat(
    ["email", "sha256", "accessKey", "passwordHash", "totp"].map((key) => at(entry, key)),
  );
  const several = ["certificates", "oidcSubjects"].flatMap((key) => listOf(at(entry, key)));
  return [...single, ...several].filter(isPresent).map((one) => String(one).toLowerCase());
}

function principalsOf(documents: readonly Fields[]): readonly Principal[] {
  return documents.flatMap(entriesOf).reduce((before: readonly Principal[], entry) => {
    const own = handlesOf(entry);
    const isSame = ({ handles }: Principal) => own.some((one) => handles.has(one));
    const same = before.filter(isSame);
    const roles = listOf(at(entry, "roles")).map(String);
    const merged = {
      handles: new Set([...same.flatMap(({ handles }) => [...handles]), ...own]),
      roles: new Set([...same.flatMap((one) => [...one.roles]), ...roles]),
    };
    return [...before.filter((one) => !isSame(one)), merged];
  }, []);
}

function parsed(text: string): Fields | undefined {
  return asFields(parsedJson(text));
}
