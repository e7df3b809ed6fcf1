/**
 * Keeps secrets out of everything that is shown: values by their marker, texts by the secret
 * strings seen so far.
 */
import {
  isObject,
  isSecret,
  mapChildren,
  type PropertyMap,
  type PropertyValue,
} from "../values.ts";

export const MASK = "[secret]";

/** Shorter strings are found everywhere by chance ("1", "on") and would garble every text. */
const MASKED_LENGTH_MIN = 6;

function maskValue(value: PropertyValue): PropertyValue {
  if (isSecret(value)) return MASK;
  if (Array.isArray(value)) return value.map(maskValue);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, maskValue(child)]));
}

export function maskMap(map: PropertyMap): PropertyMap {
  return maskValue(map) as PropertyMap;
}

/** Public by nature, also where it stands in a secret beside its private key. */
const CERTIFICATE = /^-----BEGIN CERTIFICATE-----/;

export class TextMask {
  private readonly secrets = new Set<string>();

  /** Remembers every string inside a secret of `value`. */
  learn(value: PropertyValue | undefined, inside = false): void {
    if (value === undefined || value === null) return;
    if (typeof value === "string") {
      const masked = inside && value.length >= MASKED_LENGTH_MIN && !CERTIFICATE.test(value);
      if (masked) this.secrets.add(value);
    } else if (isSecret(value)) this.learn(value.value, true);
    else if (Array.isArray(value)) for (const child of value) this.learn(child, inside);
    else if (isObject(value)) for (const child of Object.values(value)) this.learn(child, inside);
  }

  /** A secret setting: its text, and where that is JSON, every text inside. */
  learnSetting(text: string): void {
    this.learn(text, true);
    if (!/^\s*[[{]/.test(text)) return;
    try {
      this.learn(JSON.parse(text), true);
    } catch {
      // It only looks like JSON; as a text it is known already.
    }
  }

  /** What may be shown of a map: no marked secret, and no known one where it went unmarked. */
  values(map: PropertyMap): PropertyMap {
    return this.texts(maskMap(map)) as PropertyMap;
  }

  private texts(value: PropertyValue): PropertyValue {
    if (typeof value === "string") return this.apply(value);
    return mapChildren(value, (child) => this.texts(child));
  }

  apply(text: string): string {
    let masked = text;
    for (const secret of this.secrets) {
      if (masked.includes(secret)) masked = masked.replaceAll(secret, MASK);
    }
    return masked;
  }
}
