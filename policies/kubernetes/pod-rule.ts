/** The frame of a rule about pods: finds them, reports what is malformed, judges the rest. */
import type { Context, Report, Resource, Rule } from "../judging/rule.ts";
import { judgeEach } from "./judge.ts";
import { type Container, containersOf, hasPods, type Pod, podsOf } from "./pods.ts";

export interface PodRule extends Omit<Rule, "sees" | "about" | "applies" | "judge"> {
  /** Who reads variables sees the stack, whose ConfigMaps may hold them. */
  readonly sees?: Rule["sees"];
  readonly about?: string;
  /** Which objects with pods it is about; all, where it does not say. */
  readonly applies?: (resource: Resource) => boolean;
  readonly pod?: (pod: Pod, report: Report, context: Context) => void;
  readonly container?: (pod: Pod, container: Container, report: Report, context: Context) => void;
}

export function podRule(rule: PodRule): Rule {
  const { pod: judgePod, container: judgeContainer, applies, about, ...rest } = rule;
  return {
    sees: "resource",
    ...rest,
    about: about ?? "pods",
    applies: (resource) => hasPods(resource.type) && (applies?.(resource) ?? true),
    judge: (resource, report, context) => {
      const pods = podsOf(resource.type, resource.props);
      for (const fault of pods.malformed) report.fails(fault);
      judgeEach(pods.items, (pod) => {
        const containers = containersOf(pod);
        for (const fault of containers.malformed) report.fails(fault);
        judgeEach(
          [
            () => judgePod?.(pod, report, context),
            ...containers.items.map((one) => () => judgeContainer?.(pod, one, report, context)),
          ],
          (judge) => judge(),
        );
      });
    },
  };
}
