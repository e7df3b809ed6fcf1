/** What waits for a channel: together where it fits, the gravest first, and never lost without a word. */
import { expect, test } from "vitest";
import { ChannelQueue, type Outcome } from "./channel-queue.ts";
import type { Form, Verdict } from "./forms/form.ts";
import { limits } from "./limits.ts";
import { Pace } from "./pace.ts";
import { alertOf } from "./test-alerts.ts";
import { toldAlert } from "./told-alert.ts";

const here = new AbortController().signal;
const told = (name: string, severity = "error") => [toldAlert(alertOf(name, severity), "en")];

/** Takes two alerts at most in full; what it was sent are their names. */
const FORM: Form = {
  rate: { perMinute: 60_000, burst: 1_000 },
  compose: (alerts) => {
    if (alerts.some(({ name }) => name === "Broken")) throw new Error("a fault of ours");
    const body = alerts.map(({ name }) => name).join(" ");
    return { whole: alerts.length <= 2, at: () => ({ url: "", headers: {}, body }) };
  },
  judge: () => ({ kind: "taken" }),
};

function queueOf(
  answer: (body: string, attempt: number) => Verdict | Promise<Verdict>,
  bounds: { waitMs?: number; queueMax?: number; backOffMs?: number } = {},
) {
  const sent: string[] = [];
  const queue = new ChannelQueue({
    ...{ form: FORM, pace: new Pace(FORM.rate, 1, Date.now()) },
    send: async ({ body }) => {
      sent.push(body);
      return answer(body, sent.length);
    },
    onAttempt: () => {},
    bounds: { backOffMs: 1, ...bounds },
  });
  return { queue, sent };
}

/** Held until it is let go. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const verdict: Verdict = { kind: "taken" };
  return { let: resolve, answer: () => promise.then(() => verdict) };
}

test("what waits is told together, the gravest first, and as much of it as fits", async () => {
  const first = held();
  const { queue, sent } = queueOf((_, attempt) =>
    attempt === 1 ? first.answer() : { kind: "taken" },
  );
  const all = [
    queue.tell(told("First"), here),
    queue.tell(told("Mild", "info"), here),
    queue.tell(told("Grave", "critical"), here),
    queue.tell(told("Middle"), here),
  ];
  expect(queue.length).toBe(4);
  first.let();
  expect(await Promise.all(all)).toEqual(all.map(() => ({ kind: "delivered" })));
  expect(sent).toEqual(["First", "Grave Middle", "Mild"]);
  expect(queue.length).toBe(0);
});

test("what fails is tried again until it is taken", async () => {
  const { queue, sent } = queueOf((_, attempt) =>
    attempt < 4 ? { kind: "again", reason: "busy" } : { kind: "taken" },
  );
  expect(await queue.tell(told("A"), here)).toEqual({ kind: "delivered" });
  expect(sent).toEqual(["A", "A", "A", "A"]);
});

test("what is refused in a message with others is tried alone: the others are not to blame", async () => {
  const first = held();
  const { queue, sent } = queueOf((body, attempt) => {
    if (attempt === 1) return first.answer();
    return body.includes("Bad") ? { kind: "refused", reason: "no" } : { kind: "taken" };
  });
  const all = ["First", "Bad", "Good"].map((name) => queue.tell(told(name), here));
  first.let();
  expect((await Promise.all(all)).map(({ kind }) => kind)).toEqual([
    "delivered",
    "refused",
    "delivered",
  ]);
  expect(sent.slice(0, 2)).toEqual(["First", "Bad Good"]);
  expect(sent.slice(2).toSorted()).toEqual(["Bad", "Good"]);
});

test("an alert that cannot be written is refused, and the others go their way", async () => {
  const { queue } = queueOf(() => ({ kind: "taken" }));
  const all = ["Broken", "Good"].map((name) => queue.tell(told(name), here));
  expect((await Promise.all(all)).map(({ kind }) => kind)).toEqual(["refused", "delivered"]);
});

test("its time is over while nobody takes it: late, with the last reason, and it is told no more", async () => {
  const { queue, sent } = queueOf(() => ({ kind: "again", reason: "busy" }), { waitMs: 30 });
  expect(await queue.tell(told("A"), here)).toEqual({ kind: "late", reason: "busy" });
  expect(queue.length).toBe(0);
  expect(sent.length).toBeGreaterThan(0);
});

test.each([
  ["is taken after all", { kind: "taken" }, "delivered"],
  ["fails then", { kind: "again", reason: "busy" }, "late"],
] as const)("its time is over while it is sent, and it %s", async (_, verdict, outcome) => {
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  const { queue } = queueOf(() => promise, { waitMs: 5 });
  const found = queue.tell(told("A"), here);
  await new Promise((done) => setTimeout(done, 30));
  resolve(verdict);
  expect((await found).kind).toBe(outcome);
  expect(queue.length).toBe(0);
});

test("a full queue says so at once", async () => {
  const first = held();
  const { queue } = queueOf(() => first.answer(), { queueMax: 1 });
  const one = queue.tell(told("A"), here);
  expect((await queue.tell(told("B"), here)).kind).toBe("full");
  first.let();
  expect((await one).kind).toBe("delivered");
});

test("who asked has left: it is not told", async () => {
  const first = held();
  const { queue, sent } = queueOf(() => first.answer());
  const one = queue.tell(told("A"), here);
  const leaving = new AbortController();
  const two = queue.tell(told("B"), leaving.signal);
  leaving.abort();
  expect((await two).kind).toBe("late");
  first.let();
  await one;
  expect(sent).toEqual(["A"]);
});

test("at its end what waits is said to be undelivered, and what is sent is waited for", async () => {
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  const { queue } = queueOf(() => promise);
  const all: Promise<Outcome>[] = [queue.tell(told("A"), here), queue.tell(told("B"), here)];
  queue.stop();
  expect((await all[1])?.kind).toBe("stopped");
  resolve({ kind: "again", reason: "busy" });
  expect((await all[0])?.kind).toBe("stopped");
  expect((await queue.tell(told("C"), here)).kind).toBe("stopped");
});

test.each([
  ["WeCom's and DingTalk's, two replicas", { perMinute: 20, burst: 8 }, 2, 10],
  ["the same, alone", { perMinute: 20, burst: 8 }, 1, 20],
  ["Feishu's", { perMinute: 100, burst: 2 }, 2, 50],
])("in no minute more than the share: %s", (_, rate, replicas, most) => {
  const pace = new Pace(rate, replicas, 0);
  const times: number[] = [];
  for (let now = 0; now < 300_000; ) {
    const wait = pace.waitMs(now);
    if (wait === 0) {
      pace.take(now);
      times.push(now);
    } else now += wait;
  }
  const inMinutes = times.map(
    (from) => times.filter((one) => one >= from && one < from + 60_000).length,
  );
  expect(Math.max(...inMinutes)).toBeLessThanOrEqual(most);
  // And hardly less, once the first are gone.
  expect(times.length).toBeGreaterThan(most * 2);
});

test("waiting and an attempt together are over before Alertmanager gives up", () => {
  expect(limits.waitMs + limits.attemptMs).toBeLessThan(60_000);
});
