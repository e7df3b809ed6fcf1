/**
 * A model that is going: its callers are told in time (RFC 9745, RFC 8594), and after its last
 * day it is refused.
 */
import type { Clock } from "../base/clock.ts";
import type { Step } from "../context.ts";
import type { Model } from "../documents.ts";
import { GatewayError } from "../errors.ts";

export function lifecycle(clock: Clock): Step {
  return function lifecycle(context, next) {
    const { model, response } = context;
    if (model === null) throw new Error("lifecycle comes too early");
    const { deprecatedAt, sunsetAt } = model;
    if (deprecatedAt !== undefined) {
      response.setHeader("deprecation", `@${Date.parse(deprecatedAt) / 1000}`);
    }
    if (sunsetAt !== undefined) {
      response.setHeader("sunset", new Date(Date.parse(sunsetAt)).toUTCString());
    }
    if (hasEnded(model, clock.wallMs())) throw new GatewayError("model_sunset", { param: "model" });
    return next();
  };
}

/** Its last day has passed: neither who asks for it is served by it, nor who asks for another. */
export function hasEnded({ sunsetAt }: Pick<Model, "sunsetAt">, wallMs: number): boolean {
  return sunsetAt !== undefined && wallMs >= Date.parse(sunsetAt);
}
