import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AwsSite, names, servicePrincipal, siteFaults, viaService } from "./place.ts";
import { CHINA, SITE } from "./test-aws.ts";

describe("a site", () => {
  test("that is right has no fault", () => {
    expect([SITE, CHINA, { ...SITE, region: "ap-southeast-1" }].map(siteFaults)).toEqual([
      [],
      [],
      [],
    ]);
  });

  test.each([
    [{ region: "cn-north-1" }, "partition"],
    [{ partition: "aws-cn" }, "partition"],
    [{ region: "frankfurt" }, "region"],
    [{ account: "1234" }, "account"],
    [{ account: "1111222233334" }, "account"],
    [{ prefix: "" }, "prefix"],
    [{ prefix: "Prod" }, "prefix"],
    [{ prefix: "1prod" }, "prefix"],
    [{ prefix: "prod-" }, "prefix"],
    [{ prefix: "pr--od" }, "prefix"],
    [{ prefix: "a".repeat(25) }, "prefix"],
  ] satisfies [Partial<AwsSite>, string][])("%j is refused for its %s", (wrong, property) => {
    expect(siteFaults({ ...SITE, ...wrong }).map(({ argument }) => argument)).toEqual([property]);
  });

  test("all that is wrong is told at once", () => {
    const wrong = { partition: "aws-cn", region: "x", account: "", prefix: "" } as const;
    expect(siteFaults(wrong)).toHaveLength(3);
  });

  test("of any right prefix gets names that AWS takes", () => {
    const prefixes = fc.stringMatching(/^[a-z][a-z0-9]{0,10}(-[a-z0-9]{1,11})?$/);
    fc.assert(
      fc.property(prefixes, (prefix) => {
        const site = { ...SITE, region: "ap-northeast-1", prefix };
        fc.pre(siteFaults(site).length === 0);
        for (const purpose of ["weights", "audit"] as const) {
          expect(names.bucket(site, purpose)).toMatch(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/);
        }
        // The longest that Elastic Load Balancing takes.
        expect(`${prefix}-https`.length).toBeLessThanOrEqual(32);
        expect(names.database(site).length).toBeLessThanOrEqual(63);
      }),
    );
  });
});

test("services are called as their partition calls them", () => {
  expect(["ec2", "logs", "eks"].map((service) => servicePrincipal(SITE, service))).toEqual([
    "ec2.amazonaws.com",
    "logs.eu-central-1.amazonaws.com",
    "eks.amazonaws.com",
  ]);
  expect(["ec2", "logs", "eks"].map((service) => servicePrincipal(CHINA, service))).toEqual([
    "ec2.amazonaws.com.cn",
    "logs.cn-north-1.amazonaws.com.cn",
    "eks.amazonaws.com",
  ]);
  expect(viaService(SITE, ["rds", "backup"])).toEqual([
    "rds.eu-central-1.amazonaws.com",
    "backup.eu-central-1.amazonaws.com",
  ]);
  expect(viaService(CHINA, ["s3"])).toEqual([
    "s3.cn-north-1.amazonaws.com",
    "s3.cn-north-1.amazonaws.com.cn",
  ]);
});
