/**
 * Who changed the cluster, who connected to the database, and what crossed the network is written down:
 * the control plane's audit logs, the database's logs, and flow logs of everything.
 */
import { CLUSTER, DATABASE, pointingTo } from "../aws/resources.ts";
import type { Rule } from "../judging/rule.ts";

const NETWORK = "aws:ec2/vpc:Vpc";
const FLOW_LOG = "aws:ec2/flowLog:FlowLog";
const CONTROL_PLANE = ["api", "audit", "authenticator"];

export const boundaryAudit: Rule = {
  name: "boundary-audit",
  description:
    "Changes of the cluster, connections to the database and network flows are recorded.",
  severity: "high",
  sees: "stack",
  about: "networks, clusters or databases of a cloud",
  applies: ({ type }) => [CLUSTER, DATABASE, NETWORK].includes(type),
  judge: ({ type, props, name }, report, context) => {
    if (type === NETWORK) {
      const logs = pointingTo(context, FLOW_LOG, "vpcId", props["id"] ?? props["vpcId"]);
      if (!logs.some((one) => one.props["trafficType"] === "ALL"))
        report.fails(`${name} keeps no record of its flows. Add a FlowLog with trafficType ALL.`);
      return;
    }
    const key = type === CLUSTER ? "enabledClusterLogTypes" : "enabledCloudwatchLogsExports";
    const wanted = type === CLUSTER ? CONTROL_PLANE : ["postgresql"];
    const kept = props[key];
    const absent = wanted.filter((one) => !(Array.isArray(kept) && kept.includes(one)));
    if (absent.length > 0)
      report.fails(`${name} does not log ${absent.join(", ")}. Add to ${key}.`);
  },
};
