/** The audit trail for who may judge it: looked through, exported, verified; and each look recorded. */
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { unpackExport } from "../src/audit/trail-export.ts";
import { judge } from "../src/audit/verify-trail.ts";
import { createApiKey, hashApiKey } from "../src/base/api-key.ts";
import { boot, endAll, onEnd, simulate, temporaryFolder } from "./test-harness.ts";

afterEach(endAll);

const auditor = createApiKey();

async function start() {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const folder = temporaryFolder();
  const seal = generateKeyPairSync("ed25519");
  writeFileSync(
    `${folder}/seal.pem`,
    String(seal.privateKey.export({ type: "pkcs8", format: "pem" })),
  );
  const harness = await boot({
    targets: [{ url }],
    env: { GW_DATA_FOLDER: `${folder}/data`, GW_AUDIT_SEAL_KEY_FILE: `${folder}/seal.pem` },
    directory: {
      tenants: [{ id: "house", name: "The house" }],
      principals: [
        {
          id: "auditor",
          kind: "service",
          tenant: "house",
          tier: "service",
          roles: ["audit-admin"],
        },
      ],
      apiKeys: [{ id: "auditor", principal: "auditor", sha256: hashApiKey(auditor) }],
    },
  });
  const look = (what: string, method = "GET", key = auditor) =>
    fetch(`${harness.base}/admin/v1/audit/${what}`, { method, headers: { "x-api-key": key } });
  return { harness, look, trail: `${folder}/data/audit/primary` };
}

test("who logs in is told, and who is tried; a name that is nobody's is not, since it may be a password", async () => {
  const { harness, look } = await start();
  const attempt = (username: string) =>
    fetch(`${harness.base}/token`, {
      method: "POST",
      body: new URLSearchParams({ username, password: "not the password" }),
    });
  for (const name of ["auditor", "correct horse battery"]) await (await attempt(name)).text();
  const { data } = (await (await look("events?action=login")).json()) as {
    data: { outcome: string; target?: string }[];
  };
  expect(data).toMatchObject([{ outcome: "refused", target: "auditor" }, { outcome: "refused" }]);
  expect(JSON.stringify(data)).not.toContain("horse");
});

test("events are found by who, what and how it ended, page by page; looks are events too", async () => {
  const { harness, look } = await start();
  for (let count = 0; count < 3; count += 1) await (await harness.chat({ max_tokens: 1 })).text();
  await (await harness.chat({ model: "nobody" })).text();
  const page = async (query: string) =>
    (await (await look(`events?${query}`)).json()) as {
      data: { seq: number; actor: string; outcome: string }[];
      has_more: boolean;
      last_seq: number;
    };
  const first = await page("actor=first&outcome=allowed&limit=2");
  expect([first.data.length, first.has_more]).toEqual([2, true]);
  const second = await page(`actor=first&outcome=allowed&limit=2&after=${first.last_seq}`);
  expect([second.data.length, second.has_more]).toEqual([1, false]);
  expect((await page("outcome=refused")).data).toMatchObject([{ actor: "first" }]);
  expect((await page("action=showAuditEvents")).data.length).toBeGreaterThan(1);
  expect((await look("events?limit=0")).status).toBe(400);
  expect((await look("events?from=2026-02-30")).status).toBe(400);
});

test("an export is verified elsewhere, and a change to it is found", async () => {
  const { harness, look } = await start();
  await (await harness.chat({ max_tokens: 1 })).text();
  const text = await (await look("export")).text();
  const judged = (change: (text: string) => string) => {
    const folder = mkdtempSync(path.join(tmpdir(), "export-"));
    onEnd(() => rmSync(folder, { recursive: true }));
    const { publicKey, anchors } = unpackExport(change(text), folder);
    const key = createPublicKey(publicKey);
    return judge({ folder, publicKey: key, anchors, excerpt: true });
  };
  const report = judged((whole) => whole);
  expect(report).toMatchObject({ faults: [] });
  expect(report.events).toBeGreaterThan(0);
  expect(() => judged((whole) => whole.replaceAll(/"file":"/g, '"file":"../'))).toThrow(
    "no segment",
  );
  expect(judged((whole) => whole.replace('\\"first\\"', '\\"mallory\\"')).faults).not.toEqual([]);
});

test("the verdict is that of the trail, and only auditors may ask for it", async () => {
  const { harness, look, trail } = await start();
  await (await harness.chat({ max_tokens: 1 })).text();
  expect(await (await look("verify", "POST")).json()).toMatchObject({ intact: true, faults: [] });
  mkdirSync(`${trail}/2020-01-01`);
  writeFileSync(`${trail}/2020-01-01/gateway-000000.jsonl`, "{}\n");
  expect(await (await look("verify", "POST")).json()).toMatchObject({ intact: false });
  for (const [what, method] of [
    ["events", "GET"],
    ["export", "GET"],
    ["verify", "POST"],
  ] as const) {
    expect((await look(what, method, harness.key)).status).toBe(403);
  }
});

test("the chain of another gateway is not missed in this one's trail", async () => {
  const { harness, look } = await start();
  await (await harness.chat({ max_tokens: 1 })).text();
  // Both gateways of a site anchor in one database.
  const twin = { site: "primary", writer: "gateway-1", seq: 7, head: "f".repeat(64) };
  await harness.gateway.parts.anchors.put({ ...twin, time: new Date() });
  expect(await (await look("verify", "POST")).json()).toMatchObject({ intact: true, faults: [] });
  const rows = (await (await look("export")).text()).trim().split("\n");
  const anchors = rows.flatMap((row) => JSON.parse(row).anchor ?? []);
  expect(anchors.map(({ writer }: { writer: string }) => writer)).toEqual(["gateway"]);
});

test("a gateway without a trail says so", async () => {
  const harness = await boot({
    targets: [{ url: "http://127.0.0.1:9" }],
    directory: {
      tenants: [{ id: "house", name: "The house" }],
      principals: [
        {
          id: "auditor",
          kind: "service",
          tenant: "house",
          tier: "service",
          roles: ["audit-admin"],
        },
      ],
      apiKeys: [{ id: "auditor", principal: "auditor", sha256: hashApiKey(auditor) }],
    },
  });
  const answer = await fetch(`${harness.base}/admin/v1/audit/events`, {
    headers: { "x-api-key": auditor },
  });
  expect(answer.status).toBe(404);
});
