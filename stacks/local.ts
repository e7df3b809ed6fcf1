/**
 * The local stack: one site on one cluster, the model servers simulated and everything else as in
 * production. Reads as an inventory; what a thing is made of stands in its component, what the
 * settings say of it in site-arguments.ts.
 */
import * as k8s from "@pulumi/kubernetes";
import { Alertmanager } from "../components/alertmanager.ts";
import { ApiKeys } from "../components/api-keys.ts";
import { Certificates } from "../components/certificates.ts";
import { Edge } from "../components/edge.ts";
import { Gateway } from "../components/gateway.ts";
import { NamespaceLimits } from "../components/namespace-limits.ts";
import { Namespaces } from "../components/namespaces.ts";
import { NetworkPolicies } from "../components/network-policies.ts";
import { Postgres } from "../components/postgres.ts";
import { Prometheus } from "../components/prometheus.ts";
import { Redis } from "../components/redis.ts";
import { ModelServer, modelService } from "../components/serving/model-server.ts";
import type { Settings } from "../config/schema.ts";
import { localPlan } from "./plan.ts";
import { siteArguments } from "./site-arguments.ts";

export function local(settings: Settings) {
  const site = siteArguments(settings);
  const provider = new k8s.Provider("cluster", site.provider);
  const namespaces = new Namespaces("namespaces", site.namespaces, { provider });
  const inside = { provider, dependsOn: [namespaces] };
  const walls = new NetworkPolicies("network-policies", site.networkPolicies, inside);
  const limits = site.limits.map(
    (limit) => new NamespaceLimits(`limits-${limit.namespace}`, limit, inside),
  );
  const tls = new Certificates("certificates", site.certificates, inside);
  const secured = (program: string) => ({ certificate: tls.of(program) });
  const keys = new ApiKeys("api-keys", site.apiKeys);

  // No pod starts before the walls stand.
  const guarded = { provider, dependsOn: [walls, ...limits] };
  const redis = new Redis("redis", { ...site.redis, ...secured("redis") }, guarded);
  const postgres = new Postgres("postgres", { ...site.postgres, ...secured("postgres") }, guarded);
  const models = site.models.map(
    (model) =>
      new ModelServer(modelService(model.name), { ...model, ...secured("model") }, guarded),
  );
  const peers = { redis, postgres, models, keys: keys.document };
  const gateway = new Gateway(
    "gateway",
    { ...site.gateway, ...secured("gateway"), ...peers },
    guarded,
  );
  const edge = new Edge("edge", { ...site.edge, ...secured("edge"), gateway }, guarded);
  const alertmanager = new Alertmanager(
    "alertmanager",
    { ...site.alertmanager, ...secured("alertmanager") },
    guarded,
  );
  const prometheus = new Prometheus(
    "prometheus",
    { ...site.prometheus, ...secured("prometheus"), alertmanager },
    guarded,
  );

  return {
    url: edge.url,
    caCertificate: site.caCertificate,
    apiKey: keys.first,
    adminUser: gateway.administrator,
    adminPassword: gateway.administratorPassword,
    prometheusUrl: prometheus.url,
    models: site.modelNames,
    plan: localPlan(settings),
  };
}
