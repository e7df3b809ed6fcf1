/** Who administers anything at all. */
import type { Directory } from "../directory/directory.ts";
import type { Principal } from "../directory/entities.ts";

export function isAdministrator(directory: Directory, { roles }: Principal): boolean {
  return roles
    .flatMap((role) => directory.get("role", role)?.entity.permissions ?? [])
    .some((permission) => permission.startsWith("admin:"));
}
