/** Signatures are those that AWS publishes for its own examples. */
import { describe, expect, test } from "vitest";
import { type AwsCredentials, type AwsRequest, sha256, signedHeaders } from "./signature.ts";

/** The suite of test vectors of the AWS General Reference (aws-sig-v4-test-suite). */
const SUITE: AwsCredentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
const SUITE_SCOPE = {
  service: "service",
  region: "us-east-1",
  now: new Date("2015-08-30T12:36:00Z"),
};
/** "Examples: Signature Calculations", Amazon S3 API reference. */
const STORE: AwsCredentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const STORE_SCOPE = { service: "s3", region: "us-east-1", now: new Date("2013-05-24T00:00:00Z") };

const request = (
  method: string,
  url: string,
  headers: Record<string, string> = {},
): AwsRequest => ({
  method,
  url: new URL(url),
  headers,
  body: "",
});
const signature = (headers: Record<string, string>) =>
  /Signature=([0-9a-f]{64})$/.exec(headers["authorization"] ?? "")?.[1];

describe("the published examples", () => {
  test.each([
    ["get-vanilla", "GET", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
    [
      "post-vanilla",
      "POST",
      "",
      "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ],
    [
      "get-vanilla-query-order-key-case",
      "GET",
      "?Param2=value2&Param1=value1",
      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ],
  ])("%s", (_, method, query, expected) => {
    const one = request(method, `https://example.amazonaws.com/${query}`);
    expect(signature(signedHeaders(one, SUITE, SUITE_SCOPE))).toBe(expected);
  });

  test("an object of S3, in part", () => {
    const headers = { range: "bytes=0-9", "x-amz-content-sha256": sha256("") };
    const one = request("GET", "https://examplebucket.s3.amazonaws.com/test.txt", headers);
    expect(signature(signedHeaders(one, STORE, STORE_SCOPE))).toBe(
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
  });

  test("a list of S3, with a query", () => {
    const headers = { "x-amz-content-sha256": sha256("") };
    const url = "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J";
    expect(signature(signedHeaders(request("GET", url, headers), STORE, STORE_SCOPE))).toBe(
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    );
  });
});

test("a session's token is sent, and signed", () => {
  const one = request("GET", "https://example.amazonaws.com/");
  const headers = signedHeaders(one, { ...SUITE, sessionToken: "abc" }, SUITE_SCOPE);
  expect(headers["x-amz-security-token"]).toBe("abc");
  expect(headers["authorization"]).toContain("SignedHeaders=host;x-amz-date;x-amz-security-token,");
});
