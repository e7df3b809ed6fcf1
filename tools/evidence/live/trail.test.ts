/** The audit trail as evidence: real trails of days, whole and damaged, read as from a pod and by the API. */
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Agent } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AuditTrail } from "../../../gateway-image/src/audit/audit-trail.ts";
import { createApiKey, hashApiKey } from "../../../gateway-image/src/base/api-key.ts";
import { ManualClock } from "../../../gateway-image/src/base/test-clock.ts";
import { MemoryAuditAnchorStore } from "../../../gateway-image/src/stores/memory-audit-anchor-store.ts";
import { boot, endAll, simulate } from "../../../gateway-image/test/test-harness.ts";
import { fakeKubectl } from "./test-kubectl.ts";
import { type TrailFacts, type TrailQuestion, trailProofs } from "./trail-proof.ts";
import { type TrailSource, trailOfApi, trailOfPod } from "./trail-source.ts";

const DAY_MS = 86_400_000;
const seal = generateKeyPairSync("ed25519");
let data: string;
let clock: ManualClock;
beforeEach(() => {
  data = mkdtempSync(path.join(tmpdir(), "trail-test-"));
  clock = new ManualClock();
  const pem = seal.privateKey.export({ type: "pkcs8", format: "pem" });
  writeFileSync(path.join(data, "seal.pem"), String(pem));
});
afterEach(async () => {
  rmSync(data, { recursive: true, force: true });
  await endAll();
});

const site = () => path.join(data, "audit/primary");

/** A day each with events, or without one. */
async function trail(days: readonly boolean[], daysKept?: number): Promise<void> {
  const about = { action: "inference", actor: "a person of flesh", tenant: null, address: "::1" };
  const own = new AuditTrail({
    ...{ folder: path.join(data, "audit"), site: "primary", writer: "gateway-0" },
    ...{ sealKey: seal.privateKey, clock, anchors: new MemoryAuditAnchorStore() },
    ...{ whenDown: "refuse", retentionDays: 0, segmentSeconds: 86_400 },
    ...{ onLost: () => {}, onFault: () => {} },
  });
  await own.start();
  for (const [index, busy] of days.entries()) {
    if (index > 0) clock.advance(DAY_MS);
    if (busy) await own.append({ ...about, requestId: `r-${index}`, outcome: "allowed" });
  }
  if (daysKept !== undefined) {
    const from = new Date(clock.wallMs() - daysKept * DAY_MS).toISOString().slice(0, 10);
    await own.prune(from);
  }
  await own.close();
}

/** As it is read in a gateway's pod. */
function asPod(): TrailSource {
  const cluster = fakeKubectl(data, {
    environment: { GW_DATA_FOLDER: data, GW_AUDIT_SEAL_KEY_FILE: path.join(data, "seal.pem") },
  });
  return trailOfPod(cluster, { namespace: "deepseek", pod: "gateway-0" });
}

async function proofs(
  sources: readonly TrailSource[],
  floorDays = 3,
  selfChecks: TrailQuestion["selfChecks"] = [],
) {
  const now = new Date(clock.wallMs());
  const [chain, kept] = await trailProofs({
    sources,
    floorDays,
    now,
    selfChecks,
    without: "no way",
  });
  if (chain === undefined || kept === undefined) throw new Error("two proofs are asked for");
  return { chain, kept };
}

describe("read in the pod", () => {
  test("a whole trail proves its chain, and its age where it is old enough", async () => {
    await trail([true, true, false, true, true]);
    const { chain, kept } = await proofs([asPod()]);
    expect([chain.result, chain.findings]).toEqual(["pass", []]);
    expect(chain.figures).toMatchObject({ trails: 1, segments: 4, events: 4 });
    expect([kept.result, kept.findings]).toEqual(["pass", []]);
    expect(kept.figures).toMatchObject({ "days reached back": 4, "days without a line": 1 });
    const raw = JSON.stringify(chain.raw);
    expect(raw).not.toContain("a person of flesh");
    expect(raw).not.toContain("PRIVATE KEY");
    const [facts] = (chain.raw as { trails: TrailFacts[] }).trails;
    expect(facts?.days.map(({ lines }) => lines)).toEqual([3, 3, 3, 3]);
  });

  test("a fault that a gateway's own check finds by its anchors fails the chain", async () => {
    await trail([true]);
    const good = { gateway: "gateway-0:9464", faults: 0 };
    const bad = { gateway: "gateway-1:9464", faults: 2 };
    const { chain } = await proofs([asPod()], 0, [good, bad]);
    expect(chain.figures["verdicts of gateways themselves"]).toBe(2);
    expect([chain.result, chain.findings]).toEqual([
      "fail",
      ["gateway-1:9464: its own check finds 2 faults (anchors included)"],
    ]);
  });

  test("a young stack is said to be one, and proves no age", async () => {
    await trail([true, true]);
    const { chain, kept } = await proofs([asPod()], 184);
    expect([chain.result, kept.result]).toEqual(["pass", "notEvaluated"]);
    expect(kept.findings[0]).toContain("young stack: 1 days of 184; nothing was pruned");
  });

  test("a day that is gone breaks the chain and is named", async () => {
    await trail([true, true, true, true]);
    const [, second = ""] = readdirSync(site()).sort();
    rmSync(path.join(site(), second), { recursive: true });
    const { chain, kept } = await proofs([asPod()], 1);
    expect([chain.result, kept.result]).toEqual(["fail", "fail"]);
    expect(chain.findings.join("\n")).toMatch(/has number 7 after 3/);
    expect(chain.findings.join("\n")).toContain(`${second}: no line`);
  });

  test("the first days gone without a word that they were pruned fail as well", async () => {
    await trail([true, true, true]);
    const [first = ""] = readdirSync(site()).sort();
    rmSync(path.join(site(), first), { recursive: true });
    const { chain } = await proofs([asPod()], 1);
    expect(chain.findings.join("\n")).toContain("nothing says that what came before it was pruned");
  });

  test("days pruned by the gateway itself are no fault, but too few are kept", async () => {
    await trail([true, true, true, true, true], 2);
    const { chain, kept } = await proofs([asPod()], 184);
    expect([chain.result, chain.findings]).toEqual(["pass", []]);
    expect(kept.result).toBe("fail");
    expect(kept.findings[0]).toMatch(
      /what is older than \d days was pruned; 184 days are asked for/,
    );
  });

  test("one changed character is found; a line that is being written is none yet", async () => {
    await trail([true, true]);
    const file = path.join(site(), segments()[0] ?? "");
    const text = readFileSync(file, "utf8");
    writeFileSync(path.join(site(), segments()[1] ?? ""), '{"action":"infe', { flag: "a" });
    expect((await proofs([asPod()])).chain.result).toBe("pass");
    writeFileSync(file, text.replace("allowed", "refused"));
    const { chain } = await proofs([asPod()]);
    expect([chain.result, chain.findings[0]]).toEqual([
      "fail",
      expect.stringContaining("does not follow the line before it"),
    ]);
  });

  test("a gateway that cannot be read, and one that lies about files, are not evaluated", async () => {
    const nothing = (await proofs([asPod()])).chain;
    expect([nothing.result, nothing.raw]).toEqual(["notEvaluated", null]);
    expect(nothing.findings[0]).toContain("deepseek/gateway-0: ");
    const row = JSON.stringify({ file: "../../etc/passwd-000001.jsonl", line: "{}" });
    const rows = async function* () {
      yield row;
    };
    const { chain } = await proofs([{ ...asPod(), rows }]);
    expect(chain.findings[0]).toContain("which is no segment");
    expect((await proofs([])).chain.findings).toEqual(["no way"]);
  });
});

const segments = () =>
  readdirSync(site(), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".jsonl"))
    .sort();

describe("by the gateway's own API", () => {
  const key = createApiKey();

  async function start() {
    const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
    const auditor = { id: "auditor", kind: "service", tenant: "house", tier: "service" };
    const harness = await boot({
      targets: [{ url }],
      env: { GW_DATA_FOLDER: data, GW_AUDIT_SEAL_KEY_FILE: path.join(data, "seal.pem") },
      directory: {
        tenants: [{ id: "house", name: "The house" }],
        principals: [{ ...auditor, roles: ["audit-admin"] }],
        apiKeys: [{ id: "auditor", principal: "auditor", sha256: hashApiKey(key) }],
      },
    });
    await (await harness.chat({ max_tokens: 1 })).text();
    const dispatcher = new Agent();
    const ask = (auditorKey: string) =>
      trailOfApi({ url: harness.base, key: auditorKey, dispatcher, now: new Date() });
    return { harness, ask };
  }

  test("an auditor has the lines, the anchors, and the gateway's own verdict", async () => {
    const { ask } = await start();
    clock.advance(Date.now() - clock.wallMs());
    const { chain } = await proofs([ask(key)]);
    expect([chain.result, chain.findings]).toEqual(["pass", []]);
    expect(chain.figures).toMatchObject({
      anchors: 1,
      "verdicts of gateways themselves": 1,
    });
    mkdirSync(path.join(site(), "2020-01-01"));
    writeFileSync(path.join(site(), "2020-01-01/gateway-000000.jsonl"), "{}\n");
    const broken = (await proofs([ask(key)])).chain;
    expect(broken.findings).toEqual([expect.stringContaining("the gateway finds faults itself")]);
  });

  test("without the right to look nothing is proven", async () => {
    const { harness, ask } = await start();
    const { chain, kept } = await proofs([ask(harness.key)]);
    expect([chain.result, kept.result]).toEqual(["notEvaluated", "notEvaluated"]);
    expect(chain.findings[0]).toContain("answers 403");
  });
});
