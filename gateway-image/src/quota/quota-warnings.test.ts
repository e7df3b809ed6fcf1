/** The site's webhook is told once in a period, also by many gateways, and again where it failed. */
import { describe, expect, test, vi } from "vitest";
import { systemClock } from "../base/clock.ts";
import { MemorySharedStore } from "../stores/memory-shared-store.ts";
import type { Standing } from "../stores/quota-store.ts";
import type { Told } from "../webhooks/webhook-sender.ts";
import { QuotaWarnings } from "./quota-warnings.ts";

const DAY: Standing = {
  scope: "user:alice",
  limit: "requestsPerDay",
  max: 100,
  used: 80,
  resetMs: 3_600_000,
};

function gateways(answers: Told[], { count = 1 } = {}) {
  const shared = new MemorySharedStore(systemClock);
  const bodies: Record<string, unknown>[] = [];
  const ends: Told[] = [];
  const faults: unknown[] = [];
  const send = async (body: string) => {
    bodies.push(JSON.parse(body));
    return answers.shift() ?? "delivered";
  };
  const all = Array.from(
    { length: count },
    () =>
      new QuotaWarnings({
        shared,
        clock: systemClock,
        site: "primary",
        send,
        onEnd: (told) => ends.push(told),
        onFault: (cause) => faults.push(cause),
        pauseMs: () => 1,
      }),
  );
  return { all, shared, bodies, ends, faults };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 40));

describe("a limit at four fifths", () => {
  test("is told once, whatever comes after and from whichever gateway", async () => {
    const { all, bodies, ends } = gateways([], { count: 3 });
    for (let call = 0; call < 20; call += 1) {
      for (const one of all) one.note([{ ...DAY, used: 80 + call }], "bank");
    }
    await settled();
    for (const one of all) one.note([{ ...DAY, used: 100 }], "bank");
    await settled();
    expect(ends).toEqual(["delivered"]);
    expect(bodies).toEqual([
      {
        object: "quota.warning",
        site: "primary",
        tenant: "bank",
        scope: "user:alice",
        limit: "requestsPerDay",
        max: 100,
        used: 80,
        resets_in_seconds: 3_600,
      },
    ]);
  });

  test("money is told in its currency; accounts and limits are told apart", async () => {
    const { all, bodies } = gateways([]);
    const cost = { ...DAY, limit: "costPerMonth" as const, max: 5_000_000, used: 4_500_000 };
    all[0]?.note([DAY, cost, { ...DAY, scope: "tenant:bank" }], "bank");
    await settled();
    expect(bodies).toHaveLength(3);
    expect(bodies).toContainEqual(expect.objectContaining({ max: 5, used: 4.5 }));
  });

  test("below it nothing is told, nor of limits of a minute", async () => {
    const { all, bodies } = gateways([]);
    all[0]?.note(
      [
        { ...DAY, used: 79 },
        { ...DAY, limit: "requestsPerMinute" },
      ],
      "bank",
    );
    await settled();
    expect(bodies).toEqual([]);
  });
});

describe("a webhook that does not answer", () => {
  test("is tried six times, then again by the next call", async () => {
    const { all, bodies, ends } = gateways(Array(6).fill("later"));
    all[0]?.note([DAY], "bank");
    await settled();
    expect([bodies.length, ends]).toEqual([6, ["later"]]);
    all[0]?.note([DAY], "bank");
    await settled();
    expect([bodies.length, ends]).toEqual([7, ["later", "delivered"]]);
  });

  test("holds up no stop", async () => {
    const pauseMs = () => 3_600_000;
    const send = vi.fn(async (): Promise<Told> => "later");
    const warnings = new QuotaWarnings({
      shared: new MemorySharedStore(systemClock),
      clock: systemClock,
      site: "primary",
      send,
      onEnd: () => {},
      onFault: () => {},
      pauseMs,
    });
    warnings.note([DAY], "bank");
    await settled();
    await warnings.stop();
    expect(send).toHaveBeenCalledTimes(1);
    warnings.note([{ ...DAY, scope: "user:bob" }], "bank");
    expect(send).toHaveBeenCalledTimes(1);
  });

  test("a store that is away fails no call and is tried again", async () => {
    const { all, shared, bodies, faults } = gateways([]);
    vi.spyOn(shared, "claim").mockRejectedValueOnce(new Error("away"));
    all[0]?.note([DAY], "bank");
    await settled();
    expect([bodies.length, faults.length]).toEqual([0, 1]);
    all[0]?.note([DAY], "bank");
    await settled();
    expect([bodies.length, faults.length]).toEqual([1, 1]);
  });
});
