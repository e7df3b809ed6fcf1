/**
 * Two sites of a pair joined by their stacks: the standby takes from the primary's outputs what its
 * settings leave out, and comes up without asking anything once they say all of it.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { parseSettings } from "../config/parse.ts";
import { asTexts, changed, committedValues, type Values } from "../config/test-settings.ts";
import type { OperationResult } from "../tools/engine/operation.ts";
import { maskMap } from "../tools/engine/plan/masking.ts";
import { isSecret, type PropertyMap, reveal } from "../tools/engine/values.ts";
import { completedOther, siteTold, toldFaults } from "./other-site.ts";
import { previewedSite, type Stacks, simulatedSite } from "./test-engine.ts";
import { settingsOf } from "./test-objects.ts";

const [PRIMARY, STANDBY] = ["hybrid", "hybrid-standby"];
const FULL_NAME = `organization/deepseek-private-service/${PRIMARY}`;
const PINNED = committedValues(STANDBY);
/** Nothing of the other site but whose stack it is. */
const READING = changed(PINNED, "site.other", { name: PRIMARY, stack: PRIMARY, read: true });

describe("a standby that reads", () => {
  let told: Stacks;
  let up: OperationResult;
  let passwords: Record<string, string>;

  beforeAll(async () => {
    const primary = await simulatedSite(PRIMARY, committedValues(PRIMARY));
    told = { [FULL_NAME]: primary.outputs };
    up = await simulatedSite(STANDBY, READING, told);
    passwords = reveal(primary.outputs["replication"] ?? {}) as Record<string, string>;
  }, 60_000);

  test("follows the stores that the primary tells, with its passwords", () => {
    expect(up.errors).toEqual([]);
    const [cluster] = inputsOf(up, "Cluster", "postgres");
    expect(JSON.stringify(cluster)).toContain('"host":"postgres.example.org"');
    const role = JSON.stringify(inputsOf(up, "Secret", "postgres-role"));
    expect(passwords["postgres"]).toHaveLength(40);
    expect(role).toContain(Buffer.from(passwords["postgres"] ?? "").toString("base64"));
  });

  test("keeps what it was told secret", () => {
    expect(Object.keys(passwords)).toEqual(["postgres", "redis"]);
    const clear = JSON.stringify(
      up.snapshot?.resources.map(({ inputs, outputs }) =>
        [inputs, outputs].map((one) => maskMap(one ?? {})),
      ),
    );
    for (const password of Object.values(passwords)) {
      expect(clear).not.toContain(password);
      expect(clear).not.toContain(Buffer.from(password).toString("base64"));
    }
    expect(isSecret(up.outputs["replication"])).toBe(true);
  });

  test("makes the same of it once its settings say all, and asks nobody", async () => {
    const values = { ...PINNED, "deepseek:replicationPasswords": passwords };
    const plan = await previewedSite(STANDBY, values, up.snapshot);
    expect(plan.errors).toEqual([]);
    expect(changesOf(plan)).toEqual(["delete StackReference"]);
  });

  test("is planned anew as soon as the primary tells something else", async () => {
    const outputs = told[FULL_NAME] as PropertyMap;
    const moved = { ...(outputs["site"] as PropertyMap), postgres: "db.example.org" };
    const plan = await previewedSite(STANDBY, READING, up.snapshot, {
      [FULL_NAME]: { ...outputs, site: moved },
    });
    expect(changesOf(plan)).toEqual(["update postgresql.cnpg.io/v1:Cluster"]);
  });
});

describe("what is told", () => {
  const site = siteTold(settingsOf(committedValues(PRIMARY)));
  const other = settingsOf(READING).site.other as NonNullable<
    ReturnType<typeof settingsOf>["site"]["other"]
  >;

  test("is enough for a standby", () => {
    expect(toldFaults(site, other, "standby")).toEqual([]);
  });

  test.each([
    ["nothing", undefined, "stack", /no output `site`/],
    ["by another site", { ...site, name: "elsewhere" }, "stack", /site elsewhere/],
    ["by a standby", { ...site, role: "standby" }, "stack", /follows a primary/],
    ["without an address", { ...site, redis: null }, "redis", /does not tell/],
    ["without ranges", { ...site, ranges: [] }, "ranges", /does not tell/],
  ])("%s is refused", (_, said, path, wrong) => {
    const [fault, ...more] = toldFaults(said, other, "standby");
    expect(more).toEqual([]);
    expect(fault?.path).toBe(`deepseek:site.other.${path}`);
    expect(fault?.wrong).toMatch(wrong);
  });

  test("does not replace what is given", () => {
    const given = { ...other, postgres: "own.example.org" };
    expect(completedOther(given, site)).toMatchObject({
      postgres: "own.example.org",
      redis: "redis.example.org",
      clusterIdentifier: PRIMARY,
    });
  });
});

describe("settings of a pair", () => {
  const [one, two] = [`sha256:${"1".repeat(64)}`, `sha256:${"2".repeat(64)}`];
  const weights = (own: string, others: string): Values =>
    changed(
      changed(PINNED, "models.0.server.weights.manifest", own),
      "site.other.weights",
      Object.fromEntries([["deepseek-llm-7b-chat", others]]),
    );

  test("with the same weights at both are accepted, and a digest that only one says holds for both", () => {
    expect(parseSettings(asTexts(weights(one, one)))).not.toHaveProperty("faults");
    const silent = changed(weights(one, one), "models.0.server.weights.manifest", null);
    expect(siteTold(settingsOf(silent)).weights).toEqual({ "deepseek-llm-7b-chat": one });
  });

  test.each([
    ["other weights than the other site's", weights(one, two), "models[0].server.weights.manifest"],
    [
      "the other site's cluster",
      changed(PINNED, "cluster.clusterIdentifier", PRIMARY),
      "cluster.clusterIdentifier",
    ],
    ["the other site's name", changed(PINNED, "site.name", PRIMARY), "site.other.name"],
    ["no address, and no stack", without("postgres", "stack"), "site.other.postgres"],
    [
      "reading, and no stack",
      changed(without("stack"), "site.other.read", true),
      "site.other.stack",
    ],
  ])("with %s are refused", (_, values, path) => {
    const parsed = parseSettings(asTexts(values));
    const faults = "faults" in parsed ? parsed.faults : [];
    expect(faults.map((fault) => fault.path)).toEqual([`deepseek:${path}`]);
  });
});

function without(...names: readonly string[]): Values {
  return names.reduce((values, name) => changed(values, `site.other.${name}`, undefined), PINNED);
}

function inputsOf({ snapshot }: OperationResult, type: string, name: string): unknown[] {
  return (snapshot?.resources ?? [])
    .filter((one) => one.type.endsWith(`:${type}`) && one.urn.endsWith(`::${name}`))
    .map(({ inputs }) => reveal(inputs ?? {}));
}

function changesOf({ steps }: OperationResult): string[] {
  return steps
    .filter(({ kind }) => kind !== "same" && kind !== "read")
    .map(({ kind, type }) => `${kind} ${type.replace(/^(kubernetes|pulumi:pulumi):/, "")}`);
}
