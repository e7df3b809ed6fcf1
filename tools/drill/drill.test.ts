/** What a drill waits for exists, and what arrives at its stub is understood. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ALERTS } from "../../observability/rules.ts";
import { channelsTold, parseDeliveries, toldOf } from "./deliveries.ts";
import { wavesNamed } from "./drill.ts";
import { drillTable } from "./drill-table.ts";
import { WAVES } from "./faults.ts";
import { HABITS, lanesOf } from "./habits.ts";
import { failures, kindOf } from "./ordinary-load.ts";

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const alert = (alertname: string, status = "firing") => ({
  status,
  startsAt: at(0),
  labels: { alertname, severity: "critical" },
});
const LOG = [
  { at: at(1), channel: "sink", firing: false, text: "listening" },
  { at: at(5), channel: "webhook", firing: true, text: "RedisAway", alerts: [alert("RedisAway")] },
  { at: at(6), channel: "email", firing: true, text: "Subject: [FIRING:1] RedisAway (redis)" },
  { at: at(7), channel: "slack", firing: true, text: "[FIRING:1] RedisAwayToo" },
  { at: at(9), channel: "slack", firing: false, text: "[RESOLVED] RedisAway" },
  {
    ...{ at: at(9), channel: "webhook", firing: false, text: "RedisAway" },
    alerts: [alert("RedisAway", "resolved")],
  },
];
const text = LOG.map((line) => `${JSON.stringify(line)}\n`).join("");

describe("faults", () => {
  test("wait for alerts that there are, and every fault that must be shown is one", () => {
    const known = new Set(ALERTS.map(({ alert: name }) => name));
    const faults = WAVES.flatMap((wave) => wave.faults);
    expect(faults.flatMap(({ alerts }) => alerts).filter((name) => !known.has(name))).toEqual([]);
    expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
    expect(faults.length).toBeGreaterThanOrEqual(10);
    expect(faults.filter((fault) => fault.prometheusDiesAfterMs !== undefined)).toHaveLength(1);
  });

  test("are chosen by words of their wave, or by their own", () => {
    expect(wavesNamed(undefined)).toEqual(WAVES);
    expect(wavesNamed("losses").map(({ name }) => name)).toEqual(["stalls and losses"]);
    const alone = wavesNamed("audit trail").flatMap(({ faults }) => faults);
    expect(alone.flatMap(({ alerts }) => alerts)).toEqual(["AuditChainBroken"]);
    expect(wavesNamed("no such")).toEqual([]);
  });
});

describe("deliveries", () => {
  test("are read line by line; a half one is left for the next time", () => {
    expect(parseDeliveries(text)).toHaveLength(LOG.length);
    expect(parseDeliveries(`${text}{"at":"20`)).toHaveLength(LOG.length);
    expect(parseDeliveries("")).toEqual([]);
  });

  test("count from a moment on, firing and resolved apart", () => {
    const all = parseDeliveries(text);
    const names = (status: "firing" | "resolved", second: number) =>
      toldOf(all, status, new Date(at(second))).map((told) => told.alert);
    expect(names("firing", 0)).toEqual(["RedisAway"]);
    expect(names("firing", 6)).toEqual([]);
    expect(names("resolved", 6)).toEqual(["RedisAway"]);
  });

  test("reach a channel only under the alert's whole name, and only while it fires", () => {
    const told = channelsTold(parseDeliveries(text), "RedisAway", new Date(at(0)));
    expect([...told].sort()).toEqual(["email", "webhook"]);
  });
});

test("the table says who was told of nothing, and what else was told", () => {
  const figures = {
    ...{ fault: "Redis is down", severity: null, channels: [], prometheusDied: true },
    ...{ alert: null, secondsToDelivery: null, secondsToResolved: null },
  };
  const waves = [{ wave: "Redis", faults: [figures], also: ["TargetDown"] }];
  const panels = [
    { board: "gpu", panel: "Hottest", values: 0, whenWell: undefined },
    { board: "gpu", panel: "Clock", values: 1, whenWell: undefined },
    { board: "gpu", panel: "Power", values: 2, whenWell: undefined },
    { board: "gpu", panel: "Last XID", values: 0, whenWell: "empty" as const },
    { board: "stores", panel: "Redis that answer", values: 1, whenWell: "still" as const },
    { board: "stores", panel: "Deadlocks in an hour", values: 0, whenWell: "still" as const },
  ];
  const table = drillTable({ waves, panels });
  expect(table).toContain(
    "1 show values that move, 2 count trouble and lie still, 3 have no data.",
  );
  expect(table).toContain("✗ gpu: Hottest (nothing found)\n✗ gpu: Clock (one value)");
  expect(table).toContain("✗ stores: Deadlocks in an hour (nothing found)\n  still gpu: Last XID");
  expect(table).toContain("✗ nobody was told");
  expect(table).toContain("Prometheus is killed meanwhile");
  expect(table).toContain("Redis: also told: TargetDown");
});

test("of calls, those count as failed that no caller can have caused", () => {
  const right = [
    ...["chat 200", "bad body 400 invalid_request", "unknown model 404 model_not_found"],
    ...["wrong key 401 invalid_api_key", "job 202", "over quota 429 rate_limit_exceeded"],
    ...["over quota 200", "waits 200", "socket 200"],
  ];
  const wrong = [
    ...["chat 503 no_model", "stream broken", "chat 429 rate_limit_exceeded", "job 200x"],
    ...["waits 429 concurrency_limit_exceeded", "socket closed 1006", "chat 401 invalid_api_key"],
  ];
  const tally = new Map([...right, ...wrong].map((end) => [end, 1] as const));
  expect(failures(tally).map(([end]) => end)).toEqual(wrong);
});

test("ordinary callers call every kind as often as it is said, the same each time", () => {
  const counted = new Map<string, number>();
  for (let turn = 0; turn < 1_000; turn += 1) {
    const kind = kindOf(turn);
    counted.set(kind, (counted.get(kind) ?? 0) + 1);
  }
  expect(Math.round((counted.get("chat") ?? 0) / 10)).toBe(40);
  expect(Math.round((counted.get("wrong key") ?? 0) / 10)).toBe(1);
  expect(counted.size).toBe(10);
});

test("the habits' keys and word are those of the local stack", () => {
  const file = path.resolve(import.meta.dirname, "../../Pulumi.local.yaml");
  const { config } = parse(readFileSync(file, "utf8")) as Local;
  const names = config["deepseek:identities"].map(({ name }) => name);
  expect(names).toEqual(["first", "trial", "patient"]);
  const listed = config["deepseek:wordLists"].flatMap(({ words }) => words);
  const bodies: string[] = [];
  const lanes = lanesOf({
    place: { url: "https://localhost", ca: "", apiKey: "k", apiKeys: { trial: "t", patient: "p" } },
    model: "m",
    asked: async (body, key) => {
      bodies.push(`${key} ${JSON.stringify(body)}`);
      return "200";
    },
  });
  const chats = lanes.slice(0, HABITS);
  return Promise.all(chats.map(({ call }) => call(0))).then((ends) => {
    expect(ends).toEqual(["over quota 200", "waits 200", "waits 200"]);
    expect(bodies.map((body) => body.slice(0, 1))).toEqual(["t", "p", "p"]);
    expect(listed.some((word) => bodies[0]?.includes(word))).toBe(true);
    const fewer = { url: "https://localhost", ca: "", apiKey: "k", apiKeys: {} };
    expect(lanesOf({ place: fewer, model: "m", asked: async () => "200" })).toHaveLength(1);
  });
});

interface Local {
  readonly config: {
    readonly "deepseek:identities": readonly { readonly name: string }[];
    readonly "deepseek:wordLists": readonly { readonly words: readonly string[] }[];
  };
}
