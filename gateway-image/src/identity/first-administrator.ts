/**
 * The first administrator, where the directory has none: a user `admin` who may manage people and
 * keys, makes the administrators of the other two kinds, and must change the given password first.
 */
import type { Directory } from "../directory/directory.ts";
import { type EntityChange, RevisionConflict } from "../directory/directory-store.ts";
import { tierSchema } from "../directory/entities.ts";
import { hashPassword } from "./password.ts";

const NAME = "admin";
const TENANT = "platform";
const TIER = "user";

/** Several gateways may start at once: one of them makes it. True where this one did. */
export async function ensureAdministrator(
  directory: Directory,
  password: string,
): Promise<boolean> {
  if (directory.get("principal", NAME) !== undefined) return false;
  const created = (kind: EntityChange["kind"], id: string, body: object): EntityChange => ({
    kind,
    id,
    body: { ...body },
    expected: null,
    updatedBy: "first start",
  });
  const changes: EntityChange[] = [];
  if (directory.get("tenant", TENANT) === undefined) {
    changes.push(created("tenant", TENANT, { name: "The platform's own people" }));
  }
  if (directory.get("tier", TIER) === undefined) {
    changes.push(created("tier", TIER, tierSchema.parse({ requestsPerMinute: 10 })));
  }
  const body = {
    kind: "user",
    name: "First administrator",
    tenant: TENANT,
    tier: TIER,
    roles: ["security-admin"],
    passwordHash: await hashPassword(password),
    mustChangePassword: true,
  };
  try {
    await directory.apply([...changes, created("principal", NAME, body)]);
    return true;
  } catch (error) {
    if (error instanceof RevisionConflict) return false;
    throw error;
  }
}
