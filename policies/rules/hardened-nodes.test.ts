import { gzipSync } from "node:zlib";
import { hardenedNodes } from "./hardened-nodes.ts";
import { judgedByTable } from "./test-table.ts";

/** As nodeadm of AL2023 takes it. */
const start = (kubelet: string) =>
  [
    ...["MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="node"', "", "--node"],
    ...["Content-Type: application/node.eks.aws", "", "kind: NodeConfig", kubelet, "--node--", ""],
  ].join("\n");
const encoded = (text: string | Buffer) => Buffer.from(text).toString("base64");
const ANONYMOUS =
  "spec:\n  kubelet:\n    config:\n      authentication:\n        anonymous:\n          enabled: true";

judgedByTable(hardenedNodes, {
  good: {
    group: { type: "aws:eks/nodeGroup:NodeGroup", props: { launchTemplate: { id: "l" } } },
    machine: {
      type: "aws:ec2/instance:Instance",
      props: { metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 } },
    },
    nodes: {
      type: "aws:ec2/launchTemplate:LaunchTemplate",
      props: {
        metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
        userData: encoded(start("spec:\n  kubelet:\n    flags: [--node-labels=a=b]")),
      },
    },
  },
  fails: {
    "a kubelet that answers anybody": [
      [["nodes", "userData", encoded(start(ANONYMOUS))]],
      /nodes turns off the kubelet's authentication/,
    ],
    "a kubelet's plain port, compressed": [
      [["nodes", "userData", encoded(gzipSync(start("readOnlyPort: 10255")))]],
      /the kubelet's closed port/,
    ],
    "a script that ends the audit": [
      [["machine", "userData", "#!/bin/sh\nsystemctl disable --now auditd\n"]],
      /machine turns off a service that guards it/,
    ],
    "a script that ends SELinux": [
      [["machine", "userDataBase64", encoded("#!/bin/sh\nsetenforce 0\n")]],
      /turns off SELinux/,
    ],
    "what cannot be read": [
      [["nodes", "userData", encoded(Buffer.from([0x1f, 0x8b, 1, 2]))]],
      /cannot be read/,
    ],
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
