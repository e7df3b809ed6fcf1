/** May this caller do this, with this model? Fills the model. */
import type { Step } from "../context.ts";
import { mayUseModel } from "../directory/caller.ts";
import type { Permission } from "../directory/entities.ts";
import type { Api } from "../endpoints.ts";
import { GatewayError } from "../errors.ts";
import type { RouteTable } from "../proxy/route-table.ts";

/** The permission that a role of the caller must grant. */
export function permit(permission: Permission): Step {
  return async function permit(context, next) {
    const { caller } = context;
    if (caller === null) throw new Error("permit comes too early");
    if (caller.mustChangePassword) throw new GatewayError("password_change_required");
    if (!caller.permissions.has(permission)) throw new GatewayError("permission_denied");
    await next();
  };
}

const CAPABILITIES = {
  chat: "chat",
  completions: "completions",
  embeddings: "embeddings",
} as const satisfies Record<Api, string>;

export function authorise(routes: RouteTable): Step {
  return async function authorise(context, next) {
    const { caller, call, endpoint } = context;
    if (caller === null || call === null) throw new Error("authorise comes too early");
    const route = routes.get(call.model);
    if (route === undefined) throw new GatewayError("model_not_found", { param: "model" });
    if (!mayUseModel(caller, call.model)) {
      throw new GatewayError("model_not_allowed", { param: "model" });
    }
    const { api } = endpoint;
    if (api !== null && !route.model.capabilities.includes(CAPABILITIES[api])) {
      throw new GatewayError("invalid_request", {
        message: `The model does not support ${endpoint.path}.`,
        param: "model",
      });
    }
    context.model = route.model;
    await next();
  };
}
