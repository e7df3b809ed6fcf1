import { hardenedNodes } from "./hardened-nodes.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(hardenedNodes, {
  good: {
    nodes: {
      type: "aws:ec2/launchTemplate:LaunchTemplate",
      props: { metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 } },
    },
  },
  fails: {
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
