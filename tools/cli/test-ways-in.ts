/**
 * For tests: who comes to a deployed stack from elsewhere, as pods and through the edge: with a token of an outside issuer, a
 * certificate, or a page of another origin; and what a stack tells a host that it was told of. A part of the one story
 * of local-stack.cluster.test.ts.
 */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { Agent, fetch } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Authority, createAuthority, issueCertificate } from "../pki/authority.ts";
import { administrator } from "./test-administrator.ts";
import { MODEL, openSocket } from "./test-callers.ts";
import { kubectl } from "./test-kills.ts";
import { runVerbOrFail } from "./test-stack.ts";
import { hostOf, linesOf, startStubPod } from "./test-stub-pod.ts";
import type { Stack } from "./test-through-edge.ts";

const KEYS_PORT = 8_443;
const HOOK_PORT = 8_080;
const OUTSIDE = {
  ...{ name: "outside", namespace: "simulated-outside" },
  ...{ program: "simulated-outside.ts", ports: [KEYS_PORT, HOOK_PORT] },
};
const HOST = hostOf(OUTSIDE);
const ISSUER = "https://login.bank.example/realms/staff";
const PAGE = "https://app.bank.example";
/** A name that the caller's certificate holds. */
const CALLER = "core.bank.example";
const ARRIVES = { timeout: 60_000, interval: 1_000 };

export function waysIn(stack: Stack): void {
  const issuer = generateKeyPairSync("ec", { namedCurve: "P-256" });
  let callers: Authority;

  beforeAll(async () => {
    const outside = await createAuthority("simulated outside", 1);
    callers = await createAuthority("callers", 1);
    const named = { commonName: "outside", dnsNames: [HOST], usage: "server", days: 1 } as const;
    const { certificate, key } = await issueCertificate(outside, named);
    const published = { ...issuer.publicKey.export({ format: "jwk" }), kid: "one", alg: "ES256" };
    const keys = JSON.stringify({ keys: [published] });
    const files = { "tls.crt": certificate, "tls.key": key, "keys.json": keys };
    const address = await startStubPod({ ...OUTSIDE, files });
    const ranges = [`${address}/32`];
    const jwksUri = `https://${HOST}:${KEYS_PORT}/keys`;
    const trusted = { issuer: ISSUER, audience: "deepseek", jwksUri, ranges };
    const settings = {
      tokenIssuers: [{ ...trusted, authority: outside.certificate }],
      outside: { ranges, ports: [HOOK_PORT], webhookHosts: [HOST] },
      "edge.clientAuthorities": callers.certificate,
      "gateway.origins": [PAGE],
    };
    const more = Object.entries(settings).flatMap(([name, value]) => [
      "--config",
      `deepseek:${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
    ]);
    await runVerbOrFail(["up", "local", "--yes", ...more]);
    const ask = await administrator(stack());
    const made = await ask("PUT", "/admin/v1/principals/core", {
      ...{ kind: "service", tenant: "default", tier: "standard" },
      certificates: [CALLER],
      oidcSubjects: [`${ISSUER}#u-1`],
    });
    expect(made).toMatchObject({ id: "core" });
  });

  afterAll(async () => {
    await runVerbOrFail(["up", "local", "--yes"]);
    await kubectl("delete", "namespace", OUTSIDE.namespace);
  });

  /** Whom the gateway takes the caller for, or why for nobody. */
  const whoAmI = async (headers: Record<string, string>, dispatcher = stack().dispatcher) => {
    const url = `${stack().outputs.url}/users/me`;
    const response = await fetch(url, { dispatcher, headers });
    const text = await response.text();
    if (response.status === 200) return (JSON.parse(text) as { username: string }).username;
    return `${response.status} ${/"code":"(\w+)"/.exec(text)?.[1] ?? ""}`.trim();
  };

  test("a token of an outside issuer is its subject's, with the issuer's key and until it ends", async () => {
    const now = Math.floor(Date.now() / 1_000);
    const ask = (claims: object, key = issuer.privateKey) =>
      whoAmI({ authorization: `Bearer ${token({ exp: now + 300, ...claims }, key)}` });
    expect(await ask({ sub: "u-1" })).toBe("core");
    expect(await ask({ sub: "u-2" })).toBe("401 invalid_token");
    expect(await ask({ sub: "u-1", exp: now - 300 })).toBe("401 expired_token");
    expect(await ask({ sub: "u-1", aud: "another" })).toBe("401 invalid_token");
    const forged = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    expect(await ask({ sub: "u-1" }, forged)).toBe("401 invalid_token");
  });

  test("a certificate is shown to the edge, and nothing that a caller says stands for one", async () => {
    const { caCertificate: ca } = stack().outputs;
    const named = { commonName: "core", dnsNames: [CALLER], usage: "client", days: 1 } as const;
    const { certificate: cert, key } = await issueCertificate(callers, named);
    const withIt = new Agent({ connect: { ca, cert, key } });
    expect(await whoAmI({}, withIt)).toBe("core");
    const other = await issueCertificate(callers, { ...named, dnsNames: ["other.example"] });
    const withOther = new Agent({ connect: { ca, cert: other.certificate, key: other.key } });
    expect(await whoAmI({}, withOther)).toBe("401 invalid_certificate");
    const forged = await issueCertificate(await createAuthority("callers", 1), named);
    const withForged = new Agent({ connect: { ca, cert: forged.certificate, key: forged.key } });
    expect(await whoAmI({}, withForged)).toMatch(/^4/);
    const said = { "x-client-certificate": encodeURIComponent(cert), "x-edge-token": "guess" };
    expect(await whoAmI(said)).toBe("401 missing_api_key");
    await Promise.all([withIt, withOther, withForged].map((agent) => agent.close()));
  });

  test("a listed page may call and open a WebSocket; another one may not", async () => {
    const { outputs, dispatcher } = stack();
    const preflight = async (origin: string) => {
      const response = await fetch(`${outputs.url}/v1/chat/completions`, {
        dispatcher,
        method: "OPTIONS",
        headers: {
          ...{ origin, "access-control-request-method": "POST" },
          "access-control-request-headers": "authorization,content-type,x-stainless-lang",
        },
      });
      await response.text();
      return response.headers.get("access-control-allow-origin");
    };
    expect(await preflight(PAGE)).toBe(PAGE);
    expect(await preflight("https://evil.example")).toBeNull();
    const socket = await openSocket(stack(), { origin: PAGE });
    expect(await socket.call("from-a-page")).toMatchObject({ type: "done" });
    socket.close();
  });

  test("a job's end is told to a host that the stack names, signed; to no other one inside", async () => {
    const { outputs, dispatcher } = stack();
    const submit = async (url: string) => {
      const response = await fetch(`${outputs.url}/v1/async/chat/completions`, {
        ...{ dispatcher, method: "POST" },
        headers: {
          authorization: `Bearer ${outputs.apiKey}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({
          model: MODEL,
          messages: [{ role: "user", content: "What is a ledger?" }],
          ...{ max_tokens: 4, webhook: { url } },
        }),
      });
      return { status: response.status, job: (await response.json()) as Job };
    };
    const { status, job } = await submit(`http://${HOST}:${HOOK_PORT}/done?x=1`);
    expect(status).toBe(202);
    const told = async () =>
      (await linesOf<Hook>(OUTSIDE)).filter(({ body }) => body.includes(job.id));
    await expect.poll(async () => (await told()).length, ARRIVES).toBe(1);
    const [hook] = await told();
    expect(hook?.path).toBe("/done?x=1");
    const signed = `${hook?.headers["x-ds-timestamp"]}.${hook?.body}`;
    const expected = createHmac("sha256", job.webhook.secret).update(signed).digest("hex");
    expect(hook?.headers["x-ds-signature"]).toBe(expected);
    expect(JSON.parse(hook?.body ?? "")).toMatchObject({ id: job.id, status: "succeeded" });
    expect((await submit("http://redis.deepseek.svc:6379/")).status).toBe(400);
  });
}

interface Job {
  readonly id: string;
  readonly webhook: { readonly secret: string };
}

interface Hook {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** As an outside issuer signs it. */
function token(claims: object, key: KeyObject): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const all = {
    iss: ISSUER,
    aud: "deepseek",
    iat: Math.floor(Date.now() / 1_000) - 600,
    ...claims,
  };
  const text = `${part({ alg: "ES256", kid: "one", typ: "JWT" })}.${part(all)}`;
  const signature = sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}
