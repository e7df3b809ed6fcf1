/** Ejection, the trial after it, and the order of targets; by a clock turned by hand. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../base/test-clock.ts";
import { routesFileSchema } from "../documents.ts";
import { limits } from "../limits.ts";
import { RouteTable } from "./route-table.ts";
import { orderTargets, TargetHealth, type Verdict } from "./target-health.ts";

const target = (name: string, weight = 1) => ({
  url: `https://${name}:8000`,
  weight,
  continuousUsage: true,
  basePath: "/v1",
  provider: undefined,
  model: undefined,
});

function call(health: TargetHealth, verdict: Verdict): void {
  health.begin();
  health.end(verdict);
}

function fail(health: TargetHealth, times: number, verdict: Verdict = "fault"): void {
  for (let index = 0; index < times; index += 1) call(health, verdict);
}

function failProbes(health: TargetHealth, times: number): void {
  for (let index = 0; index < times; index += 1) health.probed("fault");
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

describe("probes", () => {
  test("failures in a row eject, until a probe or a call is answered", () => {
    const health = new TargetHealth(target("a"), new ManualClock());
    failProbes(health, limits.probeFaults - 1);
    health.probed("good");
    failProbes(health, limits.probeFaults - 1);
    expect(health.ejected).toBe(false);
    failProbes(health, 1);
    expect(health.ejected).toBe(true);
    health.probed("good");
    expect(health.ejected).toBe(false);
    failProbes(health, limits.probeFaults);
    call(health, "good");
    expect(health.ejected).toBe(false);
  });

  test("one that is answered ends the wait of a target that could not be reached", () => {
    const clock = new ManualClock();
    const health = new TargetHealth(target("a"), clock);
    fail(health, limits.ejectionFaults, "away");
    expect(health.ejected).toBe(true);
    health.probed("good");
    expect(health.ejected).toBe(false);
    // The next fault is one too many, and its time is the doubled one.
    fail(health, 1);
    clock.advance(limits.ejectionMsMin * 2 - 1);
    expect(health.ejected).toBe(true);
    clock.advance(1);
    expect(health.ejected).toBe(false);
  });

  test("they end the wait after other faults only where they have seen it away and back", () => {
    const health = new TargetHealth(target("a"), new ManualClock());
    fail(health, limits.ejectionFaults);
    failProbes(health, limits.probeFaults - 1);
    health.probed("good");
    expect(health.ejected).toBe(true);
    failProbes(health, limits.probeFaults);
    health.probed("good");
    expect(health.ejected).toBe(false);
  });

  test("that are always answered change nothing of what answers that fail have earned", () => {
    const events = fc.array(
      fc.oneof(
        fc.constantFrom<Verdict>("good", "fault", "unknown"),
        fc.constant("probe" as const),
        fc.integer({ min: 1, max: limits.ejectionMsMax }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(events, (list) => {
        const clock = new ManualClock();
        const probed = new TargetHealth(target("a"), clock);
        const alone = new TargetHealth(target("a"), clock);
        for (const event of list) {
          if (typeof event === "number") clock.advance(event);
          else if (event === "probe") probed.probed("good");
          else for (const health of [probed, alone]) call(health, event);
          expect([probed.ejected, probed.ejectedUntilMs]).toEqual([
            alone.ejected,
            alone.ejectedUntilMs,
          ]);
        }
      }),
    );
  });

  test("whatever has been, a target that answers calls and probes is not left alone", () => {
    const event = fc.constantFrom<Verdict | "probe good" | "probe fault">(
      "good",
      "fault",
      "away",
      "unknown",
      "probe good",
      "probe fault",
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (list) => {
        const health = new TargetHealth(target("a"), new ManualClock());
        for (const one of list) {
          if (one === "probe good" || one === "probe fault") {
            health.probed(one === "probe good" ? "good" : "fault");
          } else call(health, one);
        }
        call(health, "good");
        expect([health.ejected, health.inFlight]).toEqual([false, 0]);
      }),
    );
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

  test("where probes have ejected all, they share the load", () => {
    const [a, b] = [target("a"), target("b")].map(
      (t) => new TargetHealth(t, new ManualClock()),
    ) as [TargetHealth, TargetHealth];
    for (const health of [a, b]) failProbes(health, limits.probeFaults);
    a.begin();
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
