/** The local stack: one site on one cluster, the model servers simulated and everything else real. */
import * as k8s from "@pulumi/kubernetes";
import type { Settings } from "../config/schema.ts";
import { ownStores } from "./own-stores.ts";
import { sitePlan } from "./plan.ts";
import { service } from "./service.ts";
import { siteArguments } from "./site-arguments.ts";

export function local(settings: Settings) {
  const site = siteArguments(settings);
  const provider = new k8s.Provider("cluster", site.provider);
  const outputs = service(site, {
    provider,
    stores: (guarded, secured) => ownStores(site, guarded, secured),
    weights: null,
  });
  return { ...outputs, plan: sitePlan(settings) };
}
