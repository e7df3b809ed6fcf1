/**
 * Seals what must be read again: AES-256-GCM under a named key, bound to what it belongs to. The
 * first key seals, all open, so that keys are rotated by putting a new one in front.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from "node:crypto";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const LINE = /^([A-Za-z0-9_-]{1,64}):([A-Za-z0-9+/]+={0,2})$/;

export class SealedBox {
  /** Key objects: told a buffer, Node first tries what else it may be, for 40 µs a call. */
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #first: string;

  /** Lines `id:base64 of 32 bytes`; throws where one is anything else. */
  constructor(text: string) {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    const keys = lines.map((line, index) => {
      const [, id = "", encoded = ""] = LINE.exec(line.trim()) ?? [];
      const key = Buffer.from(encoded, "base64");
      // The text itself is never quoted: it is a secret.
      if (key.length !== KEY_BYTES) throw new Error(`line ${index + 1} is no id:key of 32 bytes`);
      return [id, createSecretKey(key)] as const;
    });
    const [first] = keys;
    if (first === undefined) throw new Error("there is no key");
    if (new Set(keys.map(([id]) => id)).size < keys.length) throw new Error("an id is there twice");
    this.#keys = new Map(keys);
    this.#first = first[0];
  }

  /** `about` names what the content belongs to; it must be the same when it is opened. */
  seal(content: Buffer, about: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const key = this.#keys.get(this.#first);
    if (key === undefined) throw new Error("the first key is gone");
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    cipher.setAAD(Buffer.from(about, "utf8"));
    const sealed = [nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()];
    return `${this.#first}.${Buffer.concat(sealed).toString("base64url")}`;
  }

  /**
   * The same for the same content while the first key is the same, and nothing to be guessed from
   * without it: hex of 128 bits.
   */
  digest(content: Buffer, about: string): string {
    const key = this.#keys.get(this.#first);
    if (key === undefined) throw new Error("the first key is gone");
    return createHmac("sha256", key)
      .update(`${about}\n`)
      .update(content)
      .digest("hex")
      .slice(0, 32);
  }

  /** null: not sealed by a key of ours, changed, or belonging to something else. */
  open(sealed: string, about: string): Buffer | null {
    const dot = sealed.indexOf(".");
    const key = this.#keys.get(sealed.slice(0, dot));
    const bytes = Buffer.from(sealed.slice(dot + 1), "base64url");
    if (dot === -1 || key === undefined || bytes.length < NONCE_BYTES + TAG_BYTES) return null;
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES));
    decipher.setAAD(Buffer.from(about, "utf8"));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const content = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([content, decipher.final()]);
    } catch {
      return null;
    }
  }
}
