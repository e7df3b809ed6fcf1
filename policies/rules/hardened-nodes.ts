/**
 * A node's metadata service gives out the node's own credentials. It answers sessions only (IMDSv2), and
 * not across a hop, so that a pod cannot ask for them.
 */
import type { Rule } from "../judging/rule.ts";
import { at } from "../kubernetes/values.ts";

export const hardenedNodes: Rule = {
  name: "hardened-nodes",
  description: "Nodes give their credentials to nobody: IMDSv2, one hop.",
  severity: "high",
  sees: "resource",
  about: "launch templates",
  applies: ({ type }) => type === "aws:ec2/launchTemplate:LaunchTemplate",
  judge: ({ props, name }, report) => {
    const options = props["metadataOptions"];
    if (at(options, "httpTokens") !== "required") {
      report.fails(`${name} answers without a session. Set metadataOptions.httpTokens: required.`);
    }
    if (at(options, "httpPutResponseHopLimit") !== 1) {
      report.fails(`${name} answers pods. Set metadataOptions.httpPutResponseHopLimit: 1.`);
    }
  },
};
