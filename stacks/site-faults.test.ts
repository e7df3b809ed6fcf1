/** Settings that only arithmetic finds wrong: each is told with its path, the reason and a way out. */
import { expect, test } from "vitest";
import { changed, committedValues } from "../config/test-settings.ts";
import { siteFaults } from "./site-faults.ts";
import { settingsOf } from "./test-objects.ts";

test.each([
  "dev",
  "staging",
  "prod",
  "prod-pair",
  "prod-pair-standby",
  "onprem-bank",
  "onprem-bank-standby",
  "onprem-hospital",
])("%s as it is has none", (stack) => {
  expect(siteFaults(settingsOf(committedValues(stack)))).toEqual([]);
});

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
  {
    what: "more GPUs for training than models leave",
    stack: "onprem-hospital",
    at: "fineTuning.gpus",
    value: 3,
    told: "deepseek:fineTuning.gpus",
    why: /is 3, and of the 8 GPUs of a100 models hold 6/,
  },
  {
    what: "a name that AWS takes for no load balancer",
    stack: "prod",
    at: "cluster.clusterIdentifier",
    value: "deepseek-production-of-the-whole-house",
    told: "deepseek:cluster.clusterIdentifier",
    why: /begins the name of all that AWS makes/,
  },
  {
    what: "a network too small for GPU nodes",
    stack: "prod",
    at: "cloud.network",
    value: { kind: "new", range: "10.40.0.0/23" },
    told: "deepseek:cloud.network.range",
    why: /^is 10\.40\.0\.0\/23 and leaves subnets of \/25, too small for GPU nodes$/,
  },
  {
    what: "a network larger than a VPC",
    stack: "prod",
    at: "cloud.network",
    value: { kind: "new", range: "10.0.0.0/8" },
    told: "deepseek:cloud.network.range",
    why: /^is 10\.0\.0\.0\/8, larger than a VPC may be$/,
  },
  {
    what: "a range that does not begin at its first address",
    stack: "prod",
    at: "cloud.network",
    value: { kind: "new", range: "10.40.0.1/16" },
    told: "deepseek:cloud.network.range",
    why: /^is 10\.40\.0\.1\/16/,
  },
  {
    what: "a given network without a subnet in one zone",
    stack: "prod",
    at: "cloud.network",
    value: {
      kind: "given",
      vpc: "vpc-0123456789abcdef0",
      range: "10.40.0.0/16",
      subnets: [
        { id: "subnet-0123456789abcdef0", zone: "us-east-1a" },
        { id: "subnet-0123456789abcdef1", zone: "us-east-1b" },
      ],
    },
    told: "deepseek:cloud.network.subnets",
    why: /^has subnets in us-east-1a, us-east-1b, and none in us-east-1c$/,
  },
  {
    what: "nodes of a block before it begins",
    stack: "prod",
    at: "cloud.pools.3.capacity",
    value: {
      kind: "capacityBlock",
      id: "cr-0123456789abcdef0",
      start: "2027-01-01T11:30:00Z",
      end: "2027-01-08T11:30:00Z",
      zone: "us-east-1b",
    },
    told: "deepseek:cloud.pools[3].nodes",
    why: /^is min \d, first \d, and AWS refuses nodes before a block begins$/,
  },
  {
    what: "a database whose minor version is whatever AWS likes",
    stack: "prod",
    at: "cloud.database.version",
    value: "17.6.1",
    told: "deepseek:cloud.database.version",
    why: /^is 17\.6\.1, and pins nothing$/,
  },
  {
    what: "a secret from outside that nobody reads",
    at: "externalSecrets",
    value: { store: { name: "bank" }, from: { openbau: "deepseek/openbao" } },
    told: "deepseek:externalSecrets.from.openbau",
    why: /no program of the site reads/,
  },
  {
    what: "a copy of the weights beside them",
    stack: "prod",
    at: "cloud.weightsCopy",
    value: {
      region: "us-east-1",
      bucket: "copy",
      key: "arn:aws:kms:us-east-1:123456789012:key/mrk-1",
    },
    told: "deepseek:cloud.weightsCopy.region",
    why: /^is us-east-1, the site's own$/,
  },
  {
    what: "a copy of the weights under a key of another region",
    stack: "prod",
    at: "cloud.weightsCopy",
    value: {
      region: "us-west-2",
      bucket: "copy",
      key: "arn:aws:kms:us-east-1:123456789012:key/mrk-1",
    },
    told: "deepseek:cloud.weightsCopy.key",
    why: /us-east-1/,
  },
  {
    what: "a replica of a key in its own region",
    stack: "prod",
    at: "cloud.weightsKeyOf",
    value: "arn:aws:kms:us-east-1:123456789012:key/mrk-1",
    told: "deepseek:cloud.weightsKeyOf",
    why: /us-east-1/,
  },
  {
    what: "a database without TLS 1.3",
    stack: "prod",
    at: "cloud.database.version",
    value: "15.9",
    told: "deepseek:cloud.database.version",
    why: /^is 15\.9, which has no TLS 1\.3 on RDS$/,
  },
];

test.each(ROWS)("$what", ({ stack = "onprem-bank", at, value, told, why }) => {
  const faults = siteFaults(settingsOf(changed(committedValues(stack), at, value)));
  expect(faults.map(({ path }) => path)).toContain(told);
  const fault = faults.find(({ path }) => path === told);
  expect(fault?.wrong).toMatch(why);
  expect(fault?.right).not.toBe("");
  // What a fault says is a sentence of its own; none is left as a component threw it.
  expect(fault?.wrong).not.toMatch(/^(prefix|size|capacity|engineVersion)/);
});
