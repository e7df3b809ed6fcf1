/** A caller for tests: everything allowed, nothing limited, unless said otherwise. */
import type { Caller } from "./caller.ts";
import { PERMISSIONS, tenantSchema, tierSchema } from "./entities.ts";

type Change = Partial<Omit<Caller, "tier" | "tenant">> & { tier?: object; tenant?: object };

export function testCaller({ tier = {}, tenant = {}, ...change }: Change = {}): Caller {
  return {
    principal: "alice",
    name: "Alice",
    kind: "user",
    credential: "first",
    method: "api_key",
    tenant: tenantSchema.parse({ id: "bank", name: "A bank", ...tenant }),
    tierName: "user",
    tier: tierSchema.parse(tier),
    roles: ["caller"],
    permissions: new Set(PERMISSIONS),
    models: "*",
    credentialLimits: {},
    credentialAccount: "first",
    credentialEndsMs: null,
    attributes: {},
    mustEnrol: false,
    mustChangePassword: false,
    ...change,
  };
}
