/** Tokens of an outside issuer: whose keys count, since when, until when, and what is said where they cannot be had. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { exportJWK, SignJWT } from "jose";
import { afterEach, expect, test, vi } from "vitest";
import { createAuthority, issueCertificate } from "../../tools/pki/authority.ts";
import {
  boot,
  CHAT,
  endAll,
  eventually,
  onEnd,
  simulate,
  temporaryFolder,
} from "./test-harness.ts";

afterEach(async () => {
  vi.useRealTimers();
  await endAll();
});

const ISSUER = "https://login.bank.example/realms/staff";

interface Pair {
  readonly kid: string;
  readonly alg: "ES256" | "RS256";
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

function pairOf(kid: string, alg: Pair["alg"] = "ES256"): Pair {
  return alg === "ES256"
    ? { kid, alg, ...generateKeyPairSync("ec", { namedCurve: "P-256" }) }
    : { kid, alg, ...generateKeyPairSync("rsa", { modulusLength: 2048 }) };
}

/** Publishes what `published` holds at the moment. */
async function publish(published: Pair[], tls?: https.ServerOptions) {
  const answer: http.RequestListener = async (_request, response) => {
    const keys = published.map(async ({ kid, alg, publicKey }) => {
      return { ...(await exportJWK(publicKey)), kid, alg };
    });
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys: await Promise.all(keys) }));
  };
  const server = tls === undefined ? http.createServer(answer) : https.createServer(tls, answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => new Promise((resolve) => server.close(resolve));
  onEnd(stop);
  const { port } = server.address() as AddressInfo;
  return { stop, jwksUri: `http${tls === undefined ? "" : "s"}://localhost:${port}/keys?all=1` };
}

function token({ kid, alg, privateKey }: Pair, change: Record<string, unknown> = {}) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: ISSUER, aud: "gateway", sub: "u-1", iat: now, exp: now + 300, ...change };
  return new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(privateKey);
}

async function start(place: { jwksUri: string; authority?: string }) {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const tenants = [{ id: "bank", name: "A bank" }];
  const about = { id: "alice", kind: "user", name: "Alice", tenant: "bank", tier: "user" };
  const principals = [{ ...about, oidcSubjects: [`${ISSUER}#u-1`] }];
  const fileOf = (more: object) => ({
    issuers: [{ issuer: ISSUER, audience: "gateway", ...more }],
  });
  const file = `${temporaryFolder()}/oidc.json`;
  const write = (more: object) => writeFileSync(file, JSON.stringify(fileOf(more)));
  write(place);
  const env = { GW_OIDC_FILE: file };
  const harness = await boot({ targets: [{ url }], directory: { tenants, principals }, env });
  const ask = async (text: string) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${text}` };
    const response = await harness.chat(CHAT, { headers });
    const body = (await response.json()) as { error?: { code: string } };
    return response.status === 200 ? "ok" : `${response.status} ${body.error?.code}`;
  };
  return { harness, ask, write };
}

test("a token of a known subject is taken; other audiences, keys, subjects and times are not", async () => {
  const [known, other] = [pairOf("k1"), pairOf("k2", "RS256")];
  const { ask } = await start(await publish([known, other]));
  expect(await ask(await token(known))).toBe("ok");
  expect(await ask(await token(other))).toBe("ok");
  expect(await ask(await token(known, { sub: "u-2" }))).toBe("401 invalid_token");
  expect(await ask(await token(known, { aud: "another" }))).toBe("401 invalid_token");
  expect(await ask(await token(known, { iss: "https://elsewhere.example" }))).toBe(
    "401 invalid_token",
  );
  expect(await ask(await token({ ...pairOf("k1") }))).toBe("401 invalid_token");
  const now = Math.floor(Date.now() / 1000);
  expect(await ask(await token(known, { exp: now - 60 }))).toBe("401 expired_token");
  expect(await ask(await token(known, { nbf: now + 10 }))).toBe("ok");
  expect(await ask(await token(known, { nbf: now + 120 }))).toBe("401 invalid_token");
});

test("a new key of the issuer counts within half a minute, one that is withdrawn ten minutes at most", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const [former, next] = [pairOf("k1"), pairOf("k2")];
  const published = [former];
  const { ask } = await start(await publish(published));
  expect(await ask(await token(former))).toBe("ok");
  published.splice(0, 1, next);
  vi.setSystemTime(Date.now() + 31_000);
  expect(await ask(await token(next))).toBe("ok");
  expect(await ask(await token(former))).toBe("401 invalid_token");
  published.splice(0, 1, former);
  vi.setSystemTime(Date.now() + 601_000);
  expect(await ask(await token(next))).toBe("401 invalid_token");
});

test("an issuer that is away, or answers something else, is no fault of the token", async () => {
  const known = pairOf("k1");
  const { jwksUri, stop } = await publish([known]);
  await stop();
  const { harness, ask } = await start({ jwksUri });
  expect(await ask(await token(known))).toBe("503 identity_unavailable");
  const line = harness.logLines().find(({ error }) => error === "identity_unavailable");
  expect(JSON.stringify(line)).toContain(`no keys from ${jwksUri}`);
  const page = http.createServer((_request, response) => response.end("<html>maintenance</html>"));
  await new Promise<void>((resolve) => page.listen(Number(new URL(jwksUri).port), resolve));
  onEnd(() => page.close());
  expect(await ask(await token(known))).toBe("503 identity_unavailable");
});

test("an issuer of an authority of its own is trusted where the file says so, from then on", async () => {
  const known = pairOf("k1");
  const authority = await createAuthority("bank", 1);
  const about = {
    commonName: "localhost",
    dnsNames: ["localhost"],
    usage: "server",
    days: 1,
  } as const;
  const { certificate: cert, key } = await issueCertificate(authority, about);
  const { jwksUri } = await publish([known], { cert, key });
  const { ask, write } = await start({ jwksUri });
  expect(await ask(await token(known))).toBe("503 identity_unavailable");
  write({ jwksUri, authority: authority.certificate });
  await eventually(async () => ask(await token(known))).toBe("ok");
});
