/** Who calls, as all later steps see it: credential, principal, tenant and tier, resolved once. */
import type { Limits, Permission, Tenant, Tier } from "./entities.ts";
import type { CredentialMethod } from "./fields.ts";

export interface Caller {
  /** The principal's id: the label `user` of metrics and the owner of usage. */
  readonly principal: string;
  readonly name: string;
  readonly kind: "user" | "service";
  /** The credential's id: of a key, also where a token was given for it, else `jwt:<jti>`, `cert:<fingerprint>`. */
  readonly credential: string;
  readonly method: CredentialMethod;
  readonly tenant: Tenant;
  readonly tierName: string;
  readonly tier: Tier;
  readonly roles: readonly string[];
  readonly permissions: ReadonlySet<Permission>;
  /** Allowed by credential, principal and tenant together. */
  readonly models: "*" | ReadonlySet<string>;
  /** Of the credential alone, beside those of the tier and the tenant. */
  readonly credentialLimits: Limits;
  /** What they are counted on: a temporary key's are its maker's. */
  readonly credentialAccount: string;
  /** null: it has no end of its own. */
  readonly credentialEndsMs: number | null;
  readonly attributes: Readonly<Record<string, string>>;
  /** An administrator who has no authenticator, where one is asked for, may do nothing but get one. */
  readonly mustEnrol: boolean;
  /** A user who must change the password may do nothing else. */
  readonly mustChangePassword: boolean;
}

export function mayUseModel(caller: Caller, model: string): boolean {
  return caller.models === "*" || caller.models.has(model);
}
