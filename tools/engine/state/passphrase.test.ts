import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { passphraseSource } from "./passphrase.ts";

const scratch = mkdtempSync(path.join(os.tmpdir(), "passphrase-test-"));
afterAll(() => rm(scratch, { recursive: true }));

describe("the passphrase", () => {
  test("comes from the environment first, even an empty one", async () => {
    const generatedFile = path.join(scratch, "unused");
    const both = { PULUMI_CONFIG_PASSPHRASE: "", PULUMI_CONFIG_PASSPHRASE_FILE: "/nowhere" };
    expect(await passphraseSource({ environment: both, generatedFile })()).toBe("");
  });

  test("else from the named file, without its line end", async () => {
    const file = path.join(scratch, "given");
    writeFileSync(file, "correct horse \n");
    const environment = { PULUMI_CONFIG_PASSPHRASE_FILE: file };
    expect(await passphraseSource({ environment })()).toBe("correct horse");
    const missing = { PULUMI_CONFIG_PASSPHRASE_FILE: `${file}.missing` };
    await expect(passphraseSource({ environment: missing })()).rejects.toMatchObject({
      where: `${file}.missing`,
      exitCode: 2,
    });
  });

  test("else is generated once, for this user's eyes only", async () => {
    const generatedFile = path.join(scratch, "state/passphrase");
    const source = () => passphraseSource({ environment: {}, generatedFile })();
    const made = await Promise.all([source(), source().catch(() => source())]);
    expect(made[0]).toMatch(/^[\w-]{43}$/);
    expect(await source()).toBe(readFileSync(generatedFile, "utf8").trim());
    expect(statSync(generatedFile).mode & 0o777).toBe(0o600);
  });

  test("else is asked for, and an emptied file is not taken for one", async () => {
    await expect(passphraseSource({ environment: {} })()).rejects.toMatchObject({
      message: "The stack has secrets, and no passphrase was given.",
      exitCode: 2,
    });
    const generatedFile = path.join(scratch, "emptied");
    writeFileSync(generatedFile, "");
    await expect(passphraseSource({ environment: {}, generatedFile })()).rejects.toThrow(/empty/);
  });
});
