/** What the archiver refuses to start with, and where it sends what. */
import { describe, expect, test } from "vitest";
import { readConfig } from "./config.ts";

const VARIABLES = {
  ARCHIVE_FOLDER: "/audit",
  ARCHIVE_STATE: "/state",
  ARCHIVE_TO: "s3://archive/trail",
  ARCHIVE_KMS_KEY: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd",
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "AKIDWRITER",
  AWS_SECRET_ACCESS_KEY: "secret",
};

describe("settings", () => {
  test("without more are six hours, and a port on loopback", () => {
    expect(readConfig(VARIABLES)).toMatchObject({
      lateMs: 21_600_000,
      target: { where: "s3://archive/trail" },
      watch: { port: 9_465, tls: null },
    });
  });

  test.each([
    [{ ARCHIVE_TO: "ftp://archive" }, "ARCHIVE_TO: s3://BUCKET/PREFIX"],
    [{ ARCHIVE_TO: "s3://a" }, "is no place in a bucket"],
    [{ ARCHIVE_FOLDER: "relative" }, "ARCHIVE_FOLDER"],
    [{ ARCHIVE_STATE: "/data/audit/state", ARCHIVE_FOLDER: "/data/audit" }, "lies in"],
    [{ ARCHIVE_KMS_KEY: "alias/audit" }, "an ARN of a key"],
    [{ ARCHIVE_TO: "file:///worm" }, "ARCHIVE_KMS_KEY is for a bucket"],
    [{ ARCHIVE_LATE_HOURS: "0" }, "ARCHIVE_LATE_HOURS"],
    [{ ARCHIVE_TLS_KEY_FILE: "/tls/tls.key" }, "go together"],
    [{ ARCHIVE_OTHER: "1" }, "OTHER"],
    [{ AWS_ENDPOINT_URL_S3: "http://store.example.org" }, "is not https"],
    [{ AWS_ACCESS_KEY_ID: undefined }, "nothing says who this program is to AWS"],
  ])("%j is refused", (wrong, words) => {
    expect(() => readConfig({ ...VARIABLES, ...wrong })).toThrow(words);
  });
});
