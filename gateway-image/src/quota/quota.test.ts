/** Accounts, cost and headers: pure arithmetic, over random inputs where it can be. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { testCaller } from "../directory/test-caller.ts";
import { costMicrosOf } from "./cost.ts";
import { rateHeaders } from "./rate-headers.ts";
import { scopesOf } from "./scopes.ts";

describe("accounts", () => {
  const caller = testCaller({
    tier: { requestsPerMinute: 20, endpoints: { "/v1/embeddings": { requestsPerMinute: 10 } } },
    tenant: { limits: { concurrency: 3 } },
  });

  test("a call counts on the principal and the tenant, and on nothing without a limit", () => {
    expect(scopesOf(caller, "/v1/chat/completions", "m")).toEqual([
      { id: "user:alice", limits: { requestsPerMinute: 20 } },
      { id: "tenant:bank", limits: { concurrency: 3 } },
    ]);
  });

  test("an endpoint's own limits stand instead of the general ones, on an account of their own", () => {
    expect(scopesOf(caller, "/v1/embeddings", "m")[0]).toEqual({
      id: "user:alice:/v1/embeddings",
      limits: { requestsPerMinute: 10 },
    });
  });

  test("a credential and a model with limits are accounts in addition", () => {
    const limited = testCaller({
      credentialLimits: { requestsPerDay: 5 },
      tier: { models: { big: { concurrency: 1 } } },
    });
    expect(scopesOf(limited, "/v1/chat/completions", "big").map(({ id }) => id)).toEqual([
      "key:first",
      "user:alice:model:big",
    ]);
  });
});

describe("cost", () => {
  const price = {
    id: "m",
    currency: "CNY",
    promptPerMillion: 2,
    completionPerMillion: 8,
    perRequest: 0,
    perSecond: 0,
    source: "a test",
  };

  test("tokens cost their price, rounded up once", () => {
    const used = { promptTokens: 1_000, completionTokens: 500, durationMs: 0 };
    expect(costMicrosOf(price, used)).toBe(6_000);
    expect(
      costMicrosOf({ ...price, promptPerMillion: 0.3 }, { ...used, completionTokens: 0 }),
    ).toBe(300);
  });

  test("requests and seconds are added; no price is no cost", () => {
    const mixed = { ...price, perRequest: 0.01, perSecond: 0.001 };
    const used = { promptTokens: 0, completionTokens: 0, durationMs: 2_500 };
    expect(costMicrosOf(mixed, used)).toBe(12_500);
    expect(costMicrosOf(undefined, used)).toBe(0);
  });

  test("more never costs less, and the rounding is below one millionth", () => {
    const count = fc.integer({ min: 0, max: 1_000_000 });
    const rate = fc.integer({ min: 0, max: 100_000 }).map((cents) => cents / 100);
    fc.assert(
      fc.property(count, count, count, rate, rate, (prompt, completion, more, a, b) => {
        const own = { ...price, promptPerMillion: a, completionPerMillion: b };
        const used = { promptTokens: prompt, completionTokens: completion, durationMs: 0 };
        const cost = costMicrosOf(own, used);
        expect(Number.isSafeInteger(cost)).toBe(true);
        expect(costMicrosOf(own, { ...used, promptTokens: prompt + more })).toBeGreaterThanOrEqual(
          cost,
        );
        // In hundredths of a millionth the sum is exact.
        const exact = (prompt * Math.round(a * 100) + completion * Math.round(b * 100)) / 100;
        expect(cost - exact).toBeGreaterThanOrEqual(-1e-5);
        expect(cost - exact).toBeLessThan(1);
      }),
    );
  });
});

describe("headers", () => {
  test("the tightest account counts, for requests and for tokens", () => {
    const standing = { resetMs: 1_500 };
    expect(
      rateHeaders([
        { ...standing, scope: "user:a", limit: "requestsPerMinute", max: 20, used: 5 },
        { ...standing, scope: "tenant:t", limit: "requestsPerDay", max: 100, used: 99 },
        { ...standing, scope: "user:a", limit: "tokensPerMinute", max: 1_000, used: 1_400 },
      ]),
    ).toEqual({
      "x-ratelimit-limit-requests": "100",
      "x-ratelimit-remaining-requests": "1",
      "x-ratelimit-reset-requests": "1.500s",
      "x-ratelimit-limit-tokens": "1000",
      "x-ratelimit-remaining-tokens": "0",
      "x-ratelimit-reset-tokens": "1.500s",
      "x-quota-warning": "tenant:t requestsPerDay 99/100",
    });
  });

  test("below four fifths of a day there is no warning", () => {
    const day = { scope: "u", limit: "requestsPerDay", max: 100, used: 79, resetMs: 1 } as const;
    expect(rateHeaders([day])).not.toHaveProperty("x-quota-warning");
    expect(rateHeaders([{ ...day, used: 80 }])).toHaveProperty("x-quota-warning");
  });
});
