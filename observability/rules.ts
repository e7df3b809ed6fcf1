/** All rules, in the order in which Prometheus needs them: recordings first. Pure data. */
import { collecting } from "./rules/collecting.ts";
import { gpus } from "./rules/gpu.ts";
import { aliases, recordings } from "./rules/recordings.ts";
import { records } from "./rules/records.ts";
import type { AlertRule, RuleGroup } from "./rules/rule.ts";
import { service } from "./rules/service.ts";
import { serving } from "./rules/serving.ts";
import { stores } from "./rules/stores.ts";
import { targets } from "./rules/targets.ts";

export const RULE_GROUPS: readonly RuleGroup[] = [
  recordings,
  aliases,
  service,
  serving,
  gpus,
  stores,
  records,
  collecting,
  targets,
];

export const ALERTS: readonly AlertRule[] = RULE_GROUPS.flatMap(({ rules }) => rules).filter(
  (rule): rule is AlertRule => "alert" in rule,
);
