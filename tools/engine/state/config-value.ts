/**
 * One configuration value between YAML and what the program gets: text, with objects and lists as
 * JSON. `{secure: ciphertext}` may stand for the whole value or anywhere inside it; one secret
 * makes the whole key a secret one (sdk/go/common/resource/config/object.go).
 */
import type { ConfigValue } from "../values.ts";

export function decodeConfigValue(
  raw: unknown,
  decrypt: (ciphertext: string) => string,
): ConfigValue {
  const plain = reveal(raw, decrypt);
  return { value: toText(plain), secret: isEncrypted(raw) };
}

/** Is there an encrypted text in it? */
export function isEncrypted(raw: unknown): boolean {
  if (secureText(raw) !== undefined) return true;
  if (typeof raw !== "object" || raw === null) return false;
  return Object.values(raw).some(isEncrypted);
}

function reveal(raw: unknown, decrypt: (ciphertext: string) => string): unknown {
  const ciphertext = secureText(raw);
  if (ciphertext !== undefined) return decrypt(ciphertext);
  if (Array.isArray(raw)) return raw.map((item) => reveal(item, decrypt));
  if (typeof raw !== "object" || raw === null) return raw;
  return Object.fromEntries(
    Object.entries(raw)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, reveal(value, decrypt)]),
  );
}

function toText(plain: unknown): string {
  return typeof plain === "string" ? plain : (JSON.stringify(plain) ?? "");
}

function secureText(raw: unknown): string | undefined {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return undefined;
  const [entry, ...rest] = Object.entries(raw);
  if (entry === undefined || rest.length > 0 || entry[0] !== "secure") return undefined;
  return typeof entry[1] === "string" ? entry[1] : undefined;
}
