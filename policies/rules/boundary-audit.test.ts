import { boundaryAudit } from "./boundary-audit.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(boundaryAudit, {
  good: {
    network: { type: "aws:ec2/vpc:Vpc", props: { id: "vpc-1" } },
    flows: { type: "aws:ec2/flowLog:FlowLog", props: { vpcId: "vpc-1", trafficType: "ALL" } },
    cluster: {
      type: "aws:eks/cluster:Cluster",
      props: { enabledClusterLogTypes: ["api", "audit", "authenticator"] },
    },
    database: {
      type: "aws:rds/instance:Instance",
      props: { enabledCloudwatchLogsExports: ["postgresql"] },
    },
  },
  fails: {
    "no flow log": [[["flows", "", undefined]], /no record of its flows/],
    "a flow log of another network": [
      [["flows", "vpcId", "vpc-2"]],
      /network keeps no record of its flows/,
    ],
    "a log of what was refused alone": [[["flows", "trafficType", "REJECT"]], /no record/],
    "a cluster without its audit log": [
      [["cluster", "enabledClusterLogTypes", ["api"]]],
      /does not log audit, authenticator/,
    ],
    "a cluster without logs": [
      [["cluster", "enabledClusterLogTypes", undefined]],
      /does not log api/,
    ],
    "a database without logs": [
      [["database", "enabledCloudwatchLogsExports", []]],
      /does not log postgresql/,
    ],
  },
  unknown: ["flows", "trafficType"],
});
