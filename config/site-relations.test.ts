/**
 * Bad settings of sites, one a row: the stack that is committed with one value changed is refused at
 * that path, with the reason and what would be right, and with nothing else.
 */
import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parseSettings } from "./parse.ts";
import { asTexts, changed, committedValues } from "./test-settings.ts";

/** path of the change, its value, then path, wrong and right of the fault. */
type Row = readonly [string, string, unknown, string, RegExp, RegExp];

const block = {
  kind: "capacityBlock",
  id: "cr-0123456789abcdef0",
  start: "2027-01-02T11:30:00Z",
  end: "2027-01-01T11:30:00Z",
  zone: "us-east-1a",
};

const BAD: readonly Row[] = [
  ["dev", "cloud", undefined, "cloud", /AWS/, /region, zones, pools/],
  ["dev", "cloud.region", "virginia", "cloud.region", /virginia/, /us-east-1/],
  ["dev", "cloud.zones.1", "eu-west-1b", "cloud.zones[1]", /not in us-east-1/, /us-east-1a/],
  ["dev", "cloud.zones.1", "us-east-1a", "cloud.zones[1]", /another zone/, /its own/],
  ["dev", "cloud.partition", "aws-cn", "cloud.partition", /another one/, /aws/],
  ["dev", "cloud.account", "12345", "cloud.account", /12345/, /twelve digits/],
  [
    "dev",
    "cloud.account",
    "210987654321",
    "cloud.control.administrators",
    /no role of account 210987654321/,
    /arn:aws:iam::210987654321:/,
  ],
  [
    "onprem-bank-standby",
    "cloud.control.administrators",
    ["arn:aws:iam::123456789012:role/platform"],
    "cloud.control.administrators",
    /no role of account 123456789012/,
    /arn:aws-cn:iam::123456789012:/,
  ],
  ["dev", "registry", undefined, "registry", /no public registry/, /dkr\.ecr/],
  ["dev", "cloud.pools.1.zone", "us-east-1f", "cloud.pools[1].zone", /no subnet/, /us-east-1b/],
  [
    "dev",
    "cloud.pools.2",
    { kind: "system", name: "system", nodes: { min: 1, max: 1 } },
    "cloud.pools[2].name",
    /another pool/,
    /its own/,
  ],
  ["dev", "cloud.pools.1.nodes", { min: 3, max: 1 }, "cloud.pools[1].nodes", /min 3/, /≤/],
  ["dev", "cloud.pools.1.capacity", block, "cloud.pools[1].capacity.end", /not after/, /later/],
  [
    "dev",
    "cloud.pools.1.capacity",
    { ...block, start: "2026-12-01T11:30:00Z", zone: "us-east-1b" },
    "cloud.pools[1].capacity.zone",
    /pool's is us-east-1a/,
    /us-east-1a/,
  ],
  [
    "dev",
    "cloud.pools.1.capacity",
    { kind: "reservation", id: "r-1" },
    "cloud.pools[1].capacity.id",
    /r-1/,
    /cr-0123/,
  ],
  [
    "dev",
    "cloud.control.endpoint",
    { kind: "public", ranges: ["0.0.0.0/0"] },
    "cloud.control.endpoint.ranges[0]",
    /everybody/,
    /of your own/,
  ],
  [
    "prod",
    "cloud.control.endpoint",
    { kind: "public", ranges: ["192.0.2.0/24"] },
    "cloud.control.endpoint.kind",
    /public in prod/,
    /private/,
  ],
  ["dev", "models.0.server.pool", "h100", "models[0].server.pool", /no such GPUs/, /a100/],
  ["dev", "models.0.server.scaling", undefined, "models[0].replicas", /would start/, /scaling/],
  [
    "staging",
    "models.0.server.scaling.replicasMax",
    1,
    "models[0].server.scaling.replicasMax",
    /fewer than replicas/,
    /at least 2/,
  ],
  [
    "prod",
    "models.0.server.weights.sealed",
    false,
    "models[0].server.weights.manifest",
    /not sealed/,
    /sha256/,
  ],
  ["bare-metal", "weightsKey", undefined, "weightsKey", /sealed/, /kind/],
  [
    "bare-metal",
    "models.0.server.weights",
    { kind: "bucket", folder: "x", sealed: true },
    "models[0].server.weights.kind",
    /only a site on AWS/,
    /volume/,
  ],
  ["prod", "gpuRuntime.mode", "none", "gpuRuntime.mode", /want GPUs/, /ours/],
  [
    "prod",
    "models.0.server",
    { engine: "simulator" },
    "models[0].server.engine",
    /simulator in prod/,
    /vllm or ray/,
  ],
  ["prod", "gateway.replicas", 1, "gateway.replicas", /is 1 in prod/, /2 or more/],
  ["prod", "edge.replicas", 1, "edge.replicas", /is 1 in prod/, /2 or more/],
  ["prod", "cloud.database", { multiZone: false }, "cloud.database.multiZone", /false/, /true/],
  ["prod", "cloud.cache", { replicas: 0 }, "cloud.cache.replicas", /is 1 in prod/, /2 or more/],
  ["prod", "cloud.protect", false, "cloud.protect", /false in prod/, /true/],
  ["prod", "redis", { replicas: 3 }, "redis.replicas", /ElastiCache/, /cloud\.cache/],
  ["prod", "postgres", { kind: "operator" }, "postgres.kind", /RDS/, /cloud\.database/],
  [
    "prod",
    "retention.archive",
    { kind: "volume", claim: "worm" },
    "retention.archive",
    /the site's own bucket/,
    /left out/,
  ],
  ["prod", "retention.profile", "usHospital", "retention.auditDays", /below the floor/, /2192/],
  ["onprem-bank", "redis.replicas", 2, "redis.replicas", /is 2/, /1 or 3/],
  ["onprem-bank", "redis.replicas", 1, "redis.replicas", /is 1 in onprem-bank/, /2 or more/],
  ["onprem-hospital", "postgres.kind", "pod", "postgres.kind", /no other site/, /operator/],
  ["onprem-bank", "postgres.instances", 1, "postgres.instances", /is 1/, /2 or more/],
  [
    "onprem-bank",
    "retention.businessDays",
    undefined,
    "retention.businessDays",
    /life of the business/,
    /1830/,
  ],
  ["onprem-bank", "retention.auditDays", 400, "retention.auditDays", /shorter/, /1830/],
  ["onprem-bank", "inventory.0.product", "H100", "inventory[0].product", /H100/, /A100-SXM4/],
  ["onprem-bank", "inventory.0.memoryGibibytes", 24, "inventory[0].memoryGibibytes", /24/, /40/],
  [
    "onprem-bank-standby",
    "rotation",
    { ledger: 1 },
    "rotation.ledger",
    /the primary's password/,
    /sites -- pin/,
  ],
  ["bare-metal", "site", { role: "standby" }, "site.other", /without copies/, /postgres, redis/],
  ["hybrid", "site.other.serves", true, "site.quotaShare", /granted twice/, /0\.5/],
  ["onprem-bank-standby", "postgres.kind", "pod", "postgres.kind", /outside of AWS/, /operator/],
  ["onprem-bank-standby", "redis.replicas", 3, "redis.replicas", /follows another/, /1/],
  ["hybrid", "postgres.kind", "pod", "postgres.kind", /no other site/, /operator/],
  ["onprem-bank-standby", "cloud.pools.0", undefined, "cloud.pools", /no system pool/, /system/],
  [
    "onprem-hospital",
    "outside",
    { ranges: ["0.0.0.0/0"] },
    "outside.ranges",
    /not empty in onprem-hospital/,
    /\[\]/,
  ],
  [
    "onprem-hospital",
    "network.apiServer",
    undefined,
    "network.apiServer.ranges",
    /ask the API server/,
    /10\.0\.0\.8/,
  ],
  ["onprem-hospital", "site.quotaShare", 1, "site.quotaShare", /granted twice/, /0\.5/],
  [
    "onprem-hospital",
    "site.other.postgres",
    undefined,
    "site.other.postgres",
    /nothing is read/,
    /pin/,
  ],
  ["onprem-hospital", "patientData", undefined, "patientData", /missing/, /storageClass/],
  ["onprem-hospital", "fineTuning.pool", "h100", "fineTuning.pool", /h100/, /a100/],
  ["onprem-hospital", "fineTuning.gpus", 8, "fineTuning.gpus", /is 8/, /at most 4/],
  [
    "hybrid",
    "site.failover",
    { zoneId: "Z0123456789EXAMPLE00", addresses: ["203.0.113.1"], alarm: "primary" },
    "site.failover",
    /no cloud/,
    /AWS/,
  ],
];

test.each(BAD)("%s with %s = %j is refused at %s", (stack, at, value, place, wrong, right) => {
  const parsed = parseSettings(asTexts(changed(committedValues(stack), at, value)));
  if (!("faults" in parsed)) throw new Error("it was accepted");
  expect(parsed.faults).toHaveLength(1);
  const [fault] = parsed.faults;
  expect(fault?.path).toBe(`deepseek:${place}`);
  expect(fault?.wrong).toMatch(wrong);
  expect(fault?.right).toMatch(right);
});

describe("committed settings", () => {
  const stacks = readdirSync(path.resolve(import.meta.dirname, "..")).flatMap((file) => {
    const [, stack] = /^Pulumi\.(.+)\.yaml$/.exec(file) ?? [];
    return stack === undefined || stack === "local" ? [] : [stack];
  });

  test.each(stacks)("of %s are right", (stack) => {
    expect(parseSettings(asTexts(committedValues(stack)))).not.toHaveProperty("faults");
  });

  test("of a bank's standby abroad are refused", () => {
    const values = committedValues("onprem-bank-standby");
    const abroad = {
      ...(values["deepseek:cloud"] as object),
      partition: "aws",
      region: "us-east-1",
    };
    const zones = { ...abroad, zones: ["us-east-1a", "us-east-1b"] };
    const text = JSON.stringify(zones)
      .replaceAll("cn-northwest-1", "us-east-1")
      .replaceAll("arn:aws-cn:", "arn:aws:");
    const parsed = parseSettings(asTexts({ ...values, "deepseek:cloud": JSON.parse(text) }));
    expect(parsed).toMatchObject({
      faults: [{ path: "deepseek:cloud.region", right: "cn-north-1 or cn-northwest-1" }],
    });
  });
});
