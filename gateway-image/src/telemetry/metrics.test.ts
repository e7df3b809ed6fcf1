/** Metric names and labels are a contract with dashboards and alerts. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { DURATION_BUCKETS } from "../../../observability/rules/recordings.ts";
import { limits } from "../limits.ts";
import { createMetrics } from "./metrics.ts";

const own = (name: string) => /^(api|gateway)_/.test(name);

test("the README names every metric, and no other", () => {
  const readme = readFileSync(path.join(import.meta.dirname, "../../README.md"), "utf8");
  const named = [...readme.matchAll(/`((?:api|gateway)_[a-z_]+)(?:\{[a-z_,]+\})?`/g)];
  const known = createMetrics("1").registry.getMetricsAsArray();
  const names = known.map((metric) => metric.name).filter(own);
  expect([...new Set(named.map((match) => match[1]))].sort()).toEqual(names.sort());
});

test("the label `user` is bounded", () => {
  const { userLabel } = createMetrics("1");
  expect(userLabel(null)).toBe("anonymous");
  for (let index = 0; index < limits.userLabelsMax; index += 1) userLabel(`key-${index}`);
  expect(userLabel("one-more")).toBe("other");
  expect(userLabel("key-0")).toBe("key-0");
});

test("the label `tenant` is bounded, and a call of nobody has none", () => {
  const { tenantLabel } = createMetrics("1");
  for (let index = 0; index < limits.tenantLabelsMax; index += 1) tenantLabel(`t${index}`);
  expect([tenantLabel("one-more"), tenantLabel("t0"), tenantLabel(null)]).toEqual([
    ...["other", "t0", "anonymous"],
  ]);
});

test("the recorded names in milliseconds know every bound of the histogram", async () => {
  const { registry, duration } = createMetrics("1");
  duration.observe({ endpoint: "/", model: "m", status: "success" }, 1);
  const page = await registry.metrics();
  const found = [...page.matchAll(/api_request_duration_seconds_bucket\{le="([0-9.]+)"/g)];
  expect(found.map(([, bound]) => Number(bound))).toEqual(DURATION_BUCKETS);
});
