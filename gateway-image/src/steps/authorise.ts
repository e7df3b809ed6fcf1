/** May this caller do this, with this model, by roles and by rules of access? Fills the model. */
import type { IncomingHttpHeaders } from "node:http";
import type { Clock } from "../base/clock.ts";
import type { RequestContext, Step } from "../context.ts";
import { refusingRule } from "../directory/access-rules.ts";
import { mayUseModel } from "../directory/caller.ts";
import type { Permission } from "../directory/entities.ts";
import { DATA_CLASSES, type DataClass } from "../directory/fields.ts";
import type { Model } from "../documents.ts";
import { GatewayError } from "../errors.ts";
import { type Unfit, unfit } from "../proxy/fitness.ts";
import { hasEnded } from "./lifecycle.ts";
import { AUTO, type AutoParts, resolveAuto } from "./resolve-auto.ts";

/** The permission that a role of the caller must grant. */
export function permit(permission: Permission): Step {
  return function permit(context, next) {
    const { caller } = context;
    if (caller === null) throw new Error("permit comes too early");
    if (caller.mustChangePassword) throw new GatewayError("password_change_required");
    if (caller.mustEnrol) throw new GatewayError("authenticator_required");
    if (!caller.permissions.has(permission)) throw new GatewayError("permission_denied");
    return next();
  };
}

export interface AuthoriseParts extends AutoParts {
  readonly clock: Clock;
}

export function authorise(parts: AuthoriseParts): Step {
  const { routes } = parts;
  return function authorise(context, next) {
    const { caller, endpoint } = context;
    if (caller === null || context.call === null) throw new Error("authorise comes too early");
    const permitted = permittedModels(parts, context);
    context.mayUse = permitted.mayUse;
    // A model of that name is served as any other.
    if (context.call.model === AUTO && routes.get(AUTO) === undefined) resolveAuto(parts, context);
    const { call } = context;
    const model = permitted.get(call.model);
    const fault = endpoint.api === null ? null : unfit(model, endpoint.api, call);
    if (fault !== null) {
      const message = UNFIT[fault.what](endpoint.path);
      throw new GatewayError("invalid_request", { message, param: fault.param });
    }
    context.model = model;
    return next();
  };
}

export type PermitParts = Pick<AuthoriseParts, "routes" | "directory" | "clock">;

/** The models that the caller may name in this call; fills how private it is. */
export function permittedModels(
  { routes, directory, clock }: PermitParts,
  context: RequestContext,
) {
  const { caller, endpoint, request } = context;
  if (caller === null) throw new Error("nobody is known yet");
  context.dataClass = dataClassOf(request.headers);
  const rules = directory.list("accessRule").map(({ entity }) => entity);
  const ruleAgainst = (model: string) => {
    const { dataClass } = context;
    const access = { model, endpoint: endpoint.path, dataClass, wallMs: clock.wallMs() };
    return refusingRule(rules, caller, access);
  };
  const isServed = (model: string) => {
    const known = routes.get(model)?.model;
    return known !== undefined && !hasEnded(known, clock.wallMs());
  };
  return {
    mayUse: (model: string) =>
      isServed(model) && mayUseModel(caller, model) && ruleAgainst(model) === undefined,
    /** Throws where there is none of that name, or the caller may not use it. */
    get: (model: string): Model => {
      const route = routes.get(model);
      if (route === undefined) throw new GatewayError("model_not_found", { param: "model" });
      if (!mayUseModel(caller, model)) {
        throw new GatewayError("model_not_allowed", { param: "model" });
      }
      const rule = ruleAgainst(model);
      if (rule !== undefined) throw new GatewayError("access_rule_refused", { cause: rule.id });
      return route.model;
    },
  };
}

const UNFIT: Readonly<Record<Unfit["what"], (path: string) => string>> = {
  api: (path) => `The model does not support ${path}.`,
  images: () => "The model takes no images.",
  "remote image": () => "The model fetches nothing: send the image itself, as a data: URL.",
};

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
