/** Settings that only arithmetic finds wrong: each is told with its path, the reason and a way out. */
import { expect, test } from "vitest";
import { changed, committedValues } from "../config/test-settings.ts";
import { siteFaults } from "./site-faults.ts";
import { settingsOf } from "./test-objects.ts";

test.each(["dev", "staging", "prod", "onprem-bank", "onprem-bank-standby", "onprem-hospital"])(
  "%s as it is has none",
  (stack) => {
    expect(siteFaults(settingsOf(committedValues(stack)))).toEqual([]);
  },
);

interface Row {
  readonly what: string;
  readonly stack?: string;
  /** The setting and its new value, the setting that is told, and why. */
  readonly at: string;
  readonly value: unknown;
  readonly told: string;
  readonly why: RegExp;
}

const [FIRST, SECOND] = ["deepseek:models[0].server", "deepseek:models[1].server"];

const ROWS: readonly Row[] = [
  {
    what: "a volume that is full before the samples' time is over",
    at: "monitoring.storage",
    value: "20Gi",
    told: "deepseek:monitoring.storage",
    why: /is 20Gi, and \d+ samples a second for 90 days need \d+Gi/,
  },
  {
    what: "more series than fit the memory",
    at: "monitoring.resources.memory",
    value: "128Mi",
    told: "deepseek:monitoring.resources.memory",
    why: /is 128Mi, and \d+ series need \d+Mi/,
  },
  {
    what: "other memory than the product has",
    at: "inventory.0.memoryGibibytes",
    value: 40,
    told: "deepseek:inventory[0]",
    why: /has 81920 MiB, and 40960/,
  },
  {
    what: "GPUs that are shared by time",
    at: "inventory.0.product",
    value: "NVIDIA-A100-SXM4-80GB-SHARED",
    told: "deepseek:inventory[0]",
    why: /time-sliced/,
  },
  {
    what: "four cards on PCIe for one layer",
    at: "inventory.0.product",
    value: "NVIDIA-A100-80GB-PCIe",
    told: `${SECOND}.tensorParallel`,
    why: /is 4, and of NVIDIA-A100-80GB-PCIe 2 are joined/,
  },
  {
    what: "more replicas than GPUs",
    at: "models.0.replicas",
    value: 5,
    told: SECOND,
    why: /a100 has 8, and 5 of them/,
  },
  {
    what: "40 heads over three GPUs",
    at: "models.1.server.tensorParallel",
    value: 3,
    told: SECOND,
    why: /40 attention heads cannot be shared by 3/,
  },
  {
    what: "FP8, which an A100 does not have",
    at: "models.0.server.quantisation",
    value: "fp8",
    told: FIRST,
    why: /FP8/i,
  },
  {
    what: "a decision that takes longer than its budget",
    at: "models.1.server.tensorParallel",
    value: 1,
    told: "deepseek:models[1].latency.milliseconds",
    why: /is 200, and the plan takes/,
  },
  {
    what: "a standby that is slower than promised",
    stack: "onprem-bank-standby",
    at: "site.rtoSeconds",
    value: 60,
    told: "deepseek:site.rtoSeconds",
    why: /is 60, and service is back: 210 s/,
  },
];

test.each(ROWS)("$what", ({ stack = "onprem-bank", at, value, told, why }) => {
  const faults = siteFaults(settingsOf(changed(committedValues(stack), at, value)));
  expect(faults.map(({ path }) => path)).toContain(told);
  const fault = faults.find(({ path }) => path === told);
  expect(fault?.wrong).toMatch(why);
  expect(fault?.right).not.toBe("");
});
