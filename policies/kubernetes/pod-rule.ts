/** The frame of a rule about pods: finds them, reports what is malformed, judges the rest. */
import type { ResourceValidationPolicy } from "@pulumi/policy";
import { judgeEach } from "./judge.ts";
import { type Container, containersOf, type Pod, podsOf } from "./pods.ts";
import type { Fields } from "./values.ts";

export type Report = (message: string) => void;

export interface PodRule extends Omit<ResourceValidationPolicy, "validateResource"> {
  /** Why a pod in this namespace is not judged; undefined: it is. */
  readonly exempt?: (pod: Pod, config: Fields) => boolean;
  readonly pod?: (pod: Pod, report: Report, config: Fields) => void;
  readonly container?: (pod: Pod, container: Container, report: Report, config: Fields) => void;
}

export function podRule(rule: PodRule): ResourceValidationPolicy {
  const { exempt, pod: judgePod, container: judgeContainer, ...policy } = rule;
  return {
    ...policy,
    validateResource: (args, reportViolation) => {
      const report: Report = (message) => reportViolation(message);
      const pods = podsOf(args.type, args.props);
      pods.malformed.forEach(report);
      judgeEach(pods.items, (pod) => {
        const config = args.getConfig<Fields>();
        if (exempt?.(pod, config) === true) return;
        const containers = containersOf(pod);
        containers.malformed.forEach(report);
        judgeEach(
          [
            () => judgePod?.(pod, report, config),
            ...containers.items.map((one) => () => judgeContainer?.(pod, one, report, config)),
          ],
          (judge) => judge(),
        );
      });
    },
  };
}
