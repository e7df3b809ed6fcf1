import { describe, expect, test } from "vitest";
import { isSecret, reveal, UNKNOWN } from "../../values.ts";
import { FUNCTIONS } from "./invokes.ts";
import { AWS_SCHEMA } from "./schema.ts";
import { configured } from "./test-cloud.ts";

describe("functions", () => {
  test.each(Object.keys(FUNCTIONS))(
    "%s answers with every field, the same twice",
    async (token) => {
      const provider = await configured();
      const args = Object.fromEntries(
        (AWS_SCHEMA.functions[token]?.required ?? []).map((key) => [key, "x"]),
      );
      const answer = await provider.invoke(token, args, false);
      expect(
        (AWS_SCHEMA.functions[token]?.results ?? []).filter(
          (key) => !(key in answer) && !(key in OPTIONAL),
        ),
      ).toEqual([]);
      expect(await provider.invoke(token, args, false)).toEqual(answer);
      const unknown = await provider
        .invoke(token, { ...args, region: UNKNOWN }, true)
        .catch(() => undefined);
      if (unknown !== undefined) expect(Object.values(unknown)).toContain(UNKNOWN);
    },
  );

  /** Results that merely repeat an argument which was not given. */
  const OPTIONAL: Readonly<Record<string, true>> = {
    overrideJson: true,
    overridePolicyDocuments: true,
    policyId: true,
    sourceJson: true,
    sourcePolicyDocuments: true,
    statements: true,
  };

  test("zones belong to the region, and exclusions count", async () => {
    const provider = await configured();
    const token = "aws:index/getAvailabilityZones:getAvailabilityZones";
    const all = await provider.invoke(token, { state: "available" }, false);
    expect(all.names).toEqual(["eu-central-1a", "eu-central-1b", "eu-central-1c"]);
    expect(all.zoneIds).toEqual(["euc1-az1", "euc1-az2", "euc1-az3"]);
    const fewer = await provider.invoke(token, { excludeNames: ["eu-central-1b"] }, false);
    expect(fewer.names).toHaveLength(2);
  });

  test("a policy document is written as AWS reads it", async () => {
    const provider = await configured();
    const statements = [
      {
        sid: "Assume",
        actions: ["sts:AssumeRole", "sts:TagSession"],
        principals: [{ type: "Service", identifiers: ["eks.amazonaws.com"] }],
        conditions: [
          { test: "StringEquals", variable: "aws:SourceAccount", values: ["000000000000"] },
        ],
      },
      {
        effect: "Deny",
        actions: ["s3:*"],
        resources: ["*"],
        principals: [{ type: "*", identifiers: ["*"] }],
      },
    ];
    const token = "aws:iam/getPolicyDocument:getPolicyDocument";
    const { json } = await provider.invoke(token, { statements }, false);
    expect(JSON.parse(String(json))).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "Assume",
          Effect: "Allow",
          Action: ["sts:AssumeRole", "sts:TagSession"],
          Principal: { Service: "eks.amazonaws.com" },
          Condition: { StringEquals: { "aws:SourceAccount": "000000000000" } },
        },
        { Effect: "Deny", Action: "s3:*", Resource: "*", Principal: "*" },
      ],
    });
    const overrideJson = JSON.stringify({ Statement: [{ Sid: "Assume", Effect: "Deny" }] });
    const over = await provider.invoke(token, { statements, overrideJson }, false);
    expect(JSON.parse(String(over.json)).Statement).toHaveLength(2);
  });

  test("a parameter's value is secret, and a wrong argument is refused", async () => {
    const provider = await configured();
    const token = "aws:ssm/getParameter:getParameter";
    const answer = await provider.invoke(token, { name: "/aws/service/x/image_id" }, false);
    expect(isSecret(answer.value)).toBe(true);
    expect(reveal(answer.value ?? null)).toMatch(/^ami-[0-9a-f]{17}$/);
    await expect(provider.invoke(token, { nmae: "x" }, false)).rejects.toThrow(/Did you mean name/);
  });
});
