/** The seal's key is one that Node's own parser takes. */
import { createPrivateKey, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { ed25519Pem } from "./gateway-secrets.ts";

test("32 random bytes are an Ed25519 key", () => {
  const seed = randomBytes(32);
  const key = createPrivateKey(ed25519Pem(seed.toString("base64")));
  expect(key.asymmetricKeyType).toBe("ed25519");
  expect(key.export({ format: "jwk" }).d).toBe(seed.toString("base64url"));
});
