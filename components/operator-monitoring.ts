/**
 * What a cluster's own Prometheus is told of the site, where an operator keeps it: whom to scrape and the rules. It
 * has rights of its own; the site gives it none but to reach the ports (network policies).
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { JOBS } from "../observability/jobs.ts";
import { type Monitored, monitorObject, OPERATOR_API } from "../observability/operator-objects.ts";
import { prometheusRuleObject } from "../observability/prometheus-files.ts";
import { NO_LINKS } from "../observability/rules/rule.ts";
import { Component, labelsOf } from "./component.ts";
import type { PrometheusArgs } from "./prometheus.ts";

export interface OperatorMonitoringArgs {
  /** Of the rules; monitors stand beside what they are about. */
  readonly namespace: string;
  /** By which its Prometheus finds rules and monitors. */
  readonly labels: Readonly<Record<string, string>>;
  readonly monitored: readonly Monitored[];
  readonly scrapeSeconds: number;
  /** Jobs of the cluster's own, whose rules are rendered, too. */
  readonly jobs: readonly string[];
  /** undefined: there is a Prometheus of ours, which judges what it scrapes itself. */
  readonly alone: { readonly idleJobs: readonly string[] } | undefined;
  readonly links: PrometheusArgs["links"];
}

const RULES = "deepseek-rules";

export class OperatorMonitoring extends Component {
  constructor(
    name: string,
    args: OperatorMonitoringArgs,
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("monitoring:OperatorMonitoring", name, options);
    const parent = { parent: this };
    for (const monitored of args.monitored) {
      const labels = labelsOf(monitored.job, args.labels);
      const object = monitorObject(monitored, args.scrapeSeconds, labels);
      new k8s.apiextensions.CustomResource(`${name}-${monitored.name}`, object, parent);
    }
    const object = rulesOf(args) as { spec: object };
    new k8s.apiextensions.CustomResource(
      `${name}-rules`,
      { apiVersion: OPERATOR_API, kind: "PrometheusRule", ...object },
      parent,
    );
    this.registerOutputs({});
  }
}

function rulesOf(args: OperatorMonitoringArgs): object {
  const { namespace, labels, monitored, jobs, alone, links } = args;
  const scraped = monitored.map(({ job }) => job).filter((job) => !alone?.idleJobs.includes(job));
  return prometheusRuleObject(
    { name: RULES, namespace, labels: labelsOf(RULES, labels) },
    alone === undefined ? jobs : [JOBS.gateway, ...scraped, ...jobs],
    {
      runbooks: links.runbooks ?? NO_LINKS.runbooks,
      dashboards: links.dashboards ?? NO_LINKS.dashboards,
    },
    // Twice judged is twice told: beside a Prometheus of ours only what that one does not see.
    alone === undefined,
  );
}
