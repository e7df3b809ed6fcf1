/**
 * Ids, ARNs and everything else the simulated cloud invents. Each value is a SHA-256 of what it
 * belongs to, so two runs of one program agree to the letter. The account is 000000000000: its
 * form is right, and no real account can have it.
 */
import { createHash } from "node:crypto";
import { isObject, type PropertyMap, type PropertyValue } from "../../values.ts";
import type { Making } from "./table.ts";

const SIMULATED_ACCOUNT = "000000000000";

export interface Place {
  readonly region: string;
  readonly partition: string;
  readonly dnsSuffix: string;
}

/** https://docs.aws.amazon.com/general/latest/gr/aws-arns-and-namespaces.html: the partitions. */
export function placeOf(region: string): Place {
  if (region.startsWith("cn-"))
    return { region, partition: "aws-cn", dnsSuffix: "amazonaws.com.cn" };
  if (region.startsWith("us-gov-")) {
    return { region, partition: "aws-us-gov", dnsSuffix: "amazonaws.com" };
  }
  return { region, partition: "aws", dnsSuffix: "amazonaws.com" };
}

export interface Identity {
  readonly seed: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly previous?: PropertyMap;
}

export function makingOf(identity: Identity, place: Place): Making {
  const draw = (alphabet: string, length: number, salt: string) =>
    drawText(`${identity.seed}\0${salt}`, alphabet, length);
  const arn = (service: string, resource: string, region: string, account: string) =>
    `arn:${place.partition}:${service}:${region}:${account}:${resource}`;
  return {
    name: identity.name,
    inputs: identity.inputs,
    id: identity.id,
    previous: identity.previous,
    account: SIMULATED_ACCOUNT,
    ...place,
    hex: (length, salt = "") => draw("0123456789abcdef", length, salt),
    base36: (length, salt = "") => draw("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", length, salt),
    digits: (length, salt = "") => draw("0123456789", length, salt),
    uuid: (salt = "") => uuidOf(draw("0123456789abcdef", 32, salt)),
    arn: (service, resource) => arn(service, resource, place.region, SIMULATED_ACCOUNT),
    globalArn: (service, resource, account = SIMULATED_ACCOUNT) =>
      arn(service, resource, "", account),
    text: (property) => textAt(identity.inputs[property]),
    list: (property) => listAt(identity.inputs[property]),
  };
}

/** `length` characters of the alphabet from a counter stream of hashes. */
export function drawText(seed: string, alphabet: string, length: number): string {
  let result = "";
  for (let counter = 0; result.length < length; counter += 1) {
    for (const byte of createHash("sha256").update(`${counter}\0${seed}`).digest()) {
      result += alphabet[byte % alphabet.length];
    }
  }
  return result.slice(0, length);
}

/** JSON with sorted keys: the same text for the same value, whatever the order of its writing. */
export function canonical(value: PropertyValue): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, child]) => `${JSON.stringify(key)}:${canonical(child)}`);
  return `{${fields.join(",")}}`;
}

function uuidOf(hex: string): string {
  const version = `4${hex.slice(13, 16)}`;
  const variant = `${"89ab"[Number.parseInt(hex[16] ?? "0", 16) % 4]}${hex.slice(17, 20)}`;
  return [hex.slice(0, 8), hex.slice(8, 12), version, variant, hex.slice(20, 32)].join("-");
}

function textAt(value: PropertyValue | undefined): string {
  return value === undefined || value === null || typeof value === "object" ? "" : String(value);
}

function listAt(value: PropertyValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.map((one) => textAt(one)) : [];
}
