import { scanAndPin } from "./scan-and-pin.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(scanAndPin, {
  good: {
    images: {
      type: "aws:ecr/repository:Repository",
      props: { imageScanningConfiguration: { scanOnPush: true }, imageTagMutability: "IMMUTABLE" },
    },
    cluster: { type: "aws:eks/cluster:Cluster", props: { version: "1.34" } },
    nodes: { type: "aws:eks/nodeGroup:NodeGroup", props: { releaseVersion: "1.34.1-20251112" } },
    addon: { type: "aws:eks/addon:Addon", props: { addonVersion: "v1" } },
    database: {
      type: "aws:rds/instance:Instance",
      props: { engineVersion: "17.6", autoMinorVersionUpgrade: false },
    },
    cache: {
      type: "aws:elasticache/replicationGroup:ReplicationGroup",
      props: { engineVersion: "7.1" },
    },
  },
  fails: {
    "images that nobody scans": [
      [["images", "imageScanningConfiguration", undefined]],
      /not scanned/,
    ],
    "tags that change": [[["images", "imageTagMutability", "MUTABLE"]], /lets tags change/],
    "a cluster of any version": [[["cluster", "version", undefined]], /names no version/],
    "nodes of any image": [[["nodes", "releaseVersion", undefined]], /whatever image/],
    "an add-on of any version": [[["addon", "addonVersion", undefined]], /whatever is newest/],
    "half a version": [[["database", "engineVersion", "17"]], /no full version/],
    "a database that changes by itself": [
      [["database", "autoMinorVersionUpgrade", true]],
      /changes by itself/,
    ],
  },
  unknown: ["images", "imageTagMutability"],
});
