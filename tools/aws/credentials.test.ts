/** Who a program is to AWS, from servers of this process that answer as AWS' own do. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { awsCredentials } from "./credentials.ts";

let server: http.Server;
let origin: string;
let folder: string;
let asked: string[];
let lifeMs: number;

function answer(request: http.IncomingMessage, body: string): [number, string] {
  const expires = new Date(Date.now() + lifeMs).toISOString();
  if (request.url === "/v1/credentials") {
    if (request.headers.authorization !== "pod-token") return [401, "{}"];
    const keys = { AccessKeyId: "ASIAPOD", SecretAccessKey: "s", Token: "t", Expiration: expires };
    return [200, JSON.stringify(keys)];
  }
  const form = new URLSearchParams(body);
  if (form.get("WebIdentityToken") !== "web-token") return [403, "<Error/>"];
  const of = (name: string, text: string) => `<${name}>${text}</${name}>`;
  const keys = [of("AccessKeyId", "ASIAWEB"), of("SecretAccessKey", "s"), of("SessionToken", "t")];
  return [200, of("Credentials", [...keys, of("Expiration", expires)].join(""))];
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "credentials-test-"));
  server = http.createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    asked.push(request.url ?? "");
    const [status, text] = answer(request, Buffer.concat(pieces).toString("utf8"));
    response.writeHead(status).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  asked = [];
  lifeMs = 3_600_000;
});

function token(text: string): string {
  const file = path.join(folder, "token");
  writeFileSync(file, `${text}\n`);
  return file;
}
const pod = (text: string) => ({
  AWS_CONTAINER_CREDENTIALS_FULL_URI: `${origin}/v1/credentials`,
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: token(text),
});
const web = (text: string) => ({
  AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/weights",
  AWS_WEB_IDENTITY_TOKEN_FILE: token(text),
  AWS_REGION: "eu-central-1",
  AWS_ENDPOINT_URL_STS: `${origin}/`,
});

test("the pod's role, asked for once while it lasts", async () => {
  const who = awsCredentials(pod("pod-token"));
  expect(await who()).toEqual({ accessKeyId: "ASIAPOD", secretAccessKey: "s", sessionToken: "t" });
  await who();
  expect(asked).toHaveLength(1);
});

test("what ends soon is asked for again", async () => {
  lifeMs = 60_000;
  const who = awsCredentials(pod("pod-token"));
  await who();
  await who();
  expect(asked).toHaveLength(2);
});

test("the role behind a service account", async () => {
  const known = await awsCredentials(web("web-token"))();
  expect(known).toEqual({ accessKeyId: "ASIAWEB", secretAccessKey: "s", sessionToken: "t" });
});

test("refusals say who refused, and never quote the token", async () => {
  await expect(awsCredentials(pod("wrong"))()).rejects.toThrow("credentials of AWS: answered 401");
  await expect(awsCredentials(web("wrong"))()).rejects.toThrow("credentials of AWS: answered 403");
  await expect(awsCredentials(web("wrong"))()).rejects.not.toThrow("wrong");
});

test("a token goes to the node's agent or over TLS only", async () => {
  const strange = {
    ...pod("pod-token"),
    AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://example.org/",
  };
  await expect(awsCredentials(strange)()).rejects.toThrow("is no agent of this node");
  expect(asked).toEqual([]);
});

test("keys of the environment win, and nobody at all is refused", async () => {
  const keys = { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "s" };
  expect(await awsCredentials({ ...pod("x"), ...keys })()).toEqual({
    accessKeyId: "AKIA",
    secretAccessKey: "s",
  });
  expect(() => awsCredentials({})).toThrow("nothing says who this program is to AWS");
});
