/** KMS as a server of this process that opens only what was signed and wrapped as KMS asks for it. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type AwsCredentials, signedHeaders } from "../aws/signature.ts";
import { keyServiceWrapping } from "./key-service.ts";
import { textOf } from "./model-files.ts";

const KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const CALLER: AwsCredentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
const master = randomBytes(32);

let server: http.Server;
let endpoint: string;
let answersFor: string;

beforeEach(() => {
  answersFor = KEY;
});

/** As KMS: the context is authenticated with the ciphertext. */
function answer(target: string, body: Record<string, string>): object {
  const context = Buffer.from(JSON.stringify(body["EncryptionContext"]));
  if (target === "TrentService.Encrypt") {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", master, nonce).setAAD(context);
    const sealed = [cipher.update(body["Plaintext"] ?? "", "base64"), cipher.final()];
    const blob = Buffer.concat([nonce, ...sealed, cipher.getAuthTag()]);
    return { KeyId: answersFor, CiphertextBlob: blob.toString("base64") };
  }
  const blob = Buffer.from(body["CiphertextBlob"] ?? "", "base64");
  const decipher = createDecipheriv("aes-256-gcm", master, blob.subarray(0, 12)).setAAD(context);
  decipher.setAuthTag(blob.subarray(-16));
  const opened = Buffer.concat([decipher.update(blob.subarray(12, -16)), decipher.final()]);
  return { KeyId: answersFor, Plaintext: opened.toString("base64") };
}

/** Signs what came as the caller should have: the signatures agree, or the caller is nobody. */
function isSigned(request: http.IncomingMessage, body: string): boolean {
  const time = String(request.headers["x-amz-date"]);
  const iso = time.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z");
  const signed = ["content-type", "x-amz-target"] as const;
  const headers = Object.fromEntries(signed.map((name) => [name, String(request.headers[name])]));
  const scope = { service: "kms", region: "eu-central-1", now: new Date(iso) };
  const asked = { method: "POST", url: new URL(endpoint), headers, body };
  return signedHeaders(asked, CALLER, scope)["authorization"] === request.headers["authorization"];
}

beforeAll(async () => {
  server = http.createServer(async (request, response) => {
    const body = await textOf(request);
    const send = (status: number, content: object) =>
      response.writeHead(status).end(JSON.stringify(content));
    if (!isSigned(request, body)) {
      send(403, { __type: "com.amazon.coral.service#IncompleteSignatureException" });
      return;
    }
    try {
      send(200, answer(String(request.headers["x-amz-target"]), JSON.parse(body)));
    } catch {
      send(400, { __type: "InvalidCiphertextException", message: "quotes what was sent" });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => {
  server.close();
});

const wrapping = (caller = CALLER) =>
  keyServiceWrapping({ key: KEY, endpoint, credentials: async () => caller });

test("a wrapped data key comes back, and its wrapping does not tell it", async () => {
  const dataKey = randomBytes(32);
  const wrapped = await wrapping().wrap(dataKey);
  expect(wrapped).not.toContain(dataKey.toString("base64"));
  expect((await wrapping().unwrap(wrapped)).equals(dataKey)).toBe(true);
  expect(wrapping().by).toBe(`kms ${KEY}`);
});

test("whoever signs with another secret is refused, with what to do", async () => {
  const other = { ...CALLER, secretAccessKey: "another" };
  const refused = wrapping(other).wrap(randomBytes(32));
  await expect(refused).rejects.toMatchObject({
    message: "KMS answered 403 (IncompleteSignatureException)",
    fix: "the role needs kms:Encrypt on this key",
  });
});

test("what was changed does not open, and the fault quotes nothing", async () => {
  const wrapped = Buffer.from(await wrapping().wrap(randomBytes(32)), "base64");
  wrapped.writeUInt8(wrapped.readUInt8(20) ^ 1, 20);
  const refused = wrapping().unwrap(wrapped.toString("base64"));
  await expect(refused).rejects.toThrow("KMS answered 400 (InvalidCiphertextException)");
});

test("an answer for another key is none", async () => {
  answersFor = KEY.replace("1234abcd", "ffffffff");
  await expect(wrapping().wrap(randomBytes(32))).rejects.toThrow("KMS answered for another key");
});

test("only a key's ARN will do", () => {
  for (const key of ["alias/weights", "", KEY.replace(":key/", ":alias/")]) {
    const named = () => keyServiceWrapping({ key, credentials: async () => CALLER });
    expect(named).toThrow("is no key of KMS");
  }
});
