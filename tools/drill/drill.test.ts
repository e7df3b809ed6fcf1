/** What a drill waits for exists, and what arrives at its stub is understood. */
import { describe, expect, test } from "vitest";
import { ALERTS } from "../../observability/rules.ts";
import { channelsTold, parseDeliveries, toldOf } from "./deliveries.ts";
import { wavesNamed } from "./drill.ts";
import { drillTable } from "./drill-table.ts";
import { WAVES } from "./faults.ts";
import { failures } from "./ordinary-load.ts";

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

  test("are chosen by words of their wave", () => {
    expect(wavesNamed(undefined)).toEqual(WAVES);
    expect(wavesNamed("losses").map(({ name }) => name)).toEqual(["stalls and losses"]);
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
    { board: "gpu", panel: "Hottest", values: 0 },
    { board: "stores", panel: "Redis that answer", values: 2 },
  ];
  const table = drillTable({ waves, panels });
  expect(table).toContain("move: 1 of 2.\n  gpu: Hottest (nothing found)");
  expect(table).toContain("✗ nobody was told");
  expect(table).toContain("Prometheus is killed meanwhile");
  expect(table).toContain("Redis: also told: TargetDown");
});

test("of calls, those count as failed that no caller can have caused", () => {
  const tally = new Map([
    ...([["chat 200", 9] as const, ["bad body 400 invalid_request", 1] as const] as const),
    ...([["unknown model 404 model_not_found", 1] as const] as const),
    ...([["chat 503 no_model", 2] as const, ["stream broken", 1] as const] as const),
  ]);
  expect(failures(tally).map(([end]) => end)).toEqual(["chat 503 no_model", "stream broken"]);
});
