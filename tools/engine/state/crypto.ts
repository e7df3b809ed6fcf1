/**
 * Pulumi's passphrase secrets manager. A salt text is `v1:<salt>:v1:<nonce>:<"pulumi" encrypted>`
 * and proves a passphrase right or wrong; a secret is `v1:<nonce>:<ciphertext>`; all parts base64.
 * Deriving a key takes some 0.3 s, so it happens once for each salt, off the main thread, and only
 * where there is a secret at all: without one, no passphrase is ever asked for.
 */
import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { UserError } from "../../base/user-error.ts";

export interface Crypter {
  /** Kept in the state (`secrets_providers`) and in Pulumi.<stack>.yaml (`encryptionsalt`). */
  readonly salt: string;
  encrypt(plaintext: string): string;
  /** Throws where the ciphertext was not made with this key or was changed since. */
  decrypt(ciphertext: string): string;
}

export interface Keyring {
  /** Derives the key for `salt`; `where` is named if the passphrase is wrong. */
  open(salt: string, where: string): Promise<Crypter>;
  /** Makes `salt` the one that new secrets use, without deriving anything yet. */
  adopt(salt: string, where: string): void;
  /** The crypter for new secrets: that of the adopted salt, else of a salt made now. */
  current(): Promise<Crypter>;
}

// The numbers of Pulumi's own crypter (sdk/go/common/resource/config/crypt.go, passphrase/manager.go).
const ITERATIONS = 1_000_000;
const KEY_BYTES = 32;
const SALT_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PROOF = "pulumi";

const derive = promisify(pbkdf2);

/** `passphrase` is asked at most once, and only when a key is needed. */
export function createKeyring(passphrase: () => Promise<string>): Keyring {
  const keys = new Map<string, Promise<Buffer>>();
  let asked: Promise<string> | undefined;
  let adopted: { salt: string; where: string } | undefined;
  let made: Promise<Crypter> | undefined;

  const keyFor = (salt: string): Promise<Buffer> => {
    const known = keys.get(salt);
    if (known !== undefined) return known;
    asked ??= passphrase();
    const key = asked.then((text) =>
      derive(text, Buffer.from(salt, "base64"), ITERATIONS, KEY_BYTES, "sha256"),
    );
    keys.set(salt, key);
    return key;
  };
  const open = async (text: string, where: string): Promise<Crypter> => {
    const { salt, proof } = parseSalt(text, where);
    const key = await keyFor(salt);
    if (tryDecrypt(key, proof) !== PROOF) throw wrongPassphrase(where);
    return crypterOf(key, text);
  };
  return {
    open,
    adopt: (salt, where) => {
      parseSalt(salt, where);
      adopted ??= { salt, where };
    },
    current: () => {
      if (adopted !== undefined) return open(adopted.salt, adopted.where);
      made ??= createCrypter(keyFor);
      return made;
    },
  };
}

async function createCrypter(keyFor: (salt: string) => Promise<Buffer>): Promise<Crypter> {
  const salt = randomBytes(SALT_BYTES).toString("base64");
  const key = await keyFor(salt);
  return crypterOf(key, `v1:${salt}:${encrypt(key, PROOF)}`);
}

function crypterOf(key: Buffer, salt: string): Crypter {
  return {
    salt,
    encrypt: (plaintext) => encrypt(key, plaintext),
    decrypt: (ciphertext) => decrypt(key, ciphertext),
  };
}

function encrypt(key: Buffer, plaintext: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  // Go's GCM appends the tag to the ciphertext; so do we.
  const sealed = Buffer.concat([
    cipher.update(plaintext, "utf8"),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

function decrypt(key: Buffer, text: string): string {
  const [version, nonceText, sealedText, ...rest] = text.split(":");
  if (version !== "v1" || nonceText === undefined || sealedText === undefined || rest.length > 0) {
    throw new Error("not a v1 ciphertext");
  }
  const nonce = Buffer.from(nonceText, "base64");
  const sealed = Buffer.from(sealedText, "base64");
  if (nonce.length !== NONCE_BYTES || sealed.length < TAG_BYTES) {
    throw new Error("ciphertext too short");
  }
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const body = sealed.subarray(0, sealed.length - TAG_BYTES);
  return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
}

function tryDecrypt(key: Buffer, ciphertext: string): string | undefined {
  try {
    return decrypt(key, ciphertext);
  } catch {
    return undefined;
  }
}

function parseSalt(text: string, where: string): { salt: string; proof: string } {
  const [version, salt, ...proof] = text.split(":");
  if (version === "v1" && salt !== undefined && proof.length === 3) {
    if (Buffer.from(salt, "base64").length > 0) return { salt, proof: proof.join(":") };
  }
  throw new UserError("The encryption salt is not one of Pulumi's passphrase secrets manager.", {
    where,
    fix: "Restore the file from a backup or from git; a salt reads v1:<salt>:v1:<nonce>:<text>.",
  });
}

function wrongPassphrase(where: string): UserError {
  return new UserError("The passphrase is wrong: it does not open the stack's secrets.", {
    where,
    fix: "Set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) to the passphrase this stack was made with.",
  });
}
