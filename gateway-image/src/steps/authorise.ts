/** May this principal use this model in this way? Fills the model and the tier. */
import type { Endpoint, Step } from "../context.ts";
import type { ApiKey, Model, Tier } from "../documents.ts";
import { GatewayError } from "../errors.ts";
import type { RouteTable } from "../proxy/route-table.ts";

const CAPABILITIES: Partial<Record<Endpoint, Model["capabilities"][number]>> = {
  "/v1/chat/completions": "chat",
  "/v1/completions": "completions",
  "/v1/embeddings": "embeddings",
};

export function authorise(routes: RouteTable, tierOf: (name: string) => Tier | undefined): Step {
  return async function authorise(context, next) {
    const { principal, call, endpoint } = context;
    if (principal === null || call === null) throw new Error("authorise comes too early");
    const route = routes.get(call.model);
    if (route === undefined) throw new GatewayError("model_not_found", { param: "model" });
    if (!mayUse(principal, call.model)) {
      throw new GatewayError("model_not_allowed", { param: "model" });
    }
    const capability = CAPABILITIES[endpoint];
    if (capability !== undefined && !route.model.capabilities.includes(capability)) {
      throw new GatewayError("invalid_request", {
        message: `The model does not support ${endpoint}.`,
        param: "model",
      });
    }
    const tier = tierOf(principal.tier);
    if (tier === undefined) throw new GatewayError("tier_unknown");
    context.model = route.model;
    context.tier = tier;
    await next();
  };
}

export function mayUse(principal: ApiKey, model: string): boolean {
  return principal.models === "*" || principal.models.includes(model);
}
