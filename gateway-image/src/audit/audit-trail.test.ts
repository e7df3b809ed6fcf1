/** The chain holds through restarts and crashes, and every kind of damage to it is found. */
import { generateKeyPairSync } from "node:crypto";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../base/test-clock.ts";
import { limits } from "../limits.ts";
import { MemoryAuditAnchorStore } from "../stores/memory-audit-anchor-store.ts";
import type { AuditEvent } from "./audit-line.ts";
import { AuditTrail } from "./audit-trail.ts";
import { segmentsOf } from "./segment-files.ts";
import { verifyTrail } from "./verify-trail.ts";

const keys = generateKeyPairSync("ed25519");
const DAY_MS = 86_400_000;
let folder: string;
let anchors: MemoryAuditAnchorStore;
let clock: ManualClock;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "audit-test-"));
  anchors = new MemoryAuditAnchorStore();
  clock = new ManualClock();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const event = (change: Partial<AuditEvent> = {}): AuditEvent => ({
  action: "inference",
  actor: "alice",
  tenant: "bank",
  address: "10.0.0.1",
  requestId: "r-1",
  outcome: "allowed",
  ...change,
});

async function start(writer = "gateway-0", change: object = {}): Promise<AuditTrail> {
  const faults: unknown[] = [];
  const trail = new AuditTrail({
    folder,
    site: "primary",
    writer,
    sealKey: keys.privateKey,
    clock,
    anchors,
    whenDown: "refuse",
    retentionDays: 0,
    segmentSeconds: 86_400,
    onLost: (error) => faults.push(error),
    onFault: (error) => faults.push(error),
    ...change,
  });
  await trail.start();
  return trail;
}

const site = () => path.join(folder, "primary");
const files = () =>
  readdirSync(site(), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("jsonl"))
    .sort();
const verify = async (key = keys.publicKey) =>
  verifyTrail(site(), key, await anchors.latest("primary"));

test("events are one chain over days, sizes, restarts and writers", async () => {
  for (let round = 0; round < 3; round += 1) {
    const [first, second] = [await start("gateway-0"), await start("gateway-1")];
    await Promise.all(Array.from({ length: 20 }, () => first.append(event())));
    await second.append(event({ actor: "bob" }));
    clock.advance(DAY_MS);
    await first.append(event({ action: "login" }));
    await first.close();
    await second.close();
  }
  expect(await verify()).toEqual({
    events: 66,
    segments: 9,
    writers: ["gateway-0", "gateway-1"],
    faults: [],
  });
});

test("after a crash the torn line is cut off, the chain says so and goes on", async () => {
  const crashed = await start();
  await crashed.append(event());
  await crashed.append(event());
  const [file = ""] = files();
  const whole = readFileSync(path.join(site(), file));
  writeFileSync(path.join(site(), file), whole.subarray(0, whole.length - 30));
  const next = await start();
  await next.append(event());
  await next.close();
  const report = await verify();
  expect(report).toMatchObject({ events: 2, segments: 2, faults: [] });
  expect(readFileSync(path.join(site(), file), "utf8")).toMatch(/"bytesCut":\d{3}/);
});

test("a crash before the first line of a segment leaves nothing in the way", async () => {
  const first = await start();
  await first.append(event());
  await first.close();
  writeFileSync(path.join(site(), path.dirname(files()[0] ?? ""), "gateway-0-000002.jsonl"), "");
  const next = await start();
  await next.append(event());
  await next.close();
  expect(await verify()).toMatchObject({ events: 2, faults: [] });
});

test("what cannot be recorded is refused, or served and counted, as the profile says", async () => {
  const refusing = await start();
  const lost: unknown[] = [];
  const serving = await start("gateway-1", {
    whenDown: "serve",
    onLost: (e: unknown) => lost.push(e),
  });
  // A file where the day's folder should be: no segment can be opened.
  rmSync(site(), { recursive: true });
  writeFileSync(site(), "");
  await expect(refusing.append(event())).rejects.toMatchObject({ code: "audit_unavailable" });
  expect(refusing.isDown).toBe(true);
  await serving.append(event());
  expect(lost).toHaveLength(1);
  rmSync(site());
  await refusing.append(event());
  expect(refusing.isDown).toBe(false);
});

describe("damage", () => {
  beforeEach(async () => {
    for (const _ of [1, 2]) {
      const trail = await start();
      for (const actor of ["alice", "bob", "carol", "dave"]) await trail.append(event({ actor }));
      await trail.close();
      clock.advance(DAY_MS);
    }
  });

  const edit = (index: number, change: (lines: string[]) => string[]) => {
    const file = path.join(site(), files()[index] ?? "");
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    writeFileSync(file, `${change(lines).join("\n")}\n`);
  };
  const without = (lines: string[], at: number) => lines.filter((_, index) => index !== at);

  const mutants: Record<string, () => void> = {
    "an edited event": () =>
      edit(0, (lines) => lines.map((line) => line.replace('"bob"', '"eve"'))),
    "a deleted event": () => edit(0, (lines) => without(lines, 2)),
    "an inserted event": () => edit(0, (lines) => lines.toSpliced(2, 0, lines[2] ?? "")),
    "two events in another order": () =>
      edit(0, ([a = "", b = "", c = "", ...rest]) => [a, c, b, ...rest]),
    "a missing seal": () => edit(0, (lines) => lines.slice(0, -1)),
    "a seal of somebody else": () =>
      edit(0, (lines) => lines.map((line) => line.replace(/"signature":"../, '"signature":"AA'))),
    "a truncated tail": () => edit(1, (lines) => lines.slice(0, 3)),
    "a tail that was sealed anew": () => edit(1, (lines) => without(without(lines, 4), 3)),
    "a missing day": () =>
      rmSync(path.join(site(), path.dirname(files()[0] ?? "")), { recursive: true }),
    "a missing last day": () =>
      rmSync(path.join(site(), path.dirname(files()[1] ?? "")), { recursive: true }),
    "a segment under another day": () => {
      const [first = "", second = ""] = files();
      renameSync(
        path.join(site(), first),
        path.join(site(), path.dirname(second), path.basename(first)),
      );
    },
    "a segment under another writer's name": () => {
      const file = path.join(site(), files()[1] ?? "");
      renameSync(file, file.replace("gateway-0", "gateway-9"));
    },
    "white space": () => edit(0, (lines) => lines.map((line) => line.replace('","', '", "'))),
    "a stranger's file": () =>
      writeFileSync(path.join(site(), path.dirname(files()[0] ?? ""), "notes.txt"), "x"),
  };

  test.each(Object.keys(mutants))("%s is found", async (name) => {
    expect((await verify()).faults).toEqual([]);
    mutants[name]?.();
    expect((await verify()).faults).not.toEqual([]);
  });

  test("an older whole copy that was put back is found", async () => {
    const copy = `${folder}-copy`;
    cpSync(folder, copy, { recursive: true });
    const trail = await start();
    await trail.append(event());
    await trail.close();
    rmSync(folder, { recursive: true });
    renameSync(copy, folder);
    const { faults } = await verify();
    expect(faults).toMatchObject([{ where: "writer gateway-0" }]);
    expect(faults[0]?.what).toMatch(/ends at line \d+, but had \d+/);
  });

  test("another key's seals are not taken", async () => {
    const stranger = generateKeyPairSync("ed25519").publicKey;
    expect((await verify(stranger)).faults.length).toBeGreaterThan(0);
  });
});

test("a segment ends at its size", async () => {
  const trail = await start();
  const detail = { text: "x".repeat(limits.auditSegmentBytesMax / 4) };
  for (let count = 0; count < 6; count += 1) await trail.append(event({ detail }));
  await trail.close();
  expect(await verify()).toMatchObject({ events: 6, segments: 2, faults: [] });
});

describe("a segment ends after its time", () => {
  const last = (index: number) =>
    readFileSync(path.join(site(), files()[index] ?? ""), "utf8")
      .trimEnd()
      .split("\n")
      .at(-1);

  test("also when no event comes, and the next one begins another", async () => {
    const trail = await start("gateway-0", { segmentSeconds: 300 });
    await trail.append(event());
    clock.advance(299_999);
    await trail.sealOld();
    await trail.append(event());
    expect(files()).toHaveLength(1);
    expect(last(0)).toContain('"kind":"event"');
    clock.advance(1);
    await trail.sealOld();
    expect(last(0)).toContain('"kind":"sealed"');
    // Nothing is sealed twice, and no empty segment is made.
    clock.advance(300_000);
    await trail.sealOld();
    expect(files()).toHaveLength(1);
    await trail.append(event());
    clock.advance(300_000);
    await trail.append(event());
    expect(files()).toHaveLength(3);
    await trail.close();
    expect(await verify()).toMatchObject({ events: 4, segments: 3, faults: [] });
  });

  test("and with its day", async () => {
    const trail = await start();
    await trail.append(event());
    clock.advance(DAY_MS);
    await trail.sealOld();
    expect(last(0)).toContain('"kind":"sealed"');
    await trail.close();
    expect(await verify()).toMatchObject({ events: 1, segments: 1, faults: [] });
  });
});

test("numbers of more than six digits go on as they should", async () => {
  const first = await start();
  await first.append(event());
  await first.close();
  const [name = ""] = files();
  renameSync(path.join(site(), name), path.join(site(), name.replace("000001", "999999")));
  for (const _ of [1, 2]) {
    const next = await start();
    await next.append(event());
    await next.close();
  }
  expect(segmentsOf(site(), path.dirname(name)).map((file) => path.basename(file))).toEqual([
    "gateway-0-999999.jsonl",
    "gateway-0-1000000.jsonl",
    "gateway-0-1000001.jsonl",
  ]);
  const { events, faults } = await verify();
  expect([events, faults.map(({ what }) => what)]).toEqual([
    3,
    ["belongs to gateway-0, segment 1"],
  ]);
});

describe("days whose time is over", () => {
  const dayOf = () => new Date(clock.wallMs()).toISOString().slice(0, 10);

  async function days(count: number, writer = "gateway-0"): Promise<AuditTrail> {
    const trail = await start(writer);
    for (let day = 0; day < count; day += 1) {
      await trail.append(event());
      clock.advance(DAY_MS);
    }
    await trail.append(event());
    return trail;
  }

  test("are taken away, and the chain says so: the rest is still whole", async () => {
    const trail = await days(5);
    const kept = new Date(clock.wallMs() - 2 * DAY_MS).toISOString().slice(0, 10);
    expect(await trail.prune(kept)).toHaveLength(3);
    await trail.append(event());
    await trail.close();
    expect(readdirSync(site())).toHaveLength(3);
    const report = await verify();
    expect(report.faults).toEqual([]);
    // And again, after a new start: the former line has gone with its day by then.
    const next = await start();
    clock.advance(5 * DAY_MS);
    await next.append(event());
    await next.prune(dayOf());
    await next.close();
    expect((await verify()).faults).toEqual([]);
    expect(readdirSync(site())).toHaveLength(1);
  });

  test("that somebody took away without a word are missed", async () => {
    const trail = await days(3);
    await trail.close();
    const [first = ""] = readdirSync(site()).sort();
    rmSync(path.join(site(), first), { recursive: true });
    expect((await verify()).faults.map(({ what }) => what).join()).toContain("nothing says that");
  });

  test("cannot be made to look pruned by whoever has no key", async () => {
    const trail = await days(4);
    const kept = new Date(clock.wallMs() - 2 * DAY_MS).toISOString().slice(0, 10);
    await trail.prune(kept);
    await trail.close();
    // One more day goes; the line that speaks of the others does not speak of it.
    const [first = ""] = readdirSync(site()).sort();
    rmSync(path.join(site(), first), { recursive: true });
    expect((await verify()).faults.length).toBeGreaterThan(0);
  });

  test("are kept under a legal hold, and where they are not sealed", async () => {
    const trail = await days(3);
    writeFileSync(path.join(site(), "HOLD"), "case 7");
    expect(await trail.prune(dayOf())).toEqual([]);
    rmSync(path.join(site(), "HOLD"));
    const [first = ""] = readdirSync(site()).sort();
    const file = path.join(site(), first, readdirSync(path.join(site(), first))[0] ?? "");
    writeFileSync(file, readFileSync(file, "utf8").split("\n").slice(0, -2).join("\n"));
    expect(await trail.prune(dayOf())).toEqual([]);
    await trail.close();
  });
});
