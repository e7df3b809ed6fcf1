/** GET /users/me: the caller as the gateway sees it; POST /users/me/password: a new password. */

import { z } from "zod";
import type { Step } from "../context.ts";
import type { Directory } from "../directory/directory.ts";
import { GatewayError } from "../errors.ts";
import type { LogIn } from "../identity/log-in.ts";
import { answerJson } from "./answer-json.ts";
import { parseJsonBody } from "./parse-call.ts";

export function showSelf(directory: Directory): Step {
  return async function showSelf(context, next) {
    const { caller } = context;
    if (caller === null) throw new Error("showSelf comes too early");
    const principal = directory.get("principal", caller.principal)?.entity;
    await answerJson(context, 200, {
      username: caller.principal,
      full_name: caller.name,
      email: principal?.email ?? null,
      kind: caller.kind,
      disabled: false,
      tenant: caller.tenant.id,
      tier: caller.tierName,
      roles: caller.roles,
      permissions: [...caller.permissions].sort(),
      models: caller.models === "*" ? "*" : [...caller.models].sort(),
      credential: { id: caller.credential, method: caller.method },
      must_change_password: caller.mustChangePassword,
    });
    await next();
  };
}

export const passwordChangeSchema = z.strictObject({
  password: z.string().min(1).max(256),
  new_password: z.string().min(1).max(256),
});

export function changePassword(logIn: LogIn): Step {
  return async function changePassword(context, next) {
    const { caller, body, clientAddress } = context;
    if (caller === null) throw new Error("changePassword comes too early");
    if (caller.kind !== "user") throw new GatewayError("permission_denied");
    const wanted = passwordChangeSchema.safeParse(parseJsonBody(body));
    if (!wanted.success) {
      throw new GatewayError("invalid_request", {
        message: "password and new_password are needed.",
      });
    }
    const { password, new_password: next_ } = wanted.data;
    await logIn.changePassword(caller.principal, password, next_, clientAddress);
    await answerJson(context, 200, { username: caller.principal, changed: true });
    await next();
  };
}
