/** Ejection, the trial after it, and the order of targets; by a clock turned by hand. */
import { describe, expect, test } from "vitest";
import { ManualClock } from "../base/test-clock.ts";
import { routesFileSchema } from "../documents.ts";
import { limits } from "../limits.ts";
import { RouteTable } from "./route-table.ts";
import { orderTargets, TargetHealth } from "./target-health.ts";

const target = (name: string, weight = 1) => ({
  url: `https://${name}:8000`,
  weight,
  continuousUsage: true,
  basePath: "/v1",
  provider: undefined,
  model: undefined,
});

function fail(health: TargetHealth, times: number): void {
  for (let index = 0; index < times; index += 1) {
    health.begin();
    health.end("fault");
  }
}

describe("health", () => {
  test("faults in a row eject, a good answer between them does not", () => {
    const health = new TargetHealth(target("a"), new ManualClock());
    fail(health, limits.ejectionFaults - 1);
    health.begin();
    health.end("good");
    fail(health, limits.ejectionFaults - 1);
    expect(health.ejected).toBe(false);
    fail(health, 1);
    expect(health.ejected).toBe(true);
  });

  test("after its time one request tries; its fault doubles the time", () => {
    const clock = new ManualClock();
    const health = new TargetHealth(target("a"), clock);
    fail(health, limits.ejectionFaults);
    clock.advance(limits.ejectionMsMin);
    expect(health.ejected).toBe(false);
    health.begin();
    expect(health.ejected).toBe(true);
    health.end("fault");
    clock.advance(limits.ejectionMsMin);
    expect(health.ejected).toBe(true);
    clock.advance(limits.ejectionMsMin);
    expect(health.ejected).toBe(false);
    health.begin();
    health.end("good");
    fail(health, 1);
    expect(health.ejected).toBe(false);
  });
});

describe("order", () => {
  test("least loaded for its weight first; the ejected are left out", () => {
    const clock = new ManualClock();
    const [a, b, c] = [target("a"), target("b", 4), target("c")].map(
      (t) => new TargetHealth(t, clock),
    ) as [TargetHealth, TargetHealth, TargetHealth];
    a.begin();
    b.begin();
    b.begin();
    fail(c, limits.ejectionFaults);
    expect(orderTargets([a, b, c], () => 0.5)).toEqual([b, a]);
  });

  test("where all are ejected, all are tried", () => {
    const clock = new ManualClock();
    const a = new TargetHealth(target("a"), clock);
    const b = new TargetHealth(target("b"), clock);
    fail(b, limits.ejectionFaults);
    clock.advance(1);
    fail(a, limits.ejectionFaults);
    expect(orderTargets([a, b], () => 0.5)).toEqual([b, a]);
  });
});

test("a changed routes file keeps what is known of unchanged targets", () => {
  const routes = (...names: string[]) => {
    const targets = names.map((name) => ({ url: `http://${name}:8000` }));
    const model = { id: "m", contextLength: 1, capabilities: ["chat"], targets };
    return routesFileSchema.parse({ models: [model] });
  };
  const table = new RouteTable(routes("a"), new ManualClock());
  const before = table.get("m")?.targets[0];
  table.replace(routes("a", "b"));
  expect(table.get("m")?.targets[0]).toBe(before);
  expect(table.get("m")?.targets).toHaveLength(2);
});
