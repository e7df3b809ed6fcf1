/**
 * Nobody reaches a model server but through the gateway, which identifies, meters, filters and records.
 * Prometheus may scrape it, and members of a group may talk among themselves. Without this, every
 * control of the gateway can be walked around.
 */
import type { Context, Report, Rule } from "../judging/rule.ts";
import { hasPods, kindOf, nameIn, type Pod, podsOf } from "../kubernetes/pods.ts";
import { NAME_LABEL, runs, selects } from "../kubernetes/read.ts";
import { asFields, at, type Fields, textAt } from "../kubernetes/values.ts";

const MODEL = "model-server";
const CALLERS = ["gateway", "prometheus", "model-server", "model-worker", "model-head"];

export const onlyThroughGateway: Rule = {
  name: "only-through-gateway",
  description: "Model servers are reached through the gateway alone.",
  severity: "critical",
  sees: "stack",
  about: "model servers",
  applies: ({ type, props }, context) =>
    (hasPods(type) && podsOf(type, props).items.some((pod) => runs(pod, MODEL))) ||
    (kindOf(type) === "NetworkPolicy" && opensModels(props, context)) ||
    (kindOf(type) === "Service" && leadsToModels(props, context)),
  judge: ({ type, props }, report, context) => {
    const where = `${kindOf(type)} ${nameIn(props)}`;
    if (kindOf(type) === "NetworkPolicy") return judgePolicy(where, props, report);
    if (kindOf(type) === "Service") {
      const open = textAt(props, "spec", "type") ?? "ClusterIP";
      if (open !== "ClusterIP")
        report.fails(`${where} is a ${open}, a way around the gateway. Use ClusterIP.`);
      return;
    }
    const guarded = context.once("guarded", () =>
      context.resources.some(
        (one) => kindOf(one.type) === "NetworkPolicy" && opensModels(one.props, context),
      ),
    );
    if (!guarded)
      report.fails(`${where}: no NetworkPolicy says who may call model servers. Add one.`);
  },
};

/** By whichever of their labels, or by none at all, which is every pod of the namespace. */
function opensModels(props: Fields, context: Context): boolean {
  const ingress = at(props, "spec", "ingress");
  if (!Array.isArray(ingress) || ingress.length === 0) return false;
  const selector = at(props, "spec", "podSelector");
  return modelsIn(props, context).some((pod) => selects(selector, pod.labels));
}

function leadsToModels(props: Fields, context: Context): boolean {
  const matchLabels = asFields(at(props, "spec", "selector")) ?? {};
  // Without a selector it leads where Endpoints say.
  if (Object.keys(matchLabels).length === 0) return false;
  return modelsIn(props, context).some((pod) => selects({ matchLabels }, pod.labels));
}

/** Pods of model servers in the namespace of an object. */
function modelsIn(props: Fields, { resources, once }: Context): readonly Pod[] {
  const models = once("models", () =>
    resources.flatMap((one) => podsOf(one.type, one.props).items).filter((pod) => runs(pod, MODEL)),
  );
  const namespace = textAt(props, "metadata", "namespace") ?? "default";
  return models.filter((pod) => pod.namespace === namespace);
}

function judgePolicy(where: string, props: Fields, report: Report): void {
  const rules = at(props, "spec", "ingress");
  for (const rule of Array.isArray(rules) ? rules : []) {
    const peers = at(rule, "from");
    if (!Array.isArray(peers) || peers.length === 0) {
      report.fails(`${where} lets everybody call model servers. Allow the gateway alone.`);
      continue;
    }
    for (const peer of peers) {
      const caller = textAt(peer, "podSelector", "matchLabels", NAME_LABEL);
      const from = at(peer, "namespaceSelector");
      // Whoever may make a namespace may call its pods what he likes.
      const anywhere =
        from !== undefined && Object.keys(asFields(at(from, "matchLabels")) ?? {}).length === 0;
      if (caller !== undefined && CALLERS.includes(caller) && !anywhere) continue;
      const who = anywhere
        ? "pods of every namespace"
        : (caller ?? textAt(peer, "ipBlock", "cidr") ?? JSON.stringify(asFields(peer) ?? {}));
      report.fails(`${where} lets ${who} call model servers past the gateway. Remove it.`);
    }
  }
}
