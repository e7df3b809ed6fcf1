/**
 * A NetworkPolicy names both ends and the port. An empty peer list, an empty port list and 0.0.0.0/0 all
 * mean "anything"; only the edge may be called by anybody, and by whom is the settings' word.
 */
import type { Report, Rule } from "../judging/rule.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { asFields, at, textAt } from "../kubernetes/values.ts";

const SIDES = [
  ["ingress", "from"],
  ["egress", "to"],
] as const;

export const namedFlows: Rule = {
  name: "named-flows",
  description: "Network policies name who, whom and which port.",
  severity: "high",
  sees: "resource",
  about: "network policies",
  applies: ({ type }) => kindOf(type) === "NetworkPolicy",
  judge: ({ props }, report) => {
    const where = `NetworkPolicy ${nameIn(props)}`;
    const spec = asFields(props["spec"]);
    if (spec === undefined) {
      report.fails(`${where} has no specification that could be judged.`);
      return;
    }
    const program = textAt(spec, "podSelector", "matchLabels", "app.kubernetes.io/name");
    for (const [side, peers] of SIDES) {
      const rules = spec[side];
      for (const rule of Array.isArray(rules) ? rules : []) {
        judgeRule(`${where}, ${side}`, at(rule, peers), at(rule, "ports"), report, {
          anybody: side === "ingress" && program === "edge",
        });
      }
    }
  },
};

function judgeRule(
  where: string,
  peers: unknown,
  ports: unknown,
  report: Report,
  { anybody }: { readonly anybody: boolean },
): void {
  if (!Array.isArray(ports) || ports.length === 0) {
    report.fails(`${where} allows every port. Name the ports.`);
  }
  if (!Array.isArray(peers) || peers.length === 0) {
    report.fails(`${where} allows everybody. Name the other end.`);
    return;
  }
  for (const peer of peers) {
    const range = textAt(peer, "ipBlock", "cidr") ?? "";
    if (/\/0$/.test(range) && !anybody) report.fails(`${where} allows ${range}. Name ranges.`);
    const empty = ["podSelector", "namespaceSelector"].every((key) => isEverything(at(peer, key)));
    if (at(peer, "ipBlock") === undefined && empty) {
      report.fails(`${where} allows pods of every name in every namespace. Select some.`);
    }
  }
}

function isEverything(selector: unknown): boolean {
  if (selector === undefined || selector === null) return true;
  return ["matchLabels", "matchExpressions"].every(
    (key) => Object.keys((at(selector, key) as object | undefined) ?? {}).length === 0,
  );
}
