/** Prometheus' size: exact for a known site, bounds that hold for every one, and the gateway's own page. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMetrics } from "../../gateway-image/src/telemetry/metrics.ts";
import {
  asQuantity,
  gatewaySeries,
  monitoringSize,
  prometheusLimits,
  seriesOf,
  type Watched,
} from "./monitoring.ts";
import { mebibytes } from "./quantity.ts";

const SMALL: Watched = {
  ...{
    models: 2,
    gateways: 2,
    modelServers: 2,
    edges: 2,
    redis: 1,
    postgres: 1,
    postgresInstances: 0,
  },
  ...{ archivers: 0, gpus: 0, remoteWrite: false },
  ...{ collectors: 0, agents: 0, relays: 0, relayedChannels: 0 },
};
const COUNTED = [
  ...([
    "models",
    "gateways",
    "modelServers",
    "edges",
    "redis",
    "postgres",
    "postgresInstances",
  ] as const),
  ...(["archivers", "gpus", "collectors", "agents", "relays"] as const),
];
const KEEP = { retentionDays: 15, scrapeSeconds: 15 };

const watched: fc.Arbitrary<Watched> = fc.record({
  models: fc.integer({ min: 1, max: 64 }),
  gateways: fc.integer({ min: 1, max: 64 }),
  modelServers: fc.integer({ min: 0, max: 256 }),
  edges: fc.integer({ min: 1, max: 32 }),
  redis: fc.constantFrom(0, 1, 3),
  postgres: fc.constantFrom(0, 1),
  postgresInstances: fc.constantFrom(0, 1, 3),
  archivers: fc.integer({ min: 0, max: 64 }),
  gpus: fc.integer({ min: 0, max: 512 }),
  collectors: fc.integer({ min: 0, max: 16 }),
  agents: fc.integer({ min: 0, max: 1_000 }),
  relays: fc.constantFrom(0, 2),
  relayedChannels: fc.integer({ min: 0, max: 16 }),
  remoteWrite: fc.boolean(),
});
const kept = fc.record({
  retentionDays: fc.integer({ min: 1, max: 730 }),
  scrapeSeconds: fc.integer({ min: 5, max: 120 }),
});
const RUNS = { numRuns: 100 };

describe("a small site", () => {
  test("is sized term by term", () => {
    const size = monitoringSize(SMALL, KEEP);
    // Of one gateway: 100 at rest, 202 users of two models with four codes, 102 tenants, durations twice.
    const gateway = 100 + 202 * 2 * 4 + 102 * 3 + 2 * (1_260 + 2 * 189) + 2 * (78 + 24);
    expect(gatewaySeries(2)).toBe(gateway);
    const others = 2 * 500 + 2 * 60 + 250 + 700 + 600 + 400 + 10 * 5 + 400 + 2 * 20;
    expect(size.series).toBe(2 * gateway + others);
    expect(size.samplesPerSecond).toBe(Math.ceil(size.series / 15));
    const blocks = 15 * 86_400 * size.samplesPerSecond * 2 * 1.2;
    const log = 10_800 * size.samplesPerSecond * 13;
    expect(size.diskMebibytes).toBe(Math.ceil((blocks + log) / 0.8 / 2 ** 20));
    expect(size.memoryMebibytes).toBe(Math.ceil((64 + (size.series * 6) / 1_024) / 0.75));
    const written = monitoringSize({ ...SMALL, remoteWrite: true }, KEEP).memoryMebibytes;
    expect(written).toBe(Math.ceil((64 + (size.series * 6 * 1.25) / 1_024) / 0.75));
  });
});

test("two Collectors, an agent a node, and a relay of six channels are counted", () => {
  const told = { collectors: 2, agents: 4, relays: 2, relayedChannels: 6 };
  const more = seriesOf({ ...SMALL, ...told }) - seriesOf(SMALL);
  expect(more).toBe(6 * 60 + 2 * 6 * 21 + 8 * 5);
});

describe("every site", () => {
  test("needs no less for one more of anything, longer or closer", () => {
    fc.assert(
      fc.property(watched, kept, fc.constantFrom(...COUNTED), (site, keep, name) => {
        const before = monitoringSize(site, keep);
        const grown = { ...site, [name]: Number(site[name]) + 1 };
        for (const after of [
          monitoringSize(grown, keep),
          monitoringSize(site, { ...keep, retentionDays: keep.retentionDays + 1 }),
          monitoringSize(site, { ...keep, scrapeSeconds: keep.scrapeSeconds - 1 }),
        ]) {
          expect(after.diskMebibytes).toBeGreaterThanOrEqual(before.diskMebibytes);
          expect(after.memoryMebibytes).toBeGreaterThanOrEqual(before.memoryMebibytes);
        }
        expect(seriesOf(grown)).toBeGreaterThan(seriesOf(site));
      }),
      RUNS,
    );
  });

  test("that gets what it is told fits it: blocks, log and a query beside the head", () => {
    fc.assert(
      fc.property(watched, kept, (site, keep) => {
        const { series, samplesPerSecond, memoryMebibytes, diskMebibytes } = monitoringSize(
          site,
          keep,
        );
        const [memory, storage] = [asQuantity(memoryMebibytes), asQuantity(diskMebibytes)];
        expect(mebibytes(memory)).toBeGreaterThanOrEqual(memoryMebibytes);
        expect(mebibytes(storage)).toBeGreaterThanOrEqual(diskMebibytes);
        const limits = prometheusLimits({ memory, storage });
        const days = keep.retentionDays * 86_400;
        // What the documentation asks for goes into the blocks' share of the disk.
        expect(limits.blocksMebibytes * 2 ** 20).toBeGreaterThan(
          days * samplesPerSecond * 2 * 0.999,
        );
        const head = (series * 2 * 3) / 1_024 + (limits.querySamples * 16) / 2 ** 20;
        expect(mebibytes(memory)).toBeGreaterThan(head);
        expect(limits.goMebibytes).toBeLessThan(mebibytes(memory));
        expect(limits.querySamples).toBeLessThanOrEqual(50_000_000);
      }),
      RUNS,
    );
  });
});

test("a gateway whose labels are used up exposes no more than it is counted with", async () => {
  const models = ["m1", "m2", "m3"];
  const metrics = createMetrics("1");
  for (let user = 0; user < 300; user += 1) {
    for (const model of models) {
      for (const [status, code] of [
        ["success", "200"],
        ["client_error", "400"],
        ["client_error", "429"],
        ["error", "502"],
      ] as const) {
        const endpoint = "/v1/chat/completions";
        const name = metrics.userLabel(`u${user}`);
        metrics.requests.inc({ endpoint, model, status, code, user: name });
      }
    }
  }
  for (const model of models) {
    metrics.firstToken.observe({ model }, 1);
    metrics.tokensPerSecond.observe({ model }, 1);
    for (const name of ["realtime", "interactive", "batch"]) {
      metrics.queueWait.observe({ model, class: name }, 1);
    }
    for (const endpoint of ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"]) {
      for (const status of ["success", "client_error", "error"]) {
        metrics.duration.observe({ endpoint, model, status }, 1);
      }
    }
  }
  const lines = (await metrics.registry.metrics()).split("\n");
  const series = lines.filter((line) => line !== "" && !line.startsWith("#")).length;
  expect(series).toBeGreaterThan(2_000);
  expect(series).toBeLessThanOrEqual(gatewaySeries(models.length));
});
