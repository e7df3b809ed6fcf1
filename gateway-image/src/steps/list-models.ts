/** The models that the caller may use, in OpenAI's shape with what we know beyond it. */

import type { RequestContext, Step } from "../context.ts";
import { mayUseModel } from "../directory/caller.ts";
import type { Model } from "../documents.ts";
import { nameIn } from "../endpoints.ts";
import { GatewayError } from "../errors.ts";
import { isOffered } from "../proxy/eligible-targets.ts";
import type { ProviderKeys } from "../proxy/provider-keys.ts";
import type { RouteTable } from "../proxy/route-table.ts";
import { answerJson } from "./answer-json.ts";

export function listModels(routes: RouteTable, keys: ProviderKeys): Step {
  return async function listModels(context, next) {
    const models = routes
      .all()
      .map((route) => route.model)
      .filter((model) => isVisible(context, model, keys));
    await answerJson(context, 200, { object: "list", data: models.map(modelCard) });
    await next();
  };
}

export function showModel(routes: RouteTable, keys: ProviderKeys): Step {
  return async function showModel(context, next) {
    const id = nameIn(context.request.url ?? "", context.endpoint);
    const model = id === null ? undefined : routes.get(id)?.model;
    if (model === undefined || !isVisible(context, model, keys)) {
      throw new GatewayError("model_not_found", { param: "model" });
    }
    await answerJson(context, 200, modelCard(model));
    await next();
  };
}

function isVisible({ caller }: RequestContext, model: Model, keys: ProviderKeys): boolean {
  const offered = isOffered(model, (provider) => keys.of(provider) !== undefined);
  return offered && caller !== null && mayUseModel(caller, model.id);
}

function modelCard(model: Model) {
  return {
    id: model.id,
    object: "model",
    created: model.created,
    owned_by: model.ownedBy,
    context_length: model.contextLength,
    capabilities: model.capabilities,
    lifecycle: model.lifecycle,
  };
}
