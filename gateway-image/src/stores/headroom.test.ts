import { expect, test } from "vitest";
import { limits } from "../limits.ts";
import { Headroom } from "./headroom.ts";
import type { Reservation, Scope, Standing } from "./quota-store.ts";

const scopes: readonly Scope[] = [{ id: "user:a", limits: {} }];
const call = (change: Partial<Reservation> = {}): Reservation => ({
  callId: "c",
  scopes,
  tokens: 100,
  costMicros: 5,
  ...change,
});
const standing = (limit: Standing["limit"], used: number, max: number): Standing => ({
  scope: "user:a",
  limit,
  used,
  max,
  resetMs: 0,
});

/** The store said this at 0. */
function told(...standings: Standing[]): Headroom {
  const headroom = new Headroom();
  headroom.begin(scopes);
  headroom.end(scopes, standings, 0);
  return headroom;
}

test("half of every limit, with the call itself, is room; one unit more is not", () => {
  expect(told(standing("requestsPerMinute", 4, 10)).isAmple(call(), 0)).toBe(true);
  expect(told(standing("requestsPerMinute", 5, 10)).isAmple(call(), 0)).toBe(false);
  expect(told(standing("tokensPerMinute", 400, 1_000)).isAmple(call(), 0)).toBe(true);
  expect(told(standing("tokensPerMinute", 401, 1_000)).isAmple(call(), 0)).toBe(false);
  expect(told(standing("costPerMonth", 45, 100)).isAmple(call(), 0)).toBe(true);
  expect(told(standing("costPerMonth", 46, 100)).isAmple(call(), 0)).toBe(false);
  const tight = told(standing("requestsPerDay", 0, 1_000), standing("concurrency", 1, 2));
  expect(tight.isAmple(call(), 0)).toBe(false);
});

test("nobody who has no limit is held up", () => {
  expect(told().isAmple(call(), 0)).toBe(true);
});

test("calls that the store was asked about count as if each wanted as much", () => {
  const headroom = told(standing("tokensPerMinute", 0, 1_000));
  for (let asked = 0; asked < 4; asked += 1) headroom.begin(scopes);
  expect(headroom.isAmple(call(), 0)).toBe(true);
  headroom.begin(scopes);
  expect(headroom.isAmple(call(), 0)).toBe(false);
});

test("what was said too long ago, to others, or was no admission is nothing", () => {
  const headroom = told(standing("requestsPerMinute", 0, 100));
  expect(headroom.isAmple(call(), limits.headroomKnownMs)).toBe(true);
  expect(headroom.isAmple(call(), limits.headroomKnownMs + 1)).toBe(false);
  expect(headroom.isAmple(call({ scopes: [...scopes] }), 0)).toBe(false);
  headroom.begin(scopes);
  headroom.end(scopes, null, 0);
  expect(headroom.isAmple(call(), 0)).toBe(false);
});
