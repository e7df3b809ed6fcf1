/**
 * An alert that reaches nobody is none: Prometheus has rules and an Alertmanager, and Alertmanager's
 * default route and its route for critical alerts lead to a receiver with an address.
 */
import type { Report, Rule } from "../judging/rule.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { filesOf, hasFile } from "../kubernetes/read.ts";

const ALERTMANAGER = /^alertmanager\.ya?ml$/;
const PROMETHEUS = /^prometheus\.ya?ml$/;
/** `webhook_configs:`, `pagerduty_configs:` … under a receiver: somewhere it is sent to. */
const ADDRESS = /^\s+[a-z0-9_]+_configs:\s*$/m;

export const alertsDelivered: Rule = {
  name: "alerts-delivered",
  description: "Alerts have rules, a way and somebody whom they reach.",
  severity: "high",
  sees: "resource",
  about: "alerting",
  applies: ({ type, props }) =>
    ["Secret", "ConfigMap"].includes(kindOf(type) ?? "") &&
    (hasFile(props, ALERTMANAGER) || hasFile(props, PROMETHEUS)),
  judge: ({ type, props }, report) => {
    const where = `${kindOf(type)} ${nameIn(props)}`;
    for (const { name, text } of filesOf(props, ALERTMANAGER))
      judgeRoutes(`${where}, ${name}`, text, report);
    for (const { name, text } of filesOf(props, PROMETHEUS)) {
      if (!/^rule_files:\s*\n\s+- /m.test(text))
        report.fails(`${where}, ${name} has no rules. Add rule_files.`);
      if (!/^\s+alertmanagers:\s*$/m.test(text))
        report.fails(`${where}, ${name} tells nobody. Add alerting.alertmanagers.`);
    }
  },
};

function judgeRoutes(where: string, text: string, report: Report): void {
  const receivers = text.split(/^receivers:\s*$/m)[1]?.split(/^\S/m)[0] ?? "";
  const reached = new Set(
    receivers.split(/^\s*- name:\s*/m).flatMap((block) => {
      const name = /^["']?([\w.-]+)/.exec(block)?.[1];
      return name !== undefined && ADDRESS.test(block) ? [name] : [];
    }),
  );
  const routes = text.split(/^receivers:\s*$/m)[0] ?? "";
  const first = /^\s+receiver:\s*["']?([\w.-]+)/m.exec(routes)?.[1] ?? "nobody";
  const critical =
    /severity\s*=~?\s*\\?["']?[^\n]*critical[\s\S]*?receiver:\s*["']?([\w.-]+)/.exec(routes)?.[1] ??
    first;
  for (const [what, receiver] of [
    ["alerts", first],
    ["critical alerts", critical],
  ] as const) {
    if (!reached.has(receiver))
      report.fails(`${where}: ${what} go to ${receiver}, which has no address. Give it one.`);
  }
}
