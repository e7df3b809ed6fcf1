/**
 * Dashboards for a Grafana, the site's or the stack's own: one ConfigMap each, found by a label, as the side-car of Grafana's
 * chart looks for them. No right in one is asked for.
 */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { boardsOf, type Shown } from "../observability/dashboards/boards-of-stack.ts";
import { dashboardFiles, renderDashboard } from "../observability/dashboards/dashboards.ts";
import type { DashboardFile, Language } from "../observability/dashboards/panel.ts";
import { Component, labelsOf } from "./component.ts";

export interface DashboardsArgs {
  readonly namespace: string;
  /** The first has the addresses that alerts link to. */
  readonly languages: readonly Language[];
  /** What is there to be shown; panels about anything else are left out. */
  readonly shown: Shown;
  /** By which the side-car finds them. */
  readonly labels: Readonly<Record<string, string>>;
}

export class Dashboards extends Component {
  /** Of the ConfigMaps. */
  readonly names: readonly string[];

  constructor(name: string, args: DashboardsArgs, options?: pulumi.ComponentResourceOptions) {
    super("monitoring:Dashboards", name, options);
    const files = dashboardFiles(args.languages, boardsOf(args.shown));
    this.names = files.map(nameOf);
    for (const file of files) {
      const content = pulumi.output(renderDashboard(file));
      new k8s.core.v1.ConfigMap(
        `${name}-${file.name}`,
        {
          metadata: {
            name: nameOf(file),
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

function nameOf({ name }: DashboardFile): string {
  return `dashboard-${name}`;
}
