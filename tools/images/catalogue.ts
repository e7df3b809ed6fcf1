/** Every image this project makes. */
import { UserError } from "../base/user-error.ts";
import type { Recipe } from "./recipe.ts";
import { alertRelay } from "./recipes/alert-relay.ts";
import { alertmanager } from "./recipes/alertmanager.ts";
import { auditArchive } from "./recipes/audit-archive.ts";
import { collector } from "./recipes/collector.ts";
import { edge } from "./recipes/edge.ts";
import { edgeExporter, postgresExporter, redisExporter } from "./recipes/exporters.ts";
import { gateway } from "./recipes/gateway.ts";
import { postgres } from "./recipes/postgres.ts";
import { prometheus } from "./recipes/prometheus.ts";
import { redis } from "./recipes/redis.ts";
import { restoreTest } from "./recipes/restore-test.ts";
import { simulator } from "./recipes/simulator.ts";
import { tester } from "./recipes/tester.ts";
import { weights } from "./recipes/weights.ts";

export const ALL_RECIPES: readonly Recipe[] = [
  gateway,
  simulator,
  weights,
  auditArchive,
  restoreTest,
  edge,
  redis,
  postgres,
  prometheus,
  alertmanager,
  alertRelay,
  edgeExporter,
  redisExporter,
  postgresExporter,
  tester,
  collector,
];

/** Those that are built where no name is given. */
export const USUAL_RECIPES = ALL_RECIPES.filter(({ built }) => built === undefined);

export function recipeNamed(name: string): Recipe {
  const recipe = ALL_RECIPES.find((one) => one.name === name);
  if (recipe !== undefined) return recipe;
  throw new UserError(`There is no image "${name}"`, {
    where: "command line",
    fix: `one of ${ALL_RECIPES.map((one) => one.name).join(", ")}`,
  });
}
