/** Rows in the log, as this version writes them and as an earlier one did. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WriteAheadLog } from "../base/write-ahead-log.ts";
import { GATEWAY_DIED, LedgerLog } from "./ledger-log.ts";
import { testRow } from "./ledger-store.contract.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "ledger-log-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => new WriteAheadLog({ folder, segmentBytesMax: 1_000_000, bytesMax: 2_000_000 });
const NOW = new Date("2026-11-24T00:00:00Z");

test("a settled row comes back as it was; one that was open is settled by the next start", async () => {
  const settled = testRow({ callId: "a" });
  const running = testRow({ callId: "b", state: "open", finishedAt: null, status: null });
  const log = new LedgerLog(open());
  log.replay(NOW);
  await Promise.all([log.append(settled), log.append(running)]);
  expect(new LedgerLog(open()).replay(NOW)).toEqual([
    settled,
    { ...running, state: "settled", status: "error", error: GATEWAY_DIED, finishedAt: NOW },
  ]);
});

test("what an earlier version left as an object is read as well", async () => {
  const row = testRow({ callId: "a" });
  const log = open();
  log.replay();
  await log.append({ name: "a", content: JSON.stringify(row) });
  expect(new LedgerLog(open()).replay(NOW)).toEqual([row]);
});
