/** Shares, order and bounds of the queue, over random arrivals. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FairQueue, QueueFull, type Ticket } from "./fair-queue.ts";

const never = new AbortController().signal;

/** Lets what was resolved run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
}

/** Serves one at a time what waits behind a first call; returns the flows in their order. */
async function order(tickets: readonly Ticket[]): Promise<string[]> {
  const queue = new FairQueue(1, 10_000);
  const first = await queue.enter({ flow: "first", weight: 1 }, never);
  const served: { flow: string; leave: () => void }[] = [];
  for (const ticket of tickets) {
    void queue.enter(ticket, never).then((leave) => served.push({ flow: ticket.flow, leave }));
  }
  first();
  for (let count = 0; count < tickets.length; count += 1) {
    await settle();
    served[count]?.leave();
  }
  return served.map(({ flow }) => flow);
}

const many = (flow: string, weight: number, count: number): Ticket[] =>
  Array.from({ length: count }, () => ({ flow, weight }));

describe("the order", () => {
  test("follows the weights while all wait", async () => {
    const served = await order([...many("big", 3, 60), ...many("small", 1, 60)]);
    const firstForty = served.slice(0, 40);
    expect(firstForty.filter((flow) => flow === "big")).toHaveLength(30);
  });

  test("passes nobody over for ever: a light flow goes within its share", async () => {
    const served = await order([...many("heavy", 100, 1_000), { flow: "light", weight: 1 }]);
    expect(served.indexOf("light")).toBeLessThanOrEqual(101);
  });

  test("a flow that comes new goes before the backlog of another", async () => {
    const served = await order([...many("greedy", 1, 50), { flow: "new", weight: 1 }]);
    expect(served.indexOf("new")).toBeLessThanOrEqual(1);
  });

  test("within a flow is that of arrival, and everybody is served once", async () => {
    const ticket = fc.record({
      flow: fc.constantFrom("a", "b", "c"),
      weight: fc.integer({ min: 1, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(ticket, { maxLength: 40 }), async (tickets) => {
        const weights = new Map(tickets.map(({ flow, weight }) => [flow, weight]));
        const own = tickets.map(({ flow }) => ({ flow, weight: weights.get(flow) ?? 1 }));
        const served = await order(own);
        expect([...served].sort()).toEqual(own.map(({ flow }) => flow).sort());
      }),
    );
  });

  test("between two flows is never further from their shares than one turn of each", async () => {
    const weight = fc.integer({ min: 1, max: 10 });
    await fc.assert(
      fc.asyncProperty(weight, weight, async (a, b) => {
        const served = await order([...many("a", a, 60), ...many("b", b, 60)]);
        const both = served.slice(0, 60);
        let [of, other] = [0, 0];
        for (const flow of both) {
          if (flow === "a") of += 1;
          else other += 1;
          if (of === 60 || other === 60) break;
          expect(Math.abs(of / a - other / b)).toBeLessThanOrEqual(1 / a + 1 / b + 1e-9);
        }
      }),
    );
  });
});

describe("the bounds", () => {
  test("no more inside than slots, and none free while somebody waits", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.boolean(), { maxLength: 60 }),
        async (slots, steps) => {
          const queue = new FairQueue(slots, 1_000);
          const leaves: (() => void)[] = [];
          for (const enters of steps) {
            if (enters)
              void queue.enter({ flow: "f", weight: 1 }, never).then((leave) => leaves.push(leave));
            else leaves.shift()?.();
            await settle();
            expect(queue.inside).toBeLessThanOrEqual(slots);
            if (queue.waiting > 0) expect(queue.inside).toBe(slots);
          }
        },
      ),
    );
  });

  test("a full queue takes nobody more", async () => {
    const queue = new FairQueue(1, 1);
    await queue.enter({ flow: "a", weight: 1 }, never);
    void queue.enter({ flow: "a", weight: 1 }, never);
    expect(() => queue.enter({ flow: "b", weight: 1 }, never)).toThrow(QueueFull);
  });

  test("who gives up frees the place; a slot that is left twice is left once", async () => {
    const queue = new FairQueue(1, 9);
    const leave = await queue.enter({ flow: "a", weight: 1 }, never);
    const stop = new AbortController();
    const given = queue.enter({ flow: "b", weight: 1 }, stop.signal);
    const next = queue.enter({ flow: "c", weight: 1 }, never);
    stop.abort(new Error("gone"));
    await expect(given).rejects.toThrow("gone");
    leave();
    leave();
    await next;
    expect([queue.inside, queue.waiting]).toEqual([1, 0]);
  });

  test("more slots let those in who wait", async () => {
    const queue = new FairQueue(1, 9);
    await queue.enter({ flow: "a", weight: 1 }, never);
    const next = queue.enter({ flow: "a", weight: 1 }, never);
    queue.slots = 2;
    await next;
    expect(queue.inside).toBe(2);
  });
});
