/** The model `auto`: one is chosen that may and can serve the call, and the call is made one for it. */
import { patchMembers, scanMembers } from "../base/json-members.ts";
import { isConfined, type RequestContext } from "../context.ts";
import type { Directory } from "../directory/directory.ts";
import { GatewayError } from "../errors.ts";
import { promptTokensMax } from "../proxy/call-bound.ts";
import { type Choice, chooseModel } from "../proxy/choose-model.ts";
import { eligibleTargets } from "../proxy/eligible-targets.ts";
import { unfit } from "../proxy/fitness.ts";
import type { ProviderKeys } from "../proxy/provider-keys.ts";
import type { Route, RouteTable } from "../proxy/route-table.ts";

export const AUTO = "auto";

export interface AutoParts {
  readonly routes: RouteTable;
  readonly directory: Directory;
  readonly providerKeys: ProviderKeys;
  readonly preferred: readonly string[];
  readonly maxTokensDefault: number;
}

/** Needs what authorise has filled: the class of the data, and who may use what. */
export function resolveAuto(parts: AutoParts, context: RequestContext): void {
  const { call } = context;
  if (call === null) throw new Error("resolveAuto comes too early");
  let confinedAway = false;
  const choices = parts.routes.all().flatMap((route) => {
    const { choice, away } = choiceOf(parts, context, route);
    confinedAway ||= away;
    return choice === null ? [] : [choice];
  });
  const answerTokens = call.maxTokens ?? parts.maxTokensDefault;
  const largest = choices.reduce(
    (most, { model }) => Math.max(most, promptTokensMax(context.body, call, model)),
    0,
  );
  const model = chooseModel(choices, largest + answerTokens, parts.preferred);
  if (model === null) {
    if (confinedAway) throw new GatewayError("residency_refused");
    throw new GatewayError("model_not_found", {
      message: "auto: none of the models that you may use can serve this call.",
      param: "model",
    });
  }
  const { members } = call;
  context.body = patchMembers(context.body, members, { model: JSON.stringify(model.id) });
  context.call = {
    ...call,
    model: model.id,
    members: scanMembers(context.body)?.members ?? [],
  };
  context.response.setHeader("x-model-used", model.id);
}

function choiceOf(
  parts: AutoParts,
  context: RequestContext,
  route: Route,
): { choice: Choice | null; away: boolean } {
  const { call, endpoint } = context;
  const { model } = route;
  const none = { choice: null, away: false };
  if (call === null || endpoint.api === null) return none;
  if (!context.mayUse(model.id) || unfit(model, endpoint.api, call) !== null) return none;
  const { candidates, confinedAway } = eligibleTargets(route, () => undefined, {
    confined: isConfined(context),
    isOn: (provider) => parts.providerKeys.of(provider) !== undefined,
    isFit: () => false,
  });
  const targets = candidates[0]?.targets ?? [];
  if (targets.length === 0) return { choice: null, away: confinedAway };
  const loads = targets
    .filter(({ ejected }) => !ejected)
    .map(({ inFlight, target }) => inFlight / target.weight);
  const price = parts.directory.get("price", model.id)?.entity;
  const inside = targets.some(({ target }) => target.provider === undefined);
  const choice: Choice = {
    model,
    load: loads.length === 0 ? null : Math.min(...loads),
    // A model of the site costs nobody's money but what its price says.
    price:
      price === undefined
        ? inside
          ? 0
          : null
        : price.promptPerMillion + price.completionPerMillion,
  };
  return { choice, away: false };
}
