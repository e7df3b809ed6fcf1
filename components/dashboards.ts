/**
 * Dashboards for a Grafana that the site has: one ConfigMap each, found by a label, as the side-car of Grafana's chart looks
 * for them. No Grafana is deployed, and no right in one is asked for.
 */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { dashboardFiles, renderDashboard } from "../observability/dashboards/dashboards.ts";
import type { Language } from "../observability/dashboards/panel.ts";
import { Component, labelsOf } from "./component.ts";

export interface DashboardsArgs {
  readonly namespace: string;
  /** The first has the addresses that alerts link to. */
  readonly languages: readonly Language[];
  /** By which the side-car finds them. */
  readonly labels: Readonly<Record<string, string>>;
}

export class Dashboards extends Component {
  constructor(name: string, args: DashboardsArgs, options?: pulumi.ComponentResourceOptions) {
    super("monitoring:Dashboards", name, options);
    for (const file of dashboardFiles(args.languages)) {
      const content = pulumi.output(renderDashboard(file));
      new k8s.core.v1.ConfigMap(
        `${name}-${file.name}`,
        {
          metadata: {
            name: `dashboard-${file.name}`,
            namespace: args.namespace,
            labels: labelsOf("dashboards", args.labels),
          },
          data: { [`${file.name}.json`]: content },
        },
        { parent: this },
      );
    }
  }
}
