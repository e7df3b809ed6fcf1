/**
 * GET /users/me: the caller as the gateway sees it; POST /users/me/password: a new password; POST
 * /users/me/totp and …/confirm: an authenticator.
 */

import { z } from "zod";
import type { Step } from "../context.ts";
import type { Directory } from "../directory/directory.ts";
import { GatewayError } from "../errors.ts";
import type { Authenticators } from "../identity/authenticator.ts";
import type { LogIn } from "../identity/log-in.ts";
import { limits } from "../limits.ts";
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
      authenticator: principal?.totp !== undefined,
      must_enrol: caller.mustEnrol,
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

export const enrolmentSchema = z.strictObject({
  password: z.string().min(1).max(256),
  totp: z.string().max(16).optional().describe("A code of the present authenticator, if any."),
});

/** The password once more: a token that was found must not be enough to lock its owner out. */
export function beginEnrolment(logIn: LogIn, authenticators: Authenticators): Step {
  return async function beginEnrolment(context, next) {
    const { caller, body, clientAddress } = context;
    if (caller === null) throw new Error("beginEnrolment comes too early");
    if (caller.kind !== "user") throw new GatewayError("permission_denied");
    const wanted = enrolmentSchema.safeParse(parseJsonBody(body));
    if (!wanted.success) {
      throw new GatewayError("invalid_request", { message: "password is needed." });
    }
    const { password, totp: code = null } = wanted.data;
    await logIn.prove({ name: caller.principal, password, code, address: clientAddress });
    const { secret, uri } = await authenticators.begin(caller.principal);
    context.response.setHeader("cache-control", "no-store");
    await answerJson(context, 200, { secret, uri, expires_in: limits.enrolmentMs / 1000 });
    await next();
  };
}

export const confirmationSchema = z.strictObject({ totp: z.string().min(1).max(16) });

export function confirmEnrolment(authenticators: Authenticators): Step {
  return async function confirmEnrolment(context, next) {
    const { caller, body } = context;
    if (caller === null) throw new Error("confirmEnrolment comes too early");
    if (caller.kind !== "user") throw new GatewayError("permission_denied");
    const wanted = confirmationSchema.safeParse(parseJsonBody(body));
    if (!wanted.success) throw new GatewayError("invalid_request", { message: "totp is needed." });
    await authenticators.confirm(caller.principal, wanted.data.totp);
    await answerJson(context, 200, { username: caller.principal, authenticator: true });
    await next();
  };
}
