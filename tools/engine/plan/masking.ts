/**
 * Keeps secrets out of everything that is shown: values by their marker, texts by the secret
 * strings seen so far.
 */
import { isObject, isSecret, type PropertyMap, type PropertyValue } from "../values.ts";

const MASK = "[secret]";

/** Shorter strings are found everywhere by chance ("1", "on") and would garble every text. */
const MASKED_LENGTH_MIN = 6;

export function maskValue(value: PropertyValue): PropertyValue {
  if (isSecret(value)) return MASK;
  if (Array.isArray(value)) return value.map(maskValue);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, maskValue(child)]));
}

export function maskMap(map: PropertyMap): PropertyMap {
  return maskValue(map) as PropertyMap;
}

export class TextMask {
  private readonly secrets = new Set<string>();

  /** Remembers every string inside a secret of `value`. */
  learn(value: PropertyValue | undefined, inside = false): void {
    if (value === undefined || value === null) return;
    if (typeof value === "string") {
      if (inside && value.length >= MASKED_LENGTH_MIN) this.secrets.add(value);
    } else if (isSecret(value)) this.learn(value.value, true);
    else if (Array.isArray(value)) for (const child of value) this.learn(child, inside);
    else if (isObject(value)) for (const child of Object.values(value)) this.learn(child, inside);
  }

  apply(text: string): string {
    let masked = text;
    for (const secret of this.secrets) {
      if (masked.includes(secret)) masked = masked.replaceAll(secret, MASK);
    }
    return masked;
  }
}
