/**
 * What runs is known and looked at: registries scan what is pushed and never change a tag, and managed
 * services run the version that was planned, which a review raises, not a maintenance window.
 */
import type { Rule } from "../judging/rule.ts";
import { at, type Fields, isPresent } from "../kubernetes/values.ts";

type Look = (props: Fields) => readonly (string | undefined)[];

const LOOKS: Readonly<Record<string, Look>> = {
  "aws:ecr/repository:Repository": (props) => [
    when(
      at(props, "imageScanningConfiguration", "scanOnPush") !== true,
      "is not scanned. Set scanOnPush: true",
    ),
    when(
      props["imageTagMutability"] !== "IMMUTABLE",
      "lets tags change. Set imageTagMutability: IMMUTABLE",
    ),
  ],
  "aws:eks/cluster:Cluster": (props) => [
    when(!isPresent(props["version"]), "names no version. Set version"),
  ],
  "aws:eks/nodeGroup:NodeGroup": (props) => [
    when(!isPresent(props["releaseVersion"]), "takes whatever image is newest. Set releaseVersion"),
  ],
  "aws:eks/addon:Addon": (props) => [
    when(!isPresent(props["addonVersion"]), "takes whatever is newest. Set addonVersion"),
  ],
  "aws:rds/instance:Instance": (props) => [
    when(
      !/^\d+\.\d+/.test(String(props["engineVersion"] ?? "")),
      "names no full version. Set engineVersion",
    ),
    when(
      props["autoMinorVersionUpgrade"] !== false,
      "changes by itself. Set autoMinorVersionUpgrade: false",
    ),
  ],
  "aws:elasticache/replicationGroup:ReplicationGroup": (props) => [
    when(!isPresent(props["engineVersion"]), "names no version. Set engineVersion"),
  ],
};

export const scanAndPin: Rule = {
  name: "scan-and-pin",
  description: "Images are scanned and never changed; managed services run a planned version.",
  severity: "medium",
  sees: "resource",
  about: "registries or managed services",
  applies: ({ type }) => LOOKS[type] !== undefined,
  judge: ({ type, props, name }, report) => {
    for (const fault of LOOKS[type]?.(props) ?? []) {
      if (fault !== undefined) report.fails(`${name} ${fault}.`);
    }
  },
};

function when(wrong: boolean, text: string): string | undefined {
  return wrong ? text : undefined;
}
