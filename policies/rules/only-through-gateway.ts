/**
 * Nobody reaches a model server but through the gateway, which identifies, meters, filters and records.
 * Prometheus may scrape it, and members of a group may talk among themselves. Without this, every
 * control of the gateway can be walked around.
 */
import type { Report, Rule } from "../judging/rule.ts";
import { hasPods, kindOf, nameIn, podsOf } from "../kubernetes/pods.ts";
import { programOf } from "../kubernetes/read.ts";
import { asFields, at, type Fields, textAt } from "../kubernetes/values.ts";

const NAME = "app.kubernetes.io/name";
const MODEL = "model-server";
const CALLERS = ["gateway", "prometheus", "model-server", "model-worker", "model-head"];

export const onlyThroughGateway: Rule = {
  name: "only-through-gateway",
  description: "Model servers are reached through the gateway alone.",
  severity: "critical",
  sees: "stack",
  about: "model servers",
  applies: ({ type, props }) =>
    (hasPods(type) && podsOf(type, props).items.some((pod) => programOf(pod) === MODEL)) ||
    (kindOf(type) === "NetworkPolicy" && selectsModels(props)) ||
    (kindOf(type) === "Service" && textAt(props, "spec", "selector", NAME) === MODEL),
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
        (one) => kindOf(one.type) === "NetworkPolicy" && selectsModels(one.props),
      ),
    );
    if (!guarded)
      report.fails(`${where}: no NetworkPolicy says who may call model servers. Add one.`);
  },
};

function selectsModels(props: Fields): boolean {
  const selector = at(props, "spec", "podSelector");
  const ingress = at(props, "spec", "ingress");
  return (
    textAt(selector, "matchLabels", NAME) === MODEL && Array.isArray(ingress) && ingress.length > 0
  );
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
      const caller = textAt(peer, "podSelector", "matchLabels", NAME);
      if (caller !== undefined && CALLERS.includes(caller)) continue;
      const who = caller ?? textAt(peer, "ipBlock", "cidr") ?? JSON.stringify(asFields(peer) ?? {});
      report.fails(`${where} lets ${who} call model servers past the gateway. Remove it.`);
    }
  }
}
