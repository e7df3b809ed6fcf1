/** Every way to prove who calls, and what is refused: signatures, tokens, certificates, addresses. */
import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { generate, generateSecret } from "otplib";
import { afterEach, describe, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../tools/pki/authority.ts";
import { SealedBox } from "../src/base/sealed-box.ts";
import { createAccessKey, sealSecret } from "../src/identity/access-key.ts";
import { hashPassword } from "../src/identity/password.ts";
import { signatureOf } from "../src/identity/signature.ts";
import { boot, CHAT, endAll, eventually, simulate, temporaryFolder } from "./test-harness.ts";

afterEach(endAll);

const PASSWORD = "correct horse battery staple";
const dataKeys = `test:${randomBytes(32).toString("base64")}\n`;
const box = new SealedBox(dataKeys);
const TENANT = { id: "bank", name: "A bank" };
const USER = { id: "alice", kind: "user", name: "Alice", tenant: "bank", tier: "user" };
const SERVICE = { id: "core", kind: "service", tenant: "bank", tier: "service" };
const json = { "content-type": "application/json" };

async function start(directory: Record<string, unknown[]>, env: Record<string, string> = {}) {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const folder = temporaryFolder();
  const { writeFileSync } = await import("node:fs");
  const write = (name: string, content: string) => {
    writeFileSync(`${folder}/${name}`, content);
    return `${folder}/${name}`;
  };
  return boot({
    targets: [{ url }],
    directory: { tenants: [TENANT], ...directory },
    env: {
      GW_DATA_KEY_FILE: write("data-key", dataKeys),
      GW_JWT_SECRET_FILE: write("jwt", `${randomBytes(32).toString("base64")}\n`),
      ...env,
    },
  });
}

type Harness = Awaited<ReturnType<typeof start>>;

async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as { error?: { code: string } };
  return response.status === 200 ? "ok" : `${response.status} ${body.error?.code}`;
}

describe("signed calls", () => {
  const key = createAccessKey();
  const accessKeys = [
    {
      id: "core-key",
      principal: "core",
      accessKey: key.accessKey,
      sealedSecret: sealSecret(box, key),
    },
  ];
  const body = JSON.stringify(CHAT);
  const path = "/v1/chat/completions?trace=1";

  interface Change {
    timestamp?: string;
    nonce?: string | null;
    secret?: string;
    path?: string;
    body?: string;
    accessKey?: string;
  }

  function headersFor(change: Change = {}): Record<string, string> {
    const timestamp = change.timestamp ?? String(Math.floor(Date.now() / 1000));
    const nonce = change.nonce === undefined ? randomUUID() : change.nonce;
    const signature = signatureOf(Buffer.from(change.secret ?? key.secret), {
      method: "POST",
      path: change.path ?? path,
      timestamp,
      nonce: nonce ?? "",
      body: Buffer.from(change.body ?? body),
    });
    return {
      ...json,
      "x-ds-accesskey": change.accessKey ?? key.accessKey,
      "x-ds-timestamp": timestamp,
      ...(nonce === null ? {} : { "x-ds-nonce": nonce }),
      "x-ds-signature": signature.toString("hex"),
    };
  }

  const send = async (harness: Harness, headers: Record<string, string>) =>
    codeOf(await fetch(`${harness.base}${path}`, { method: "POST", headers, body }));

  test("the signature is HMAC-SHA256 over the lines that are documented", () => {
    const lines =
      "POST\n/v1/x?a=b\n1700000000\nn-1\n" +
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const call = { method: "POST", path: "/v1/x?a=b", timestamp: "1700000000", nonce: "n-1" };
    const found = signatureOf(Buffer.from("secret"), { ...call, body: Buffer.alloc(0) });
    expect(found).toEqual(createHmac("sha256", "secret").update(lines).digest());
  });

  test("a true signature is taken, by Unix seconds and by RFC 3339", async () => {
    const harness = await start({ principals: [SERVICE], accessKeys });
    expect(await send(harness, headersFor())).toBe("ok");
    const timestamp = new Date().toISOString();
    expect(await send(harness, headersFor({ timestamp }))).toBe("ok");
    const rows = await harness.rows();
    expect(rows.map(({ principal, keyId, tenant }) => [principal, keyId, tenant])).toEqual([
      ["core", "core-key", "bank"],
      ["core", "core-key", "bank"],
    ]);
  });

  test("any other body, path, secret, key or time is refused", async () => {
    const harness = await start({ principals: [SERVICE], accessKeys });
    const refused = "401 invalid_signature";
    expect(await send(harness, headersFor({ body: `${body} ` }))).toBe(refused);
    expect(await send(harness, headersFor({ path: "/v1/chat/completions" }))).toBe(refused);
    expect(await send(harness, headersFor({ secret: "another" }))).toBe(refused);
    const accessKey = "AK00000000000000000000";
    expect(await send(harness, headersFor({ accessKey }))).toBe(refused);
    const now = Math.floor(Date.now() / 1000);
    const late = "401 timestamp_out_of_range";
    expect(await send(harness, headersFor({ timestamp: String(now - 310) }))).toBe(late);
    expect(await send(harness, headersFor({ timestamp: String(now + 310) }))).toBe(late);
    expect(await send(harness, headersFor({ timestamp: "yesterday" }))).toBe(late);
    expect(await send(harness, headersFor({ timestamp: String(now - 290) }))).toBe("ok");
  });

  test("a nonce serves once, and a forged call does not use it up", async () => {
    const harness = await start({ principals: [SERVICE], accessKeys });
    const nonce = randomUUID();
    expect(await send(harness, headersFor({ nonce, secret: "guess" }))).toMatch(
      "invalid_signature",
    );
    const headers = headersFor({ nonce });
    expect(await send(harness, headers)).toBe("ok");
    expect(await send(harness, headers)).toBe("401 signature_repeated");
    expect(await send(harness, headersFor({ nonce: null }))).toBe("401 invalid_signature");
  });

  test("a client registered without nonces may not repeat a signature", async () => {
    const optional = accessKeys.map((one) => ({ ...one, nonce: "optional" }));
    const harness = await start({ principals: [SERVICE], accessKeys: optional });
    const headers = headersFor({ nonce: null });
    expect(await send(harness, headers)).toBe("ok");
    expect(await send(harness, headers)).toBe("401 signature_repeated");
  });

  test("of several credentials in one request none counts", async () => {
    const harness = await start({ principals: [SERVICE], accessKeys });
    const both = { ...headersFor(), authorization: `Bearer ${harness.key}` };
    expect(await send(harness, both)).toBe("401 ambiguous_credentials");
    const keys = { ...json, authorization: `Bearer ${harness.key}`, "x-api-key": harness.key };
    expect(await send(harness, keys)).toBe("401 ambiguous_credentials");
  });

  test("an expired or disabled access key, and a disabled account, are refused", async () => {
    const expired = accessKeys.map((one) => ({ ...one, expires: "2020-01-01T00:00:00Z" }));
    const first = await start({ principals: [SERVICE], accessKeys: expired });
    expect(await send(first, headersFor())).toBe("401 expired_api_key");
    const second = await start({ principals: [{ ...SERVICE, disabled: true }], accessKeys });
    expect(await send(second, headersFor())).toBe("403 principal_disabled");
  });

  test("client_credentials gives a token for the same account", async () => {
    const harness = await start({ principals: [SERVICE], accessKeys });
    const refused = await grant(harness, `${key.secret}x`);
    expect([refused.status, await refused.json()]).toMatchObject([401, { error: "invalid_grant" }]);
    const me = await fetch(`${harness.base}/users/me`, { headers: await bearer(harness) });
    expect(await me.json()).toMatchObject({
      username: "core",
      credential: { id: "core-key", method: "jwt" },
    });
  });

  test("a token of client_credentials may no more than its key", async () => {
    const change = (more: object) => accessKeys.map((one) => ({ ...one, ...more }));
    const narrow = await start({
      principals: [SERVICE],
      accessKeys: change({ models: ["another"], limits: { requestsPerMinute: 1 } }),
    });
    const headers = { ...json, ...(await bearer(narrow)) };
    expect(await codeOf(await narrow.chat({}, { headers }))).toBe("403 model_not_allowed");
    const temporary = await narrow.post("/users/me/keys", { seconds: 60 }, { headers });
    expect(await temporary.json()).toMatchObject({ models: ["another"] });
    const limited = await start({
      principals: [SERVICE],
      accessKeys: change({ limits: { requestsPerMinute: 1 } }),
    });
    const token = { ...json, ...(await bearer(limited)) };
    expect(await codeOf(await limited.chat({}, { headers: token }))).toBe("ok");
    expect(await send(limited, headersFor())).toBe("429 rate_limit_exceeded");
    const jobs = await start({ principals: [SERVICE], accessKeys });
    expect((await jobs.chatJob(CHAT, await bearer(jobs))).status).toBe(202);
    await eventually(async () => (await jobs.rows()).map(({ keyId }) => keyId)).toEqual([
      "core-key",
    ]);
    const elsewhere = await start({
      principals: [SERVICE],
      accessKeys: change({ addresses: ["203.0.113.7"] }),
    });
    expect((await grant(elsewhere)).status).toBe(403);
    const late = await start({
      principals: [SERVICE],
      accessKeys: change({ created: "2020-01-01T00:00:00Z", rotateEveryDays: 30 }),
    });
    expect((await grant(late)).status).toBe(401);
  });

  const grant = (harness: Harness, secret = key.secret) =>
    fetch(`${harness.base}/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: key.accessKey,
        client_secret: secret,
      }),
    });

  async function bearer(harness: Harness) {
    const { access_token } = (await (await grant(harness)).json()) as { access_token: string };
    return { authorization: `Bearer ${access_token}` };
  }
});

describe("passwords and tokens", () => {
  const logIn = (harness: Harness, fields: Record<string, string>) =>
    fetch(`${harness.base}/token`, { method: "POST", body: new URLSearchParams(fields) });
  const user = async (change: object = {}) => ({
    ...USER,
    passwordHash: await hashPassword(PASSWORD),
    ...change,
  });
  const tokenOf = async (response: Response) =>
    ((await response.json()) as { access_token: string }).access_token;

  test("a password gives a token of an hour, and the token is taken", async () => {
    const harness = await start({ principals: [await user()] });
    const response = await logIn(harness, { username: "alice", password: PASSWORD });
    const answer = (await response.json()) as Record<string, unknown>;
    expect(answer).toMatchObject({ token_type: "bearer", expires_in: 3600 });
    expect(response.headers.get("cache-control")).toBe("no-store");
    const headers = { ...json, authorization: `Bearer ${answer.access_token}` };
    expect(await codeOf(await harness.chat({}, { headers }))).toBe("ok");
    const me = await (await fetch(`${harness.base}/users/me`, { headers })).json();
    expect(me).toMatchObject({ username: "alice", tenant: "bank", roles: ["caller"] });
  });

  test("a wrong password and an unknown name are the same answer; the sixth try waits", async () => {
    const harness = await start({ principals: [await user()] });
    const wrong = await logIn(harness, { username: "alice", password: "guess" });
    const unknown = await logIn(harness, { username: "mallory", password: "guess" });
    expect([wrong.status, await wrong.json()]).toEqual([unknown.status, await unknown.json()]);
    for (let count = 0; count < 3; count += 1)
      await logIn(harness, { username: "x", password: "y" });
    const sixth = await logIn(harness, { username: "alice", password: PASSWORD });
    expect(sixth.status).toBe(429);
    expect(Number(sixth.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("tokens of another secret, without signature or expired are refused", async () => {
    const harness = await start({ principals: [await user()] });
    const ask = async (token: string) =>
      codeOf(await harness.chat({}, { headers: { ...json, authorization: `Bearer ${token}` } }));
    const good = await tokenOf(await logIn(harness, { username: "alice", password: PASSWORD }));
    expect(await ask(good)).toBe("ok");
    const [head = "", payload = ""] = good.split(".");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    expect(await ask(`${none}.${payload}.`)).toBe("401 invalid_token");
    expect(await ask(`${head}.${payload}.AAAA`)).toBe("401 invalid_token");
    const forged = new SignJWT({ prf: "x" })
      .setProtectedHeader({ alg: "HS256" })
      .setSubject("alice");
    expect(await ask(await forged.sign(randomBytes(32)))).toBe("401 invalid_token");
  });

  test("who must change the password may do nothing else, and then log in with the new one", async () => {
    const harness = await start({});
    const body = await user({ mustChangePassword: true });
    const { parts } = harness.gateway;
    await parts.directory.apply([{ kind: "principal", id: "alice", body, updatedBy: "test" }]);
    const token = await tokenOf(await logIn(harness, { username: "alice", password: PASSWORD }));
    const headers = { ...json, authorization: `Bearer ${token}` };
    expect(await codeOf(await harness.chat({}, { headers }))).toBe("403 password_change_required");
    const change = { password: PASSWORD, new_password: "another long enough one" };
    const changed = await harness.post("/users/me/password", change, { headers });
    expect(changed.status).toBe(200);
    // The former password's tokens ended with it.
    expect(await codeOf(await harness.chat({}, { headers }))).toBe("401 invalid_token");
    const again = await logIn(harness, { username: "alice", password: change.new_password });
    const fresh = { ...json, authorization: `Bearer ${await tokenOf(again)}` };
    expect(await codeOf(await harness.chat({}, { headers: fresh }))).toBe("ok");
  });

  test("the first administrator is made once, and only to change the password", async () => {
    const { writeFileSync } = await import("node:fs");
    const folder = temporaryFolder();
    writeFileSync(`${folder}/password`, `${PASSWORD}\n`);
    const database = { GW_DATABASE: "sqlite", GW_DATABASE_FILE: `${folder}/gateway.db` };
    const env = { ...database, GW_ADMIN_PASSWORD_FILE: `${folder}/password` };
    const harness = await start({}, env);
    const token = await tokenOf(await logIn(harness, { username: "admin", password: PASSWORD }));
    const headers = { ...json, authorization: `Bearer ${token}` };
    const me = await (await fetch(`${harness.base}/users/me`, { headers })).json();
    expect(me).toMatchObject({ roles: ["security-admin"], must_change_password: true });
    expect(await codeOf(await harness.chat({}, { headers }))).toBe("403 password_change_required");
    const change = { password: PASSWORD, new_password: "another long enough one" };
    await harness.post("/users/me/password", change, { headers });
    await harness.gateway.stop();
    // A new start with the same file does not bring the first password back.
    const again = await start({}, env);
    expect((await logIn(again, { username: "admin", password: PASSWORD })).status).toBe(401);
    const fields = { username: "admin", password: change.new_password };
    expect((await logIn(again, fields)).status).toBe(200);
  });

  test("an account with an authenticator needs its code, and each code serves once", async () => {
    const secret = generateSecret();
    const totp = box.seal(Buffer.from(secret), "totp alice");
    const harness = await start({ principals: [await user({ totp })] });
    const fields = { username: "alice", password: PASSWORD };
    expect((await logIn(harness, fields)).status).toBe(401);
    const code = await generate({ secret });
    expect((await logIn(harness, { ...fields, totp: code })).status).toBe(200);
    expect((await logIn(harness, { ...fields, totp: code })).status).toBe(401);
  });
});

describe("client certificates", () => {
  test("only the edge is believed, and only for a certificate of somebody here", async () => {
    const authority = await createAuthority("clients", 1);
    const usage = { usage: "server", days: 1, addresses: [] } as const;
    const issue = (name: string) =>
      issueCertificate(authority, { commonName: name, dnsNames: [name], ...usage });
    const [known, stranger] = [await issue("core.bank.internal"), await issue("else.internal")];
    const folder = temporaryFolder();
    const { writeFileSync } = await import("node:fs");
    const edgeToken = randomBytes(24).toString("hex");
    writeFileSync(`${folder}/edge`, `${edgeToken}\n`);
    const harness = await start(
      { principals: [{ ...SERVICE, certificates: ["core.bank.internal"] }] },
      { GW_CLIENT_CERTIFICATE_HEADER: "x-client-cert", GW_EDGE_TOKEN_FILE: `${folder}/edge` },
    );
    const ask = async (certificate: string, token = edgeToken) => {
      const proof = { "x-client-cert": encodeURIComponent(certificate), "x-edge-token": token };
      return codeOf(await harness.chat({}, { headers: { ...json, ...proof } }));
    };
    expect(await ask(known.certificate)).toBe("ok");
    expect(await ask(known.certificate, "guess")).toBe("401 missing_api_key");
    expect(await ask(stranger.certificate)).toBe("401 invalid_certificate");
    expect(await ask("no certificate")).toBe("401 invalid_certificate");
  });
});

describe("where calls come from", () => {
  test("addresses and Origins outside the lists are refused", async () => {
    const key = createAccessKey();
    const accessKeys = [
      { id: "k", principal: "core", accessKey: key.accessKey, sealedSecret: sealSecret(box, key) },
    ];
    const send = async (principal: object, headers: Record<string, string> = {}) => {
      const harness = await start({ principals: [{ ...SERVICE, ...principal }], accessKeys });
      const timestamp = String(Math.floor(Date.now() / 1000));
      const call = { method: "GET", path: "/v1/models", timestamp, nonce: randomUUID() };
      const signature = signatureOf(Buffer.from(key.secret), { ...call, body: Buffer.alloc(0) });
      const signed = {
        "x-ds-accesskey": key.accessKey,
        "x-ds-timestamp": timestamp,
        "x-ds-nonce": call.nonce,
        "x-ds-signature": signature.toString("hex"),
      };
      return codeOf(
        await fetch(`${harness.base}/v1/models`, { headers: { ...signed, ...headers } }),
      );
    };
    expect(await send({ addresses: ["127.0.0.0/8"] })).toBe("ok");
    expect(await send({ addresses: ["10.0.0.0/8", "::1"] })).toBe("403 address_not_allowed");
    const origins = ["https://app.bank.example"];
    expect(await send({ origins })).toBe("ok");
    expect(await send({ origins }, { origin: "https://app.bank.example" })).toBe("ok");
    expect(await send({ origins }, { origin: "https://evil.example" })).toBe(
      "403 origin_not_allowed",
    );
  });
});
