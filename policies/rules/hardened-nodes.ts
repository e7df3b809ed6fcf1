/**
 * A node's metadata service gives out the node's own credentials. It answers sessions only (IMDSv2), and
 * not across a hop, so that a pod cannot ask for them.
 */
import type { Rule } from "../judging/rule.ts";
import { at, isPresent } from "../kubernetes/values.ts";

const MACHINES = /^aws:ec2\/(launchTemplate|launchConfiguration|instance|spotInstanceRequest):/;
const GROUP = "aws:eks/nodeGroup:NodeGroup";

export const hardenedNodes: Rule = {
  name: "hardened-nodes",
  description: "Nodes give their credentials to nobody: IMDSv2, one hop.",
  severity: "high",
  sees: "resource",
  about: "machines of a cloud",
  applies: ({ type }) => MACHINES.test(type) || type === GROUP,
  judge: ({ type, props, name }, report) => {
    if (type === GROUP) {
      if (isPresent(props["launchTemplate"])) return;
      report.fails(`${name} answers pods, as its service's own template does. Set launchTemplate.`);
      return;
    }
    const options = props["metadataOptions"];
    if (at(options, "httpTokens") !== "required") {
      report.fails(`${name} answers without a session. Set metadataOptions.httpTokens: required.`);
    }
    if (at(options, "httpPutResponseHopLimit") !== 1) {
      report.fails(`${name} answers pods. Set metadataOptions.httpPutResponseHopLimit: 1.`);
    }
  },
};
