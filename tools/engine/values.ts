/**
 * Property values as the engine, its Pulumi providers and the state hold them: plain JSON with two
 * sentinels, both Pulumi's own (sdk/go/common/resource, and the Node SDK's runtime/rpc.ts).
 * An unknown is a string no one else would write; a secret is an object with Pulumi's signature key.
 * Assets, archives and resource references stay in their wire form (objects with the same key).
 */
export type PropertyValue =
  | null
  | boolean
  | number
  | string
  | readonly PropertyValue[]
  | { readonly [key: string]: PropertyValue };

export type PropertyMap = { readonly [key: string]: PropertyValue };

/** What a preview puts where a value will only be known after an update. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The key that marks a special object on Pulumi's wire and in its state. */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** SIGNATURE's value for a secret: `{[SIGNATURE]: SECRET, value}`. */
export const SECRET = "1b47061264138c4ac30d75fd1eb44270";

export interface SecretValue {
  readonly [SIGNATURE]: typeof SECRET;
  readonly value: PropertyValue;
}

export function isObject(value: unknown): value is PropertyMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSecret(value: PropertyValue | undefined): value is PropertyMap & SecretValue {
  return isObject(value) && value[SIGNATURE] === SECRET;
}

/** Marks a value as secret; marking twice changes nothing. */
export function secret(value: PropertyValue): PropertyMap {
  return isSecret(value) ? value : { [SIGNATURE]: SECRET, value };
}

export function isUnknown(value: PropertyValue | undefined): boolean {
  return value === UNKNOWN || (isSecret(value) && isUnknown(value.value));
}

/** Is there an unknown anywhere inside? */
export function containsUnknown(value: PropertyValue | undefined): boolean {
  return some(value, (inner) => inner === UNKNOWN);
}

/** Is there a secret anywhere inside? */
export function containsSecret(value: PropertyValue | undefined): boolean {
  return some(value, isSecret);
}

/** The same value with every secret marker taken off (the plain value stays). */
export function reveal(value: PropertyValue): PropertyValue {
  if (isSecret(value)) return reveal(value.value);
  return mapChildren(value, reveal);
}

/** reveal() for a whole map. */
export function revealMap(map: PropertyMap): PropertyMap {
  return reveal(map) as PropertyMap;
}

/**
 * Marks in `target` whatever is secret at the same path in `pattern`. This is how the outputs of a
 * Pulumi provider that knows nothing of secrets keep the secrets of its inputs.
 */
export function markSecretsLike(target: PropertyValue, pattern: PropertyValue): PropertyValue {
  if (isSecret(pattern)) return isSecret(target) ? target : secret(target);
  if (isSecret(target)) return target;
  if (Array.isArray(target) && Array.isArray(pattern)) {
    return target.map((item, index) => markSecretsLike(item, pattern[index] ?? null));
  }
  if (isObject(target) && isObject(pattern)) {
    return Object.fromEntries(
      Object.entries(target).map(([key, value]) => [
        key,
        markSecretsLike(value, pattern[key] ?? null),
      ]),
    );
  }
  return target;
}

/** Applies `change` to the direct children of an array or object; scalars come back as they are. */
export function mapChildren(
  value: PropertyValue,
  change: (child: PropertyValue) => PropertyValue,
): PropertyValue {
  if (Array.isArray(value)) return value.map(change);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, change(child)]));
}

function some(value: PropertyValue | undefined, test: (value: PropertyValue) => boolean): boolean {
  if (value === undefined) return false;
  if (test(value)) return true;
  if (Array.isArray(value)) return value.some((child) => some(child, test));
  return isObject(value) && Object.values(value).some((child) => some(child, test));
}

/** A setting of a stack; objects are JSON text, as in Pulumi. */
export interface ConfigValue {
  readonly value: string;
  readonly secret: boolean;
}
