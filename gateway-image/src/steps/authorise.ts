/** May this caller do this, with this model, by roles and by rules of access? Fills the model. */
import type { IncomingHttpHeaders } from "node:http";
import type { Clock } from "../base/clock.ts";
import type { Step } from "../context.ts";
import { refusingRule } from "../directory/access-rules.ts";
import { mayUseModel } from "../directory/caller.ts";
import type { Directory } from "../directory/directory.ts";
import type { Permission } from "../directory/entities.ts";
import { DATA_CLASSES, type DataClass } from "../directory/fields.ts";
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

export interface AuthoriseParts {
  readonly routes: RouteTable;
  readonly directory: Directory;
  readonly clock: Clock;
}

export function authorise({ routes, directory, clock }: AuthoriseParts): Step {
  return async function authorise(context, next) {
    const { caller, call, endpoint, request } = context;
    if (caller === null || call === null) throw new Error("authorise comes too early");
    context.dataClass = dataClassOf(request.headers);
    const rules = directory.list("accessRule").map(({ entity }) => entity);
    const ruleAgainst = (model: string) => {
      const { dataClass } = context;
      const access = { model, endpoint: endpoint.path, dataClass, wallMs: clock.wallMs() };
      return refusingRule(rules, caller, access);
    };
    context.mayUse = (model) => mayUseModel(caller, model) && ruleAgainst(model) === undefined;
    const route = routes.get(call.model);
    if (route === undefined) throw new GatewayError("model_not_found", { param: "model" });
    if (!mayUseModel(caller, call.model)) {
      throw new GatewayError("model_not_allowed", { param: "model" });
    }
    const rule = ruleAgainst(call.model);
    if (rule !== undefined) throw new GatewayError("access_rule_refused", { cause: rule.id });
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

/** A class that nobody knows may be a confidential one, misspelt. */
function dataClassOf(headers: IncomingHttpHeaders): DataClass {
  const named = headers["x-data-class"] ?? "open";
  const found = DATA_CLASSES.find((name) => name === named);
  if (found !== undefined) return found;
  throw new GatewayError("invalid_request", {
    message: `x-data-class: ${DATA_CLASSES.join(", ")}.`,
    param: "x-data-class",
  });
}
