import fc from "fast-check";
import { expect, test } from "vitest";
import { tierSchema } from "./entities.ts";
import { raisedTier } from "./raised-limits.ts";

const tier = tierSchema.parse({
  requestsPerMinute: 10,
  concurrency: 5,
  endpoints: { "/v1/chat": { requestsPerMinute: 20 } },
  models: { dear: { requestsPerMinute: 1 } },
});

test("raises what is limited, on every endpoint, and nothing else", () => {
  const raised = raisedTier(tier, { requestsPerMinute: 15, tokensPerMinute: 1_000 });
  expect(raised).toMatchObject({ requestsPerMinute: 15, concurrency: 5, models: tier.models });
  expect(raised.endpoints["/v1/chat"]).toEqual({ requestsPerMinute: 20 });
  expect(raised).not.toHaveProperty("tokensPerMinute");
  expect(raisedTier(tier, { requestsPerMinute: 30 }).endpoints["/v1/chat"]).toEqual({
    requestsPerMinute: 30,
  });
});

test("never lowers a limit", () => {
  const limit = fc.option(fc.integer({ min: 1, max: 1_000 }), { nil: undefined });
  fc.assert(
    fc.property(limit, limit, (requestsPerMinute, concurrency) => {
      const raised = raisedTier(tier, { requestsPerMinute, concurrency });
      expect(raised.requestsPerMinute).toBeGreaterThanOrEqual(10);
      expect(raised.concurrency).toBeGreaterThanOrEqual(5);
      expect(raised.endpoints["/v1/chat"]?.requestsPerMinute).toBeGreaterThanOrEqual(20);
    }),
  );
});
