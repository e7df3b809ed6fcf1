/** Segments of a real trail arrive whole, once, and under their own names, whatever the archive does. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { verifyTrail } from "../../gateway-image/src/audit/verify-trail.ts";
import { watch } from "../base/watch-server.ts";
import { Archiver } from "./archiver.ts";
import { readConfig } from "./config.ts";
import { Shipped } from "./shipped.ts";
import { REGION, TestObjectStore, WRITER } from "./test-object-store.ts";
import { event, TestTrail } from "./test-trail.ts";
import { answersOf } from "./watch-server.ts";

const KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const HOUR_MS = 3_600_000;

let root: string;
let store: TestObjectStore;
let trail: TestTrail;
let variables: Record<string, string>;
let lines: { level: string; message: string; fields: object }[];
const at = (...names: string[]) => path.join(root, ...names);
const forever = new AbortController().signal;

beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), "archiver-test-"));
  store = new TestObjectStore();
  trail = new TestTrail(at("audit"));
  lines = [];
  variables = {
    ARCHIVE_FOLDER: at("audit"),
    ARCHIVE_STATE: at("state"),
    ARCHIVE_TO: "s3://archive/trail",
    ARCHIVE_KMS_KEY: KEY,
    ARCHIVE_PORT: "0",
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: WRITER.accessKeyId,
    AWS_SECRET_ACCESS_KEY: WRITER.secretAccessKey,
    AWS_ENDPOINT_URL_S3: await store.listen(),
  };
});
afterEach(() => {
  store.close();
  rmSync(root, { recursive: true, force: true });
});

/** As after a start: what is remembered is on the disk. */
function archiver(): Archiver {
  const { folder, state, target, lateMs } = readConfig(variables);
  const log = (level: string, message: string, fields: object) =>
    void lines.push({ level, message, fields });
  const shipped = new Shipped(state, (file) => log("warn", "damaged", { file }));
  const nowMs = () => trail.clock.wallMs();
  return new Archiver({ folder, target, shipped, lateMs, nowMs, log, backOffMs: 1 });
}

const segments = () =>
  readdirSync(at("audit"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".jsonl"))
    .sort();
const keyOf = (name: string) => `/archive/trail/${name}`;
const messages = () => lines.map(({ message }) => message);

function expectArchived(): void {
  expect([...store.objects.keys()].sort()).toEqual(segments().map(keyOf));
  for (const name of segments()) {
    expect(store.objects.get(keyOf(name))?.equals(readFileSync(at("audit", name))), name).toBe(
      true,
    );
  }
}

describe("to a bucket", () => {
  test("what is sealed is shipped once, encrypted under the key that is named", async () => {
    await trail.segments(3);
    const one = archiver();
    await one.round(forever);
    expectArchived();
    expect(one.standing).toMatchObject({ pending: 0, oldestSeconds: 0, late: [] });
    const [headers] = store.headers.values();
    expect(headers).toMatchObject({
      "x-amz-server-side-encryption": "aws:kms",
      "x-amz-server-side-encryption-aws-kms-key-id": KEY,
    });
    await one.round(forever);
    await archiver().round(forever);
    expect(store.asked).toHaveLength(3);
    expect([one.shippedTotal, one.faultsTotal]).toEqual([3, 0]);
  });

  test("an open segment is not, until it is sealed", async () => {
    const gateway = await trail.start();
    await gateway.append(event(20_000));
    const one = archiver();
    await one.round(forever);
    expect([store.asked, one.standing?.pending]).toEqual([[], 0]);
    await gateway.close();
    await one.round(forever);
    expectArchived();
  });

  test("one that a crash left half is not, however old; its day is told as late", async () => {
    await trail.segments(1);
    const [name = ""] = segments();
    const whole = readFileSync(at("audit", name));
    writeFileSync(at("audit", name), whole.subarray(0, whole.length - 1));
    const one = archiver();
    await one.round(forever);
    expect([store.asked, one.standing?.pending]).toEqual([[], 1]);
    trail.clock.advance(7 * HOUR_MS);
    await one.round(forever);
    await one.round(forever);
    expect(messages()).toEqual(["a day of the audit trail is not archived"]);
    // The gateway comes back and closes what it had left.
    await (await trail.start()).close();
    await one.round(forever);
    expectArchived();
    expect(messages().at(-1)).toBe("the day is archived now");
  });

  test("what the state has lost is shipped again, and is there already", async () => {
    await trail.segments(2, 3_000_000);
    await archiver().round(forever);
    for (const name of readdirSync(at("state/primary"))) {
      writeFileSync(at("state/primary", name), "{");
    }
    const one = archiver();
    await one.round(forever);
    expectArchived();
    expect(messages().filter((one) => one === "damaged")).toHaveLength(2);
    expect(messages().filter((one) => one === "was archived before")).toHaveLength(2);
    expect([one.shippedTotal, one.faultsTotal]).toEqual([2, 0]);
  });

  test.each([503, 429, 409, "cut"] as const)("%s passes with another attempt", async (trouble) => {
    await trail.segments(1);
    store.troubles.push(trouble, trouble);
    const one = archiver();
    await one.round(forever);
    expectArchived();
    expect([store.asked.length, one.faultsTotal]).toEqual([3, 0]);
  });

  test.each([500, 403, 404])(
    "%s for all is tried a few times a round, and kept",
    async (trouble) => {
      await trail.segments(8);
      store.trouble = trouble;
      const one = archiver();
      await one.round(forever);
      // Two at once, each with its attempts: not all eight.
      expect(store.asked.length).toBeLessThanOrEqual(6);
      expect([one.standing?.pending, one.faultsTotal]).toEqual([8, 2]);
      store.trouble = null;
      await one.round(forever);
      expectArchived();
      expect(JSON.stringify(lines)).not.toContain(WRITER.secretAccessKey);
    },
  );

  test("one segment that is refused for itself holds up no other", async () => {
    await trail.segments(4);
    store.troubles.push(400);
    const one = archiver();
    await one.round(forever);
    expect([store.objects.size, one.faultsTotal, one.standing?.pending]).toEqual([3, 1, 1]);
    await one.round(forever);
    expectArchived();
  });

  test("one that does not answer is given up when the signal says so", async () => {
    await trail.segments(1);
    store.trouble = { waitMs: 3_600_000 };
    const stop = new AbortController();
    store.onPut = () => stop.abort();
    const one = archiver();
    await one.round(stop.signal);
    expect([store.asked.length, one.standing?.pending]).toEqual([1, 1]);
  });

  test("another secret is refused, and is not in the log", async () => {
    await trail.segments(1);
    variables["AWS_SECRET_ACCESS_KEY"] = "another-secret";
    await archiver().round(forever);
    expect(store.objects.size).toBe(0);
    expect(lines.filter(({ level }) => level === "warn")).toMatchObject([
      {
        message: "not archived: the bucket answered 403 (SignatureDoesNotMatch)",
        fields: { where: `s3:/${keyOf(segments()[0] ?? "")}` },
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain("another-secret");
  });
});

describe("to a volume", () => {
  const archived = (name: string) => at("worm", name);

  beforeEach(() => {
    mkdirSync(at("worm"));
    variables["ARCHIVE_TO"] = `file://${at("worm")}`;
    delete variables["ARCHIVE_KMS_KEY"];
  });

  test("it is a whole trail of files that nobody may write", async () => {
    await trail.segments(3);
    await archiver().round(forever);
    for (const name of segments()) {
      expect(readFileSync(archived(name)).equals(readFileSync(at("audit", name)))).toBe(true);
      expect(statSync(archived(name)).mode & 0o777).toBe(0o400);
    }
    expect(verifyTrail(at("worm/primary"), trail.publicKey, [])).toMatchObject({
      events: 3,
      segments: 3,
      faults: [],
    });
  });

  test("what is there with the same content counts as done, and half a copy is written over", async () => {
    await trail.segments(2);
    const [one = "", two = ""] = segments();
    mkdirSync(path.dirname(archived(one)), { recursive: true });
    writeFileSync(archived(one), readFileSync(at("audit", one)));
    mkdirSync(path.dirname(archived(two)), { recursive: true });
    const part = path.join(path.dirname(archived(two)), `.${path.basename(two)}.part`);
    writeFileSync(part, "half");
    await archiver().round(forever);
    expect(messages().sort()).toEqual(["archived", "was archived before"]);
    expect([existsSync(part), statSync(archived(one)).mode & 0o777]).toEqual([false, 0o400]);
    expect(verifyTrail(at("worm/primary"), trail.publicKey, []).faults).toEqual([]);
  });

  test("another content under the name is a fault, and stays", async () => {
    await trail.segments(2);
    const [one = "", two = ""] = segments();
    mkdirSync(path.dirname(archived(one)), { recursive: true });
    writeFileSync(archived(one), "other");
    const archive = archiver();
    await archive.round(forever);
    expect(readFileSync(archived(one), "utf8")).toBe("other");
    expect(existsSync(archived(two))).toBe(true);
    expect([archive.faultsTotal, archive.standing?.pending]).toEqual([1, 1]);
  });

  test("a volume that is not mounted is not made up", async () => {
    await trail.segments(1);
    rmSync(at("worm"), { recursive: true });
    const archive = archiver();
    await archive.round(forever);
    expect([existsSync(at("worm")), archive.standing?.pending]).toEqual([false, 1]);
  });
});

describe("what it says of itself", () => {
  test("is told to kubelet and Prometheus", async () => {
    await trail.segments(2);
    store.trouble = 503;
    const one = archiver();
    const server = await watch({ port: 0, tls: null }, answersOf(one));
    const ask = async (page: string) => {
      const answer = await fetch(`http://127.0.0.1:${server.port}${page}`);
      return [answer.status, await answer.text()] as const;
    };
    expect([(await ask("/readyz"))[0], (await ask("/livez"))[0]]).toEqual([503, 200]);
    await one.round(forever);
    expect((await ask("/readyz"))[0]).toBe(200);
    const [, text] = await ask("/metrics");
    // The first was sealed at noon of a day, the second a day later, and that was a day ago.
    expect(text).toContain("\naudit_archive_oldest_pending_seconds 172800\n");
    expect(text).toContain("\naudit_archive_pending_segments 2\n");
    expect(text).toContain("\naudit_archive_late_days 2\n");
    expect(text).toContain("\naudit_archive_faults_total 2\n");
    store.trouble = null;
    await one.round(forever);
    const [, later] = await ask("/metrics");
    expect(later).toContain("\naudit_archive_pending_segments 0\n");
    expect(later).toContain("\naudit_archive_shipped_total 2\n");
    expect((await ask("/other"))[0]).toBe(404);
    server.close();
  });

  test("days that the gateway has pruned are forgotten", async () => {
    await trail.segments(2);
    const one = archiver();
    await one.round(forever);
    expect(readdirSync(at("state/primary"))).toHaveLength(2);
    rmSync(at("audit/primary", readdirSync(at("audit/primary")).sort()[0] ?? ""), {
      recursive: true,
    });
    await one.round(forever);
    expect(readdirSync(at("state/primary"))).toHaveLength(1);
    expect(store.objects.size).toBe(2);
  });
});

describe("the program", () => {
  const program = path.join(import.meta.dirname, "main.ts");
  function start() {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program], {
      env: variables,
    });
    const pieces: Buffer[] = [];
    child.stdout.on("data", (piece: Buffer) => pieces.push(piece));
    const ended = once(child, "close").then(([code]) => ({
      code: code as number | null,
      text: Buffer.concat(pieces).toString("utf8"),
    }));
    return { child, ended };
  }
  const until = async (is: () => boolean) => {
    while (!is()) await sleep(10);
  };

  test("told to stop it ships what was sealed last, and ends", async () => {
    await trail.segments(1);
    const { child, ended } = start();
    await until(() => store.objects.size === 1);
    await trail.segments(2);
    child.kill("SIGTERM");
    const { code, text } = await ended;
    expect(code).toBe(0);
    expectArchived();
    expect(JSON.parse(text.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
      message: "ends",
      pending: 0,
    });
    expect(text).not.toContain(WRITER.secretAccessKey);
  });

  test("kill -9 at any put loses nothing and leaves nothing half", {
    timeout: 60_000,
  }, async () => {
    await trail.segments(6, 200_000);
    for (const kills of [1, 2, 4]) {
      const { child, ended } = start();
      const before = store.asked.length;
      // With its first, second and fourth request under way.
      store.onPut = () => void (store.asked.length - before >= kills && child.kill("SIGKILL"));
      await ended;
    }
    store.onPut = () => {};
    const { child, ended } = start();
    await until(() => store.objects.size === segments().length);
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
    expectArchived();
  });

  test("kill -9 of a copy to a volume leaves no half segment under a name", async () => {
    mkdirSync(at("worm"));
    variables["ARCHIVE_TO"] = `file://${at("worm")}`;
    delete variables["ARCHIVE_KMS_KEY"];
    await trail.segments(8, 1_000_000);
    const { child, ended } = start();
    const copies = () => readdirSync(at("worm"), { recursive: true, encoding: "utf8" });
    await until(() => copies().some((name) => name.endsWith(".jsonl")));
    child.kill("SIGKILL");
    await ended;
    for (const name of copies().filter((one) => one.endsWith(".jsonl"))) {
      expect(readFileSync(at("worm", name)).equals(readFileSync(at("audit", name))), name).toBe(
        true,
      );
    }
    await archiver().round(forever);
    expect(verifyTrail(at("worm/primary"), trail.publicKey, [])).toMatchObject({
      segments: 8,
      faults: [],
    });
  });

  test("wrong settings end it in words", async () => {
    delete variables["AWS_REGION"];
    const { code, text } = await start().ended;
    expect([code, JSON.parse(text)]).toEqual([
      2,
      expect.objectContaining({ level: "error", message: "AWS_REGION is missing" }),
    ]);
  });
});
