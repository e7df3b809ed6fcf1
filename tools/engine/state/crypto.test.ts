/**
 * The passphrase crypter against values that Pulumi's own SDK made (fixtures/passphrase-vector.json),
 * and its behaviour where something is wrong.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { createKeyring } from "./crypto.ts";

const vector = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "fixtures/passphrase-vector.json"), "utf8"),
) as {
  passphrase: string;
  salt: string;
  secrets: { plaintext: string; ciphertext: string }[];
};

describe("the crypter", () => {
  test("opens what Pulumi sealed", async () => {
    const crypter = await createKeyring(async () => vector.passphrase).open(vector.salt, "file");
    for (const { plaintext, ciphertext } of vector.secrets) {
      expect(crypter.decrypt(ciphertext)).toBe(plaintext);
    }
    const own = crypter.encrypt("数据");
    expect(own).toMatch(/^v1:[A-Za-z0-9+/=]{16}:[A-Za-z0-9+/=]+$/);
    expect(crypter.decrypt(own)).toBe("数据");
    expect(crypter.encrypt("数据")).not.toBe(own);
  });

  test("notices every changed bit and every wrong form", async () => {
    const crypter = await createKeyring(async () => vector.passphrase).open(vector.salt, "file");
    const [, nonce = "", body = ""] = crypter.encrypt("secret").split(":");
    const changed = Buffer.from(body, "base64");
    changed[0] = (changed[0] ?? 0) ^ 1;
    const wrong = [
      `v1:${nonce}:${changed.toString("base64")}`,
      `v1:${nonce}:${body.slice(0, 8)}`,
      `v1:${nonce}`,
      `v2:${nonce}:${body}`,
      `v1:${nonce}:${body}:more`,
      "",
    ];
    for (const text of wrong) expect(() => crypter.decrypt(text)).toThrow();
  });

  test("refuses a wrong passphrase and a text that is no salt", async () => {
    const keyring = createKeyring(async () => "wrong");
    await expect(keyring.open(vector.salt, "Pulumi.dev.yaml")).rejects.toMatchObject({
      message: "The passphrase is wrong: it does not open the stack's secrets.",
      where: "Pulumi.dev.yaml",
      exitCode: 2,
    });
    for (const salt of ["", "v1:", "v2:AQID:v1:a:b", "v1::v1:a:b"]) {
      await expect(keyring.open(salt, "file")).rejects.toThrow(/not one of Pulumi's/);
    }
  });
});

describe("the keyring", () => {
  test("asks once, derives once for each salt, and only when a key is needed", async () => {
    let asked = 0;
    const keyring = createKeyring(async () => {
      asked += 1;
      return vector.passphrase;
    });
    keyring.adopt(vector.salt, "file");
    expect(asked).toBe(0);
    const first = await keyring.current();
    const started = performance.now();
    const second = await keyring.open(vector.salt, "file");
    await keyring.current();
    // Deriving takes some 300 ms; finding the key again takes none of it.
    expect(performance.now() - started).toBeLessThan(50);
    expect([first.salt, second.salt]).toEqual([vector.salt, vector.salt]);
    expect(asked).toBe(1);
  });

  test("makes one salt where there is none, and it opens again", async () => {
    const keyring = createKeyring(async () => "p");
    const [a, b] = await Promise.all([keyring.current(), keyring.current()]);
    expect(a.salt).toBe(b.salt);
    const again = await createKeyring(async () => "p").open(a.salt, "file");
    expect(again.decrypt(a.encrypt("x"))).toBe("x");
  });
});
