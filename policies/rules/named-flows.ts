/**
 * A NetworkPolicy names both ends and the port. An empty peer list, an empty port list and 0.0.0.0/0 all
 * mean "anything"; only the edge may be called by anybody, and by whom is the settings' word.
 */
import { isEverybody } from "../judging/ranges.ts";
import type { Report, Rule } from "../judging/rule.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { asFields, at, isPresent, textAt } from "../kubernetes/values.ts";

const PORTS_MAX = 65_535;
/** Policies of one network plugin, or of the whole cluster: they can allow what a plain one forbids. */
const OTHER_KINDS = /^(?!NetworkPolicy$)\w*NetworkPolic(y|ies)(Patch|List)?$/;
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
  applies: ({ type }) => kindOf(type) === "NetworkPolicy" || OTHER_KINDS.test(kindOf(type) ?? ""),
  judge: ({ type, props }, report) => {
    const where = `${kindOf(type)} ${nameIn(props)}`;
    if (kindOf(type) !== "NetworkPolicy") {
      report.fails(`${where} is of a kind that cannot be judged. Write NetworkPolicies.`);
      return;
    }
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
  if (!Array.isArray(ports) || ports.length === 0 || ports.some(isEveryPort)) {
    report.fails(`${where} allows every port. Name the ports.`);
  }
  if (!Array.isArray(peers) || peers.length === 0) {
    report.fails(`${where} allows everybody. Name the other end.`);
    return;
  }
  for (const peer of peers) {
    const range = textAt(peer, "ipBlock", "cidr") ?? "";
    if (isEverybody(range) && !anybody) report.fails(`${where} allows ${range}. Name ranges.`);
    const empty = ["podSelector", "namespaceSelector"].every((key) => isEverything(at(peer, key)));
    if (at(peer, "ipBlock") === undefined && empty) {
      report.fails(`${where} allows pods of every name in every namespace. Select some.`);
    }
  }
}

/** Without a number it is every port of a protocol; the greater half of all ports is none by name either. */
function isEveryPort(port: unknown): boolean {
  const [first, last] = [at(port, "port"), at(port, "endPort")];
  if (!isPresent(first)) return true;
  return Number(last) - Number(first) > PORTS_MAX / 2;
}

/** That a label is there, or is not one value, names nobody. */
function isEverything(selector: unknown): boolean {
  const labels = Object.keys(asFields(at(selector, "matchLabels")) ?? {});
  const expressions = at(selector, "matchExpressions");
  const naming = (Array.isArray(expressions) ? expressions : []).some(
    (one) => at(one, "operator") === "In",
  );
  return labels.length === 0 && !naming;
}
