/** Authenticators: got with the password, confirmed with a code, obligatory where it is said. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { generate } from "otplib";
import { afterEach, describe, expect, test } from "vitest";
import { hashPassword } from "../src/identity/password.ts";
import { boot, endAll, type Harness, temporaryFolder } from "./test-harness.ts";

afterEach(endAll);

const PASSWORD = "correct horse battery staple";

const logIn = (harness: Harness, fields: Record<string, string>) =>
  fetch(`${harness.base}/token`, { method: "POST", body: new URLSearchParams(fields) });

describe("authenticators", () => {
  const post = (base: string, path: string, token: string, body: object) =>
    fetch(`${base}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });

  async function administrator(env: Record<string, string> = {}) {
    const folder = temporaryFolder();
    const write = (name: string, content: string) => {
      writeFileSync(`${folder}/${name}`, content);
      return `${folder}/${name}`;
    };
    const random = () => randomBytes(32).toString("base64");
    const harness = await boot({
      targets: [{ url: "http://127.0.0.1:9" }],
      directory: { tenants: [{ id: "bank", name: "A bank" }] },
      env: {
        GW_DATA_KEY_FILE: write("data-key", `test:${random()}\n`),
        GW_JWT_SECRET_FILE: write("jwt", `${random()}\n`),
        ...env,
      },
    });
    const body = {
      kind: "user",
      tenant: "bank",
      tier: "user",
      roles: ["security-admin"],
      passwordHash: await hashPassword(PASSWORD),
    };
    // Not from a file: what configuration says cannot be changed by its subject.
    const change = { kind: "principal" as const, id: "root", body, updatedBy: "a test" };
    await harness.gateway.parts.directory.apply([change]);
    const fields = { username: "root", password: PASSWORD };
    const answer = await logIn(harness, fields);
    const { access_token: token, expires_in: seconds } = (await answer.json()) as {
      access_token: string;
      expires_in: number;
    };
    return { harness, fields, token, seconds };
  }

  test("are got with the password, confirmed with a code, and asked for from then on", async () => {
    const { harness, fields, token } = await administrator();
    expect((await post(harness.base, "/users/me/totp", token, { password: "wrong" })).status).toBe(
      401,
    );
    const begun = await post(harness.base, "/users/me/totp", token, { password: PASSWORD });
    expect(begun.headers.get("cache-control")).toBe("no-store");
    const { secret, uri } = (await begun.json()) as { secret: string; uri: string };
    expect(uri).toContain(`secret=${secret}`);
    // Nothing is asked for before it was confirmed.
    expect((await logIn(harness, fields)).status).toBe(200);
    expect(
      (await post(harness.base, "/users/me/totp/confirm", token, { totp: "000000" })).status,
    ).toBe(401);
    const code = await generate({ secret });
    expect((await post(harness.base, "/users/me/totp/confirm", token, { totp: code })).status).toBe(
      200,
    );
    // Asked for from now on, and the code that confirmed it serves nobody else.
    expect((await logIn(harness, { ...fields, totp: code })).status).toBe(401);
    const log = JSON.stringify(harness.logLines());
    expect(log).not.toContain(secret);
  });

  test("are the first duty of an administrator where they are required; tokens of administrators are short", async () => {
    const { harness, token, seconds } = await administrator({ GW_ADMIN_TOTP: "required" });
    expect(seconds).toBe(900);
    const roles = () =>
      fetch(`${harness.base}/admin/v1/roles`, { headers: { authorization: `Bearer ${token}` } });
    const refused = await roles();
    expect(await refused.json()).toMatchObject({ error: { code: "authenticator_required" } });
    const begun = await post(harness.base, "/users/me/totp", token, { password: PASSWORD });
    const { secret } = (await begun.json()) as { secret: string };
    const totp = await generate({ secret });
    expect((await post(harness.base, "/users/me/totp/confirm", token, { totp })).status).toBe(200);
    expect((await roles()).status).toBe(200);
  });
});
