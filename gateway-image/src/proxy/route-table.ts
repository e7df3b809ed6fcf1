/** Models and their targets by name; what is known of a target outlives a change of the file. */
import type { Clock } from "../base/clock.ts";
import type { Model, RoutesFile } from "../documents.ts";
import { type Target, targetOf } from "./target.ts";
import { TargetHealth } from "./target-health.ts";

export interface Route {
  readonly model: Model;
  readonly targets: readonly TargetHealth[];
}

export class RouteTable {
  #routes = new Map<string, Route>();
  readonly #clock: Clock;

  constructor(file: RoutesFile, clock: Clock) {
    this.#clock = clock;
    this.replace(file);
  }

  get(model: string): Route | undefined {
    return this.#routes.get(model);
  }

  all(): Route[] {
    return [...this.#routes.values()];
  }

  replace(file: RoutesFile): void {
    const former = new Map<string, TargetHealth>();
    for (const route of this.#routes.values()) {
      for (const health of route.targets)
        former.set(identity(route.model.id, health.target), health);
    }
    this.#routes = new Map(
      file.models.map((model) => {
        const targets = model.targets
          .map(targetOf)
          .map(
            (target) =>
              former.get(identity(model.id, target)) ?? new TargetHealth(target, this.#clock),
          );
        return [model.id, { model, targets }];
      }),
    );
  }
}

function identity(model: string, target: Target): string {
  return JSON.stringify([model, target]);
}
