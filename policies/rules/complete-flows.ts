/**
 * A flow between two programs of the stack needs both ends: the caller's policy lets it out, and the
 * called one's lets it in. Half a flow is a connection that hangs, and soon a policy that somebody
 * widens to make it work.
 */
import type { Context, Rule } from "../judging/rule.ts";
import { judgeEach } from "../kubernetes/judge.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { asFields, at, type Fields, textAt } from "../kubernetes/values.ts";

const NAMESPACE_LABEL = "kubernetes.io/metadata.name";

interface Flow {
  readonly from: string;
  readonly to: string;
  readonly port: string;
}

export const completeFlows: Rule = {
  name: "complete-flows",
  description: "What one network policy lets out, another lets in, and the other way round.",
  severity: "medium",
  sees: "stack",
  about: "network policies",
  applies: ({ type }) => kindOf(type) === "NetworkPolicy",
  judge: ({ props }, report, context) => {
    const { ingress, egress, programs } = context.once("flows", () => flowsOf(context));
    const where = `NetworkPolicy ${nameIn(props)}`;
    for (const flow of sideOf(props, "egress")) {
      if (!programs.has(flow.to) || ingress.has(textOf(flow))) continue;
      report.fails(
        `${where} lets ${flow.from} call ${flow.to} on ${flow.port}, and nothing lets it in.`,
      );
    }
    for (const flow of sideOf(props, "ingress")) {
      if (!programs.has(flow.from) || egress.has(textOf(flow))) continue;
      report.fails(
        `${where} lets ${flow.from} in to ${flow.to} on ${flow.port}, and nothing lets it out.`,
      );
    }
  },
};

/** What the stack's policies allow, and which programs they are about. */
function flowsOf({ resources }: Context) {
  const ingress = new Set<string>();
  const egress = new Set<string>();
  const programs = new Set<string>();
  judgeEach(resources, ({ type, props }) => {
    if (kindOf(type) !== "NetworkPolicy") return;
    const own = selected(at(props, "spec", "podSelector"), textAt(props, "metadata", "namespace"));
    if (own !== undefined) programs.add(own);
    for (const flow of sideOf(props, "ingress")) ingress.add(textOf(flow));
    for (const flow of sideOf(props, "egress")) egress.add(textOf(flow));
  });
  return { ingress, egress, programs };
}

function sideOf(props: Fields, side: "ingress" | "egress"): Flow[] {
  const namespace = textAt(props, "metadata", "namespace") ?? "default";
  const own = selected(at(props, "spec", "podSelector"), namespace);
  // A policy for all pods of a namespace (DNS) is no flow between two programs.
  if (own === undefined) return [];
  const rules = at(props, "spec", side);
  return (Array.isArray(rules) ? rules : []).flatMap((rule) => {
    const peers = at(rule, side === "ingress" ? "from" : "to");
    const ports = at(rule, "ports");
    return (Array.isArray(peers) ? peers : []).flatMap((peer) => {
      const there = textAt(peer, "namespaceSelector", "matchLabels", NAMESPACE_LABEL) ?? namespace;
      const other = selected(at(peer, "podSelector"), there);
      if (other === undefined) return [];
      return (Array.isArray(ports) ? ports : []).map((port) => ({
        from: side === "ingress" ? other : own,
        to: side === "ingress" ? own : other,
        port: `${String(at(port, "protocol") ?? "TCP")}/${String(at(port, "port"))}`,
      }));
    });
  });
}

/** Labels as one text, so that selectors can be compared; undefined: all pods, or none by label. */
function selected(selector: unknown, namespace: string | undefined): string | undefined {
  const labels = Object.entries(asFields(at(selector, "matchLabels")) ?? {}).sort();
  if (labels.length === 0) return undefined;
  return `${namespace ?? "default"}/${labels.map(([key, value]) => `${key}=${String(value)}`).join(",")}`;
}

function textOf({ from, to, port }: Flow): string {
  return `${from} ${to} ${port}`;
}
