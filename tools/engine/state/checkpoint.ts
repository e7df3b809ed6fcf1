/**
 * A whole snapshot between memory and Pulumi's deployment JSON. Saving is called after every step
 * of an update, so the JSON of a resource is kept for as long as the engine keeps the same
 * ResourceState object, and the ciphertext of an unchanged secret is used again: what did not
 * change costs nothing and leaves no trace in a diff.
 */
import { createHash } from "node:crypto";
import type { OperationKind, PendingOperation, ResourceState, Snapshot } from "../resource.ts";
import {
  containsSecret,
  isObject,
  type PropertyMap,
  type PropertyValue,
  SECRET,
  SIGNATURE,
} from "../values.ts";
import type { Crypter, Keyring } from "./crypto.ts";
import type { RawDeployment } from "./integrity.ts";
import { decodeResource, encodeResource, openValue } from "./resource-codec.ts";

export interface DeploymentCodec {
  /** Throws a plain Error for a secret that cannot be opened. */
  decode(raw: RawDeployment, simulated: boolean): Promise<Snapshot>;
  /** The deployment's JSON, UTF-8, on one line. */
  encode(snapshot: Snapshot): Promise<Buffer>;
}

interface Codec {
  readonly keyring: Keyring;
  readonly where: string;
  readonly json: WeakMap<ResourceState, Buffer>;
  /** By place: the last plaintext there and its ciphertext. */
  readonly sealed: Map<string, { readonly plaintext: string; readonly ciphertext: string }>;
  salt: string | undefined;
  crypter: Crypter | undefined;
}

const COMMA = Buffer.from(",");
const END = Buffer.from("]");

/** `where` is the file named in messages about the passphrase. */
export function createDeploymentCodec(keyring: Keyring, where: string): DeploymentCodec {
  const codec: Codec = {
    keyring,
    where,
    json: new WeakMap(),
    sealed: new Map(),
    salt: undefined,
    crypter: undefined,
  };
  return {
    decode: (raw, simulated) => decode(codec, raw, simulated),
    encode: (snapshot) => encode(codec, snapshot),
  };
}

/** The outputs of the stack itself; opens no other secret than those in them. */
export async function decodeStackOutputs(
  raw: RawDeployment,
  keyring: Keyring,
  where: string,
): Promise<PropertyMap> {
  const stack = raw.resources.find((resource) => resource["type"] === "pulumi:pulumi:Stack");
  const outputs = stack?.["outputs"] ?? {};
  if (!hasCiphertext(outputs) || raw.salt === undefined) return outputs as PropertyMap;
  const crypter = await keyring.open(raw.salt, where);
  return openValue(outputs, "outputs", (place, text) =>
    openSecret(crypter, place, text),
  ) as PropertyMap;
}

async function decode(codec: Codec, raw: RawDeployment, simulated: boolean): Promise<Snapshot> {
  codec.salt = raw.salt;
  if (raw.salt !== undefined) codec.keyring.adopt(raw.salt, codec.where);
  const records = [...raw.resources, ...raw.operations.map((operation) => operation.resource)];
  if (records.some(hasCiphertext)) {
    if (raw.salt === undefined) throw new Error("it holds secrets but no secrets provider");
    codec.crypter = await codec.keyring.open(raw.salt, codec.where);
  }
  const open = (place: string, ciphertext: string): string => {
    const plaintext = openSecret(codec.crypter, place, ciphertext);
    codec.sealed.set(place, { plaintext, ciphertext });
    return plaintext;
  };
  return {
    manifest: {
      time: String(raw.manifest["time"] ?? new Date(0).toISOString()),
      magic: String(raw.manifest["magic"] ?? ""),
      version: String(raw.manifest["version"] ?? ""),
    },
    resources: raw.resources.map((resource) => decodeResource(resource, open)),
    pendingOperations: raw.operations.map((operation) => ({
      type: operation.type as OperationKind,
      resource: decodeResource(operation.resource, open),
    })),
    simulated,
  };
}

async function encode(codec: Codec, snapshot: Snapshot): Promise<Buffer> {
  const { version, time } = snapshot.manifest;
  const pending = snapshot.pendingOperations;
  const records = [...snapshot.resources, ...pending.map((operation) => operation.resource)];
  if (codec.crypter === undefined && records.some((record) => needsCrypter(codec, record))) {
    codec.crypter =
      codec.salt === undefined
        ? await codec.keyring.current()
        : await codec.keyring.open(codec.salt, codec.where);
    codec.salt = codec.crypter.salt;
  }
  const salt = codec.salt;
  const head = {
    // Pulumi takes a state for tampered with where magic is not this hash.
    manifest: { time, magic: version === "" ? "" : sha256(version), version },
    ...(salt === undefined ? {} : { secrets_providers: { type: "passphrase", state: { salt } } }),
  };
  const parts: Buffer[] = [Buffer.from(JSON.stringify(head).slice(0, -1))];
  const resources = snapshot.resources.map((resource) => resourceJson(codec, resource));
  if (resources.length > 0) parts.push(Buffer.from(',"resources":['), ...join(resources), END);
  if (pending.length > 0) {
    const operations = pending.map((operation) => operationJson(codec, operation));
    parts.push(Buffer.from(',"pending_operations":['), ...join(operations), END);
  }
  parts.push(Buffer.from(',"metadata":{}}'));
  return Buffer.concat(parts);
}

function join(items: readonly Buffer[]): Buffer[] {
  return items.flatMap((item, index) => (index === 0 ? [item] : [COMMA, item]));
}

function operationJson(codec: Codec, operation: PendingOperation): Buffer {
  return Buffer.concat([
    Buffer.from('{"resource":'),
    resourceJson(codec, operation.resource),
    Buffer.from(`,"type":${JSON.stringify(operation.type)}}`),
  ]);
}

function resourceJson(codec: Codec, resource: ResourceState): Buffer {
  const known = codec.json.get(resource);
  if (known !== undefined) return known;
  const seal = (place: string, plaintext: string): string => {
    const last = codec.sealed.get(place);
    if (last?.plaintext === plaintext) return last.ciphertext;
    if (codec.crypter === undefined) throw new Error("a secret was sealed without a key");
    const ciphertext = codec.crypter.encrypt(plaintext);
    codec.sealed.set(place, { plaintext, ciphertext });
    return ciphertext;
  };
  const json = Buffer.from(JSON.stringify(encodeResource(resource, seal)));
  codec.json.set(resource, json);
  return json;
}

function needsCrypter(codec: Codec, resource: ResourceState): boolean {
  if (codec.json.has(resource)) return false;
  return containsSecret(resource.inputs) || containsSecret(resource.outputs);
}

function openSecret(crypter: Crypter | undefined, place: string, ciphertext: string): string {
  try {
    if (crypter !== undefined) return crypter.decrypt(ciphertext);
  } catch {
    // Told below: the library's own message ("unable to authenticate data") helps nobody.
  }
  throw new Error(`the secret at ${place} was damaged: its ciphertext does not open`);
}

function hasCiphertext(value: PropertyValue): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (isObject(value) && value[SIGNATURE] === SECRET) return value["ciphertext"] !== undefined;
  const children: readonly PropertyValue[] = Object.values(value);
  return children.some(hasCiphertext);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
