/** What must hold between entities, judged over all of them at once. Pure. */
import type { Ending } from "./credential-end.ts";
import type { Entity, EntityKind } from "./entities.ts";

type Read = <K extends EntityKind>(kind: K) => readonly Entity<K>[];
type Fault = (fault: string) => void;

/** Whoever may set limits may not also grant rights, nor may either of them judge the records. */
const SEPARATED = ["admin:system", "admin:security", "admin:audit"] as const;

/** Every fault, in words for an administrator; empty where all is well. */
export function referenceFaults(read: Read): string[] {
  const faults: string[] = [];
  const fault: Fault = (text) => void faults.push(text);
  checkPrincipals(read, fault);
  checkCredentials(read, fault);
  return faults;
}

function checkPrincipals(read: Read, fault: Fault): void {
  const tenants = new Set(read("tenant").map(({ id }) => id));
  const tiers = new Set(read("tier").map(({ id }) => id));
  const roles = new Map(read("role").map((role) => [role.id, role]));
  const certificates = new Map<string, string>();
  const subjects = new Map<string, string>();
  for (const one of read("principal")) {
    const where = `principal ${one.id}`;
    if (!tenants.has(one.tenant)) fault(`${where}: there is no tenant ${one.tenant}`);
    if (!tiers.has(one.tier)) fault(`${where}: there is no tier ${one.tier}`);
    for (const role of one.roles) if (!roles.has(role)) fault(`${where}: there is no role ${role}`);
    const granted = new Set(one.roles.flatMap((role) => roles.get(role)?.permissions ?? []));
    const powers = SEPARATED.filter((power) => granted.has(power));
    if (powers.length > 1) fault(`${where}: ${powers.join(" and ")} must be with different people`);
    for (const identity of one.certificates) claim(certificates, identity, one.id, where, fault);
    for (const subject of one.oidcSubjects) claim(subjects, subject, one.id, where, fault);
  }
}

/** One certificate or subject is one principal. */
function claim(
  owners: Map<string, string>,
  identity: string,
  owner: string,
  where: string,
  fault: Fault,
): void {
  const other = owners.get(identity);
  if (other !== undefined && other !== owner) fault(`${where}: ${identity} belongs to ${other}`);
  owners.set(identity, owner);
}

function checkCredentials(read: Read, fault: Fault): void {
  const principals = new Set(read("principal").map(({ id }) => id));
  const tiers = new Set(read("tier").map(({ id }) => id));
  const hashes = new Map<string, string>();
  for (const key of read("apiKey")) {
    checkOwner(`API key ${key.id}`, key, principals, tiers, fault);
    checkAge(`API key ${key.id}`, key, fault);
    claim(hashes, key.sha256, key.id, `API key ${key.id}`, fault);
  }
  const names = new Map<string, string>();
  for (const key of read("accessKey")) {
    checkOwner(`access key ${key.id}`, key, principals, tiers, fault);
    checkAge(`access key ${key.id}`, key, fault);
    claim(names, key.accessKey, key.id, `access key ${key.id}`, fault);
  }
}

function checkAge(where: string, { created, rotateEveryDays }: Ending, fault: Fault): void {
  if (rotateEveryDays === undefined || created !== undefined) return;
  fault(`${where}: rotateEveryDays counts from created, which is missing`);
}

function checkOwner(
  where: string,
  key: { readonly principal: string; readonly tier?: string | undefined },
  principals: ReadonlySet<string>,
  tiers: ReadonlySet<string>,
  fault: Fault,
): void {
  if (!principals.has(key.principal)) fault(`${where}: there is no principal ${key.principal}`);
  if (key.tier !== undefined && !tiers.has(key.tier))
    fault(`${where}: there is no tier ${key.tier}`);
}
