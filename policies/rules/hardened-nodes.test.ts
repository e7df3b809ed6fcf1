import { hardenedNodes } from "./hardened-nodes.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(hardenedNodes, {
  good: {
    group: { type: "aws:eks/nodeGroup:NodeGroup", props: { launchTemplate: { id: "l" } } },
    machine: {
      type: "aws:ec2/instance:Instance",
      props: { metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 } },
    },
    nodes: {
      type: "aws:ec2/launchTemplate:LaunchTemplate",
      props: { metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 } },
    },
  },
  fails: {
    "nodes without a template of ours": [[["group", "launchTemplate", undefined]], /answers pods/],
    "a machine by itself": [[["machine", "metadataOptions", undefined]], /machine answers/],
    "requests without a session": [
      [["nodes", "metadataOptions.httpTokens", "optional"]],
      /without a session/,
    ],
    "no word about sessions": [
      [["nodes", "metadataOptions.httpTokens", undefined]],
      /without a session/,
    ],
    "a second hop": [[["nodes", "metadataOptions.httpPutResponseHopLimit", 2]], /answers pods/],
    "no options": [[["nodes", "metadataOptions", undefined]], /answers pods/],
  },
  unknown: ["nodes", "metadataOptions.httpTokens"],
});
