import { describe, expect, test } from "vitest";
import { EXPLAINED } from "./explained.ts";
import { type Explanation, weigh } from "./explanation.ts";
import type { Finding } from "./finding.ts";

const finding: Finding = {
  judge: "checkov",
  rule: "CKV_K8S_11",
  object: "Deployment/deepseek/edge#edge-exporter",
  message: "CPU limits should be set",
};
const row = (more: Partial<Explanation> = {}): Explanation => ({
  judge: "checkov",
  rule: "CKV_K8S_11",
  objects: ["Deployment/deepseek/edge*"],
  reason: "r",
  instead: "i",
  ...more,
});
const judged = [
  { stack: "local", findings: [finding] },
  { stack: "dev", findings: [] },
];

describe("a finding", () => {
  test("is explained by a row of its judge, rule and object", () => {
    const { stacks, dead } = weigh(judged, [row()], true);
    expect(stacks[0]).toMatchObject({ stack: "local", explained: [finding], unexplained: [] });
    expect(dead).toEqual([]);
  });

  test.each([
    { judge: "monokle" },
    { rule: "CKV_K8S_12" },
    { objects: ["Deployment/deepseek/edge"] },
    { objects: ["*/other/*"] },
    // A dot is a dot.
    { objects: ["Deployment.deepseek.edge#edge-exporter"] },
  ] as const)("is not explained by another row (%j)", (more) => {
    const { stacks, dead } = weigh(judged, [row(more)], true);
    expect(stacks[0]?.unexplained).toEqual([finding]);
    expect(dead).toHaveLength(1);
  });
});

test("an explanation that one of its patterns does not need is dead, unless a stack was left out", () => {
  const rows = [row({ objects: ["*edge-exporter", "Deployment/monitoring/*"] })];
  expect(weigh(judged, rows, true).dead).toEqual(["checkov CKV_K8S_11 Deployment/monitoring/*"]);
  expect(weigh(judged, rows, false).dead).toEqual([]);
});

test("every row of ours says why and what is done instead, and no row is written twice", () => {
  for (const { reason, instead, objects } of EXPLAINED) {
    expect(reason.length).toBeGreaterThan(20);
    expect(instead.length).toBeGreaterThan(10);
    // A pattern that names nothing would hide what comes later.
    for (const pattern of objects) expect(pattern).toMatch(/[a-zA-Z]/);
  }
  const keys = EXPLAINED.flatMap(({ judge, rule, objects }) =>
    objects.map((pattern) => `${judge} ${rule} ${pattern}`),
  );
  expect(new Set(keys).size).toBe(keys.length);
});
