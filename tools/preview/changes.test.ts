/**
 * Twenty-odd changes that pull requests make, on the committed settings of real stacks: for each one the
 * exact comment and the exit codes. UPDATE=1 writes the comments anew; a reviewer then reads the difference.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { changed, committedValues, type Values } from "../../config/test-settings.ts";
import { EXEMPTIONS } from "../../policies/exemptions.ts";
import type { Exemption } from "../../policies/judging/exemptions.ts";
import { previewedSite, simulatedSite } from "../../stacks/test-engine.ts";
import { UserError } from "../base/user-error.ts";
import { exemptionStates } from "../cli/exemption-states.ts";
import type { OperationResult } from "../engine/operation.ts";
import { buildReport, type Planned, refusalOf } from "./build-report.ts";
import { pageOf } from "./comment.ts";
import { exitCode } from "./exit-code.ts";
import { COMMENT_MAX, markdown } from "./markdown.ts";
import { reportSchema } from "./report.ts";

const OTHER_REGION = {
  region: "eu-central-1",
  zones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
};
const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

/** Name of the file, stack, settings and their new values, exit code, and the same with --expect-no-danger. */
type Row = readonly [string, string, Readonly<Record<string, unknown>>, number, number];

const ROWS: readonly Row[] = [
  ["nothing", "onprem-bank", {}, 0, 0],
  ["edge-replica", "onprem-bank", { "edge.replicas": 4 }, 0, 0],
  [
    "gateway-image",
    "onprem-bank",
    { images: { gateway: { tag: "registry.bank.example/deepseek/gateway:2", digest: DIGEST } } },
    0,
    0,
  ],
  ["gpu-type", "prod", { "cloud.pools.1.instanceType": "p4de.24xlarge" }, 0, 1],
  ["gpu-nodes", "prod", { "cloud.pools.1.nodes": { min: 1, max: 2 } }, 0, 1],
  ["node-release", "prod", { "cloud.pools.0.release": "1.34.1-20251120" }, 0, 1],
  ["audit-retention-cut", "prod", { "retention.auditDays": 200 }, 0, 1],
  ["log-retention-cut", "prod", { "cloud.logDays": 30 }, 0, 1],
  ["backups-cut", "prod", { "cloud.database.backupDays": 7 }, 0, 1],
  ["database-class", "prod", { "cloud.database.instanceClass": "db.m6i.2xlarge" }, 0, 1],
  [
    "public-control-plane",
    "staging",
    { "cloud.control.endpoint": { kind: "public", ranges: ["203.0.113.0/24"] } },
    0,
    1,
  ],
  [
    "public-control-plane-refused",
    "prod",
    { "cloud.control.endpoint": { kind: "public", ranges: ["0.0.0.0/0"] } },
    2,
    2,
  ],
  ["callers-narrowed", "prod", { network: { callerRanges: ["10.0.0.0/8"] } }, 0, 0],
  ["quota", "hybrid", { quotas: { standard: { requestsPerMinute: 5 } } }, 0, 0],
  ["network-range", "prod", { "cloud.network": { kind: "new", range: "10.50.0.0/16" } }, 0, 1],
  ["model-removed", "prod", { "models.2": undefined }, 0, 1],
  ["model-batch", "prod", { "models.5.server.batchSizeMax": 64 }, 0, 1],
  ["model-replica-cut", "prod", { "models.0.replicas": 1 }, 0, 1],
  ["another-host", "onprem-bank", { "edge.hosts": ["ai.bank.example", "b.example.com"] }, 0, 0],
  [
    "region-move",
    "staging",
    {
      "cloud.region": OTHER_REGION.region,
      "cloud.zones": OTHER_REGION.zones,
      "cloud.pools.1.zone": "eu-central-1a",
    },
    0,
    1,
  ],
  [
    "key-rotation",
    "onprem-bank",
    {
      identities: [
        { name: "second", tenant: "bank", tier: "standard", models: ["deepseek-finance-13b"] },
        {
          name: "risk-engine",
          tenant: "bank",
          tier: "risk",
          models: ["deepseek-finance-13b-risk"],
        },
      ],
    },
    0,
    1,
  ],
  ["secrets-rotated", "prod", { rotation: { ledger: 1, quotas: 1, tokens: 1, data: 1 } }, 0, 1],
  [
    "callers-widened",
    "onprem-bank",
    { "network.callerRanges": ["10.0.0.0/8", "172.16.0.0/12"] },
    0,
    1,
  ],
  ["recovery-time", "hybrid-standby", { "site.failover.alarmMinutes": 5 }, 0, 0],
  ["redis-memory", "onprem-bank", { "redis.resources.memory": "2Gi" }, 0, 0],
  [
    "postgres-backups-cut",
    "hybrid",
    { "postgres.backups.days": 14, "postgres.instances": 2 },
    0,
    1,
  ],
];

const stacks = [...new Set(ROWS.map(([, stack]) => stack))];
const bases = new Map<string, OperationResult>();

beforeAll(async () => {
  for (const stack of stacks) bases.set(stack, await simulatedSite(stack, committedValues(stack)));
}, 120_000);

describe("a comment on", () => {
  test.each(ROWS)("%s of %s", async (name, stack, settings, code, strict) => {
    const base = bases.get(stack) as OperationResult;
    expect(base.errors).toEqual([]);
    const values = Object.entries(settings).reduce<Values>(
      (all, [at, value]) => changed(all, at, value),
      committedValues(stack),
    );
    const made = buildReport({
      stack,
      base: { kind: "git", name: "origin/main", commit: "1".repeat(40), packages: "same" },
      head: { commit: "2".repeat(40), dirty: false },
      policyPacks: [],
      before: { result: base, violations: [], config: {} },
      after: { result: await planned(stack, values, base), violations: [], config: {} },
    });
    // How many stay is another change's business: it would change every file here.
    const report = { ...made, same: 200 };
    expect(exitCode(report, { noChanges: false, noDanger: false })).toBe(code);
    expect(exitCode(report, { noChanges: false, noDanger: true })).toBe(strict);
    // The way of an artifact: what is rendered from JSON is what would have been rendered at once.
    const comment = markdown(pageOf(reportSchema.parse(JSON.parse(JSON.stringify(report)))));
    expect(comment.length).toBeLessThanOrEqual(COMMENT_MAX);
    expectGolden(`${name}.md`, comment);
  });
});

const TODAY = "2026-11-26";

test("a comment on faults that are borne: newly, no longer, by others, longer, too long", async () => {
  const stack = "staging";
  const base = bases.get(stack) as OperationResult;
  const values = changed(committedValues(stack), "edge.replicas", 1);
  const result = await planned(stack, values, base);
  const row = (change: Partial<Exemption>): Exemption => ({
    ...{ rule: "redundancy", stacks: [stack], resources: ["kubernetes:apps/v1:Deployment::edge"] },
    reason: "One edge while the second rack is moved; <b>callers</b> see a gap | of seconds.",
    ...{ owner: "platform engineering", approver: "information security", ticket: "RISK-91" },
    expires: "2026-12-31",
    ...change,
  });
  const states = (resources: OperationResult, exemptions: readonly Exemption[]) =>
    exemptionStates({
      ...{ stack, exemptions, today: TODAY },
      resources: resources.snapshot?.resources ?? [],
    });
  const before = states(base, EXEMPTIONS);
  const needed = before
    .filter(({ used }) => used)
    .map(({ rule, resources }) => `${rule} ${resources}`);
  const [first, second, third] = EXEMPTIONS.filter(({ rule, resources }) =>
    needed.includes(`${rule} ${resources}`),
  );
  if (first === undefined || second === undefined || third === undefined) {
    throw new Error("the stack bears too little for this test");
  }
  const rest = EXEMPTIONS.filter((one) => ![first, second, third].includes(one));
  const own = "kubernetes:apps/v1:StatefulSet::redis";
  const after = [
    ...rest,
    { ...first, owner: "operations", expires: "2027-03-31" },
    { ...second, expires: "2026-11-25" },
    row({}),
    row({ rule: "replicated-state", resources: [own], ticket: "RISK-92" }),
  ];
  const report = buildReport({
    stack,
    base: { kind: "git", name: "origin/main", commit: "1".repeat(40), packages: "same" },
    head: { commit: "2".repeat(40), dirty: false },
    policyPacks: [],
    borne: { before, after: states(result as OperationResult, after) },
    before: { result: base, violations: [], config: {} },
    after: { result, violations: [], config: {} },
  });
  const rules = (rows: readonly { readonly rule: string }[] = []) => rows.map(({ rule }) => rule);
  const { exemptions } = report;
  expect(rules(exemptions?.newlyUsed)).toEqual(["redundancy"]);
  expect(rules(exemptions?.newlyEnded)).toEqual([second.rule]);
  expect(rules(exemptions?.newlyUnused)).toEqual(["replicated-state"]);
  expect(rules(exemptions?.changed).sort()).toEqual([first.rule, second.rule].sort());
  expect(rules(exemptions?.removed)).toEqual([third.rule]);
  expectGolden("exemptions.md", markdown(pageOf({ ...report, same: 200 })));
});

async function planned(stack: string, values: Values, base: OperationResult): Promise<Planned> {
  try {
    return await previewedSite(stack, values, base.snapshot);
  } catch (error) {
    if (error instanceof UserError) return refusalOf(error);
    throw error;
  }
}

function expectGolden(name: string, text: string): void {
  const file = path.join(import.meta.dirname, "golden", name);
  if (process.env["UPDATE"] === "1") writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, "utf8"));
}
