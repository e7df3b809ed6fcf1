/** The models that the caller may use, in OpenAI's shape with what we know beyond it. */

import type { RequestContext, Step } from "../context.ts";
import { mayUseModel } from "../directory/caller.ts";
import { CAPABILITIES, type Capability, isOfSite, type Model } from "../documents.ts";
import { nameIn } from "../endpoints.ts";
import { GatewayError } from "../errors.ts";
import { isOffered } from "../proxy/eligible-targets.ts";
import type { ProviderKeys } from "../proxy/provider-keys.ts";
import type { RouteTable } from "../proxy/route-table.ts";
import { answerJson } from "./answer-json.ts";

/** ?capability=: the names of the card, and those of the routes file. */
const FILTERS: Readonly<Record<string, Capability>> = {
  ...Object.fromEntries(CAPABILITIES.map((name) => [name, name])),
  completion: "completions",
  embedding: "embeddings",
};

export function listModels(routes: RouteTable, keys: ProviderKeys): Step {
  return async function listModels(context, next) {
    const wanted = wantedOf(context.request.url ?? "");
    const models = routes
      .all()
      .map((route) => route.model)
      .filter((model) => isVisible(context, model, keys))
      .filter(({ capabilities }) => wanted.every((one) => capabilities.includes(one)));
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

export function isVisible({ caller }: RequestContext, model: Model, keys: ProviderKeys): boolean {
  const offered = isOffered(model, (provider) => keys.of(provider) !== undefined);
  return offered && caller !== null && mayUseModel(caller, model.id);
}

/** Named several times, all of them are wanted. */
function wantedOf(url: string): Capability[] {
  const names = new URLSearchParams(url.split("?", 2)[1] ?? "").getAll("capability");
  return names.map((name) => {
    const capability = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
    if (capability !== undefined) return capability;
    const message = `capability: one of ${Object.keys(FILTERS).join(", ")}.`;
    throw new GatewayError("invalid_request", { message, param: "capability" });
  });
}

/** What is not known is null or absent, never guessed. */
function modelCard(model: Model) {
  const can = (one: Capability) => model.capabilities.includes(one);
  return {
    id: model.id,
    object: "model",
    created: model.created,
    owned_by: model.ownedBy,
    context_length: model.contextLength,
    capabilities: {
      chat: can("chat"),
      completion: can("completions"),
      embedding: can("embeddings"),
      vision: can("vision"),
      tools: can("tools"),
      reasoning: can("reasoning"),
      fine_tuning: model.fineTuning && isOfSite(model),
    },
    lifecycle: model.lifecycle,
    ...(model.sunsetAt === undefined ? {} : { sunset_at: model.sunsetAt }),
    ...(model.trainingData === undefined ? {} : { training_data: model.trainingData }),
    ...(model.dimensions === undefined ? {} : { dimensions: model.dimensions }),
    permission: [],
  };
}
