/** A gateway finds by itself what was changed in its own trail, and goes on looking. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { ManualClock } from "../base/test-clock.ts";
import { MemoryAuditAnchorStore } from "../stores/memory-audit-anchor-store.ts";
import { AuditTrail } from "./audit-trail.ts";
import { checkOwnTrail } from "./self-check.ts";

test("an intact trail has no fault, a changed one has, and anchors that cannot be read end nothing", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "self-check-"));
  const store = new MemoryAuditAnchorStore();
  const trail = new AuditTrail({
    ...{ folder, site: "primary", writer: "gateway-0", clock: new ManualClock(), anchors: store },
    sealKey: generateKeyPairSync("ed25519").privateKey,
    ...{
      whenDown: "refuse",
      retentionDays: 0,
      segmentSeconds: 86_400,
      onLost: () => {},
      onFault: () => {},
    },
  });
  await trail.start();
  const told = { tenant: "bank", address: "10.0.0.1", requestId: "r-1" };
  await trail.append({ ...told, action: "inference", actor: "alice", outcome: "allowed" });
  await trail.append({ ...told, action: "inference", actor: "mallory", outcome: "allowed" });
  await trail.anchor();

  const stopping = new AbortController();
  const seen: (number | string)[] = [];
  let asked = 0;
  await checkOwnTrail(
    {
      trail,
      anchors: () => {
        asked += 1;
        return asked === 2 ? Promise.reject(new Error("away")) : store.latest("primary");
      },
      ...{ pauseMs: 0, restFactor: 0, monotonicMs: () => 0 },
      onVerdict: (faults) => {
        seen.push(faults);
        if (seen.length > 2) stopping.abort();
        change(trail.folder);
      },
      onFault: (cause) => seen.push(String(cause)),
    },
    stopping.signal,
  );
  await trail.close();
  rmSync(folder, { recursive: true, force: true });
  expect(seen).toEqual([0, "Error: away", expect.any(Number)]);
  expect(seen.at(-1)).toBeGreaterThan(0);
});

/** Somebody makes another of one who was there. */
function change(folder: string): void {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const name of files.filter((file) => file.endsWith(".jsonl"))) {
    const file = path.join(folder, name);
    writeFileSync(file, readFileSync(file, "utf8").replace("mallory", "charlie"));
  }
}
