/** What the archiver refuses to start with, and where it sends what. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { mountedKeys } from "../aws/mounted-keys.ts";
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

test("keys that are mounted are read at each use, and their absence is told without them", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "archive-keys-"));
  const keys = mountedKeys(folder);
  const put = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  put("ACCESS_KEY_ID", "AKIDWRITER\n");
  await expect(keys()).rejects.toMatchObject({ message: "the key is missing" });
  put("ACCESS_SECRET_KEY", "yesterday");
  expect(await keys()).toEqual({ accessKeyId: "AKIDWRITER", secretAccessKey: "yesterday" });
  put("ACCESS_SECRET_KEY", "today");
  expect(await keys()).toEqual({ accessKeyId: "AKIDWRITER", secretAccessKey: "today" });
  rmSync(folder, { recursive: true });
});

describe("settings", () => {
  test("with mounted keys no variable of AWS names the writer", () => {
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...rest } = VARIABLES;
    const target = { where: "s3://archive/trail" };
    expect(readConfig({ ...rest, ARCHIVE_KEYS_FOLDER: "/keys" })).toMatchObject({ target });
  });

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
