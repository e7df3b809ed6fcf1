/**
 * No program listens without TLS: a health check over plain HTTP tells of a plain port, a model server
 * without a certificate serves prompts in clear, and a load balancer either passes TCP on to the edge,
 * which ends TLS, or ends TLS 1.3 itself.
 */
import type { Context, Report, Rule } from "../judging/rule.ts";
import { judgeEach } from "../kubernetes/judge.ts";
import { type Container, containersOf, hasPods, podsOf, whereOf } from "../kubernetes/pods.ts";
import { isGateway, servesModels } from "../kubernetes/read.ts";
import { asFields, at, type Fields, isPresent, textAt } from "../kubernetes/values.ts";
import { hasVariable, statedVariable, toldWords } from "../kubernetes/variables.ts";

const LISTENER = /^aws:(lb|alb)\/listener:/;
const PROBES = ["readinessProbe", "livenessProbe", "startupProbe"];
/** What is bound to the pod's own loopback is no listener that anybody reaches. */
const LOOPBACK = /--(?:web\.)?listen-address=(?:127\.0\.0\.1|localhost):/;

export const noPlainListeners: Rule = {
  name: "no-plain-listeners",
  description: "Every listener speaks TLS; a plain port only redirects.",
  severity: "high",
  sees: "stack",
  about: "listeners",
  applies: ({ type }) => hasPods(type) || LISTENER.test(type),
  judge: ({ type, props }, report, context) => {
    if (LISTENER.test(type)) return judgeListener(props, report);
    judgeEach(podsOf(type, props).items, (pod) => {
      judgeEach(containersOf(pod).items, (container) => {
        judgeContainer(whereOf(pod, container), container, report, context);
      });
    });
  },
};

function judgeContainer(
  where: string,
  container: Container,
  report: Report,
  context: Context,
): void {
  const words = toldWords(container, context);
  const local = words.some((word) => LOOPBACK.test(word));
  for (const probe of PROBES) {
    const http = at(container.fields, probe, "httpGet");
    if (!isPresent(http) || local || at(http, "scheme") === "HTTPS") continue;
    report.fails(`${where} is asked over plain HTTP (${probe}). Serve TLS and set scheme: HTTPS.`);
  }
  if (container.kind !== "container") return;
  if (servesModels(container)) {
    const secured = ["--ssl-certfile", "--ssl-keyfile"].every((flag) =>
      words.some((word) => word === flag || word.startsWith(`${flag}=`)),
    );
    if (!secured)
      report.fails(
        `${where} serves without a certificate. Give it --ssl-certfile and --ssl-keyfile.`,
      );
  }
  if (!isGateway(container)) return;
  if (
    (hasVariable(container, "GW_TLS", context) &&
      statedVariable(container, "GW_TLS", context) !== "on") ||
    statedVariable(container, "GW_TLS_CERT_FILE", context) === undefined
  ) {
    report.fails(`${where} serves without TLS. Set GW_TLS_CERT_FILE and leave GW_TLS alone.`);
  }
}

function judgeListener(props: Fields, report: Report): void {
  const where = `Listener on ${String(props["port"] ?? "(no port)")}`;
  const protocol = textAt(props, "protocol");
  if (protocol === "TCP") return;
  if (protocol === "TLS" || protocol === "HTTPS") {
    const policy = textAt(props, "sslPolicy") ?? "its default";
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/network/describe-ssl-policies.html
    if (/^ELBSecurityPolicy-TLS13-1-3-/.test(policy)) return;
    report.fails(
      `${where} takes less than TLS 1.3 (${policy}). Set sslPolicy ELBSecurityPolicy-TLS13-1-3-2021-06.`,
    );
    return;
  }
  const actions = props["defaultActions"];
  const redirects =
    Array.isArray(actions) && actions.every((one) => asFields(one)?.["type"] === "redirect");
  if (!redirects)
    report.fails(
      `${where} speaks ${protocol ?? "an unknown protocol"}. Pass TCP to the edge, or redirect.`,
    );
}
