/**
 * The real Collector and its agent with the files of a site, lines as kubelet writes them, the gateway's own
 * spans, and a store that is away, full or refuses: what was acknowledged comes, what must not leave does
 * not, and what is lost is counted in the series that alerts read.
 */
import { once } from "node:events";
import { appendFile, mkdir } from "node:fs/promises";
import https from "node:https";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTraces } from "../../gateway-image/src/telemetry/traces.ts";
import { COLLECTOR_METRICS } from "../catalogue/collector.ts";
import { expositionFaults } from "../test-exposition.ts";
import { type Loose, startSite, type TestSite, until } from "./test-collector.ts";

/** Of which the queue of lines has half and that of spans a fifth. */
const DISK_MEBIBYTES = 8;
const GATEWAY = "deepseek_gateway-0_1d8f-4a/gateway";
const FORBIDDEN = ["a-prompt", "a-stack", "a-credential", "sk-ds-0123456789", "a-password"];

let site: TestSite;
beforeAll(async () => {
  site = await startSite(DISK_MEBIBYTES);
  await site.collector.start();
  await site.agent.start();
});
afterAll(async () => {
  await site?.close();
});

/** As a container runtime writes them. */
async function write(pod: string, lines: readonly string[], stream = "stdout"): Promise<void> {
  const folder = path.join(site.folder, "pods", pod);
  await mkdir(folder, { recursive: true });
  const text = lines.map((line) => `2026-11-26T01:02:03.5Z ${stream} F ${line}\n`).join("");
  await appendFile(path.join(folder, "0.log"), text);
}

const json = (fields: object) => JSON.stringify({ level: "info", ...fields });

interface Arrived {
  readonly source: Record<string, string>;
  readonly record: Loose;
  readonly text: string;
}

function arrived(): Arrived[] {
  return site.store.taken.flatMap((body) =>
    (body.resourceLogs ?? []).flatMap(({ resource, scopeLogs }: Loose) =>
      scopeLogs.flatMap(({ logRecords }: Loose) =>
        logRecords.map((record: Loose) => ({
          source: plain(resource.attributes),
          record,
          text: record.body.stringValue ?? plain(record.body.kvlistValue.values)["message"] ?? "",
        })),
      ),
    ),
  );
}

function spans(): Loose[] {
  return site.store.taken.flatMap((body) =>
    (body.resourceSpans ?? []).flatMap(({ scopeSpans }: Loose) =>
      scopeSpans.flatMap((scope: Loose) => scope.spans),
    ),
  );
}

function plain(attributes: Loose): Record<string, string> {
  return Object.fromEntries(
    (attributes as Loose[]).map(({ key, value }) => [key, Object.values(value)[0]]),
  );
}

const came = (text: string) => arrived().some((one) => one.text === text);
const sum = (page: string, name: string) =>
  [...page.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"))].reduce(
    (total, [, value]) => total + Number(value),
    0,
  );

describe("lines", () => {
  test("come with whose they are, how grave, and of which trace", async () => {
    const trace_id = "0af7651916cd43dd8448eb211c80319c";
    await write(GATEWAY, [
      json({ level: "error", message: "a call", user: "u", latency_ms: 3, trace_id }),
    ]);
    await until("the line", () => came("a call"));
    const [found] = arrived();
    expect(found?.source).toMatchObject({
      ...{ "k8s.namespace.name": "deepseek", "k8s.pod.name": "gateway-0" },
      ...{ "k8s.container.name": "gateway", "service.name": "gateway", "deployment.site": "here" },
    });
    expect(found?.record).toMatchObject({
      ...{ severityNumber: 17, severityText: "error", traceId: trace_id },
      timeUnixNano: "1795654923500000000",
    });
    expect(plain(found?.record.body.kvlistValue.values)).toMatchObject({
      user: "u",
      latency_ms: 3,
    });
  });

  test("leave without what was asked, without credentials, and not from pods of others", async () => {
    await write(GATEWAY, [
      json({
        ...{ message: "forbidden", prompt: "a-prompt", prompt_sealed: "a-prompt" },
        headers: { authorization: "a-credential" },
        cause: { code: "E1", message: "Bearer a-credential", stack: "a-stack", prompt: "a-prompt" },
      }),
      "plain text with sk-ds-0123456789abcdef and postgres://user:a-password@host",
      '{"cut off": "a-prompt',
    ]);
    await write("deepseek-patient_train-1_aa/train", [json({ message: "a-prompt" })]);
    await write("monitoring_collector-0_bb/collector", [json({ message: "a-prompt" })]);
    await write("monitoring_prometheus-0_cc/prometheus", [json({ message: "the last" })], "stderr");
    await until("all of them", () => came("forbidden") && came("the last"));
    const text = JSON.stringify(site.store.taken);
    // What is no record of ours is text, in which only the look of a credential can be known.
    const kept = text.replace('{\\"cut off\\": \\"a-prompt', "");
    for (const word of FORBIDDEN) expect(kept).not.toContain(word);
    expect(text).toContain("postgres****host");
    expect(JSON.stringify(arrived().find(({ text: own }) => own === "forbidden"))).toContain("E1");
  });
});

describe("spans", () => {
  test("of the gateway come through, without what is in no list", async () => {
    let lost = 0;
    const traces = createTraces({
      endpoint: `https://localhost:${site.ingest}/v1/traces`,
      ...{ sampleShare: 1, version: "1", site: "here", instance: "g", ca: () => site.ca },
      onLost: (count) => {
        lost += count;
      },
    });
    const span = traces.begin("POST /v1/chat/completions", undefined);
    span?.set({ "gen_ai.request.model": "m", "gen_ai.prompt": "a-prompt", "user.id": "u" });
    span?.end();
    await traces.close();
    await until("the span", () => spans().length > 0);
    const [found] = spans();
    expect(plain(found.attributes)).toEqual({ "gen_ai.request.model": "m", "user.id": "u" });
    expect(lost).toBe(0);
    expect(site.store.refused).toEqual([]);
  });
});

test("metrics are told over TLS 1.3 alone", async () => {
  const old = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;
  for (const part of [site.collector, site.agent]) {
    await expect(part.metrics(old)).rejects.toThrow(/protocol version/);
  }
});

test("a renewed certificate is shown without a restart", async () => {
  const renewed = await site.renew();
  const shown = async () => {
    const socket = tls.connect({ port: site.ingest, host: "localhost", ca: site.ca });
    await once(socket, "secureConnect");
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };
  await until("the new one", async () => (await shown()) === renewed);
});

describe("a store that is away", () => {
  const waves = ["before", "away", "killed", "restarted", "back"];
  const wave = (name: string) => Array.from({ length: 150 }, (_, at) => `${name} ${at}`);
  const send = (name: string) =>
    write(
      GATEWAY,
      wave(name).map((message) => json({ message })),
    );
  const missing = () => {
    const found = new Set(arrived().map(({ text }) => text));
    return waves.flatMap(wave).filter((text) => !found.has(text));
  };

  test("loses nothing, though Collector and agent are killed meanwhile", async () => {
    await send("before");
    await until("the first", () => came("before 149"));
    site.store.status = 503;
    await send("away");
    await until("they are queued", async () => {
      const page = await site.collector.metrics();
      return sum(page, "otelcol_receiver_accepted_log_records_total") > 300;
    });
    await site.collector.kill();
    // The agent reads them, and nobody takes them.
    await send("killed");
    await until("the agent has them", async () => {
      const page = await site.agent.metrics();
      return sum(page, "otelcol_receiver_accepted_log_records_total") > 450;
    });
    await site.agent.kill();
    await send("restarted");
    await Promise.all([site.agent.start(), site.collector.start()]);
    site.store.status = 200;
    await send("back");
    await until("all of them", () => missing().length === 0).catch(() => {});
    expect(missing()).toEqual([]);
    const page = await site.collector.metrics();
    expect(sum(page, "otelcol_exporter_send_failed_log_records_total")).toBe(0);
  });

  test("loses nothing of a Collector that is told to stop meanwhile, whatever it was trying to send", async () => {
    site.store.status = 503;
    const texts = Array.from({ length: 12 }, (_, at) => `told to stop ${at}`);
    const accepted = async () =>
      sum(await site.collector.metrics(), "otelcol_receiver_accepted_log_records_total");
    // Each in a request of its own, so that several wait and several are on their way.
    for (const message of texts) {
      const before = await accepted();
      await write(GATEWAY, [json({ message })]);
      await until("it is taken", async () => (await accepted()) > before);
    }
    await site.collector.stop();
    await site.collector.start();
    site.store.status = 200;
    const missing = () => texts.filter((text) => !came(text));
    await until("all of them", () => missing().length === 0).catch(() => {});
    expect(missing()).toEqual([]);
  });

  test("loses nothing of an agent that is killed whenever it may be reading", async () => {
    // It looks every 200 ms; wherever in that it is killed, nothing may be between file and disk.
    const moments = [60, 110, 160, 210, 260, 310];
    const texts = moments.flatMap((at) => Array.from({ length: 20 }, (_, n) => `at ${at} ${n}`));
    for (const at of moments) {
      const lines = texts.filter((text) => text.startsWith(`at ${at} `));
      await write(
        GATEWAY,
        lines.map((message) => json({ message })),
      );
      await sleep(at);
      await site.agent.kill();
      await site.agent.start();
    }
    const missing = () => texts.filter((text) => !came(text));
    await write(GATEWAY, [json({ message: "after all" })]);
    await until("the last one", () => came("after all"));
    await until("all of them", () => missing().length === 0).catch(() => {});
    expect(missing()).toEqual([]);
  });
});

describe("what is lost is counted", () => {
  const post = (body: object) =>
    new Promise<number>((resolve, reject) => {
      const request = https.request(
        {
          ...{ host: "127.0.0.1", port: site.ingest, servername: "localhost", ca: site.ca },
          ...{ path: "/v1/traces", method: "POST", agent: false },
          headers: { "content-type": "application/json" },
        },
        (response) => {
          response.resume();
          response.on("end", () => resolve(response.statusCode ?? 0));
        },
      );
      request.on("error", reject);
      request.end(JSON.stringify(body));
    });
  /** Of about 100 KiB. */
  const bulk = () => {
    const span = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
    const attributes = [{ key: "user.id", value: { stringValue: "u".repeat(100_000) } }];
    return { resourceSpans: [{ scopeSpans: [{ spans: [{ ...span, name: "x", attributes }] }] }] };
  };

  test("a full queue refuses its sender, and says how full it is", async () => {
    site.store.status = 503;
    const answers: number[] = [];
    for (let at = 0; at < 40 && answers.at(-1) !== 503; at += 1) answers.push(await post(bulk()));
    expect(answers.filter((status) => status === 200).length).toBeGreaterThan(5);
    expect(answers.at(-1)).toBe(503);
    await until("it is counted", async () => {
      const page = await site.collector.metrics();
      return sum(page, "otelcol_receiver_refused_spans_total") > 0;
    });
    const page = await site.collector.metrics();
    const full = /^otelcol_exporter_queue_size\{.*"otlp_http\/traces".*\} (\S+)$/m.exec(page)?.[1];
    const most = /^otelcol_exporter_queue_capacity\{.*"otlp_http\/traces".*\} (\S+)$/m.exec(
      page,
    )?.[1];
    expect(Number(full) / Number(most)).toBeGreaterThan(0.8);
    expect(sum(page, "otelcol_exporter_enqueue_failed_spans_total")).toBeGreaterThan(0);
  });

  test("a store that refuses for good loses what it refuses", async () => {
    site.store.status = 400;
    await write(GATEWAY, [json({ message: "refused" })]);
    await until("both are counted", async () => {
      const page = await site.collector.metrics();
      return ["log_records", "spans"].every(
        (what) => sum(page, `otelcol_exporter_send_failed_${what}_total`) > 0,
      );
    });
    expect(came("refused")).toBe(false);
  });

  test("an agent whom nobody has answered for long enough counts its lines", async () => {
    await site.stranded.start();
    await until("it is counted", async () => {
      const page = await site.stranded.metrics();
      return ["exporter_send_failed", "receiver_refused"].every(
        (what) => sum(page, `otelcol_${what}_log_records_total`) > 0,
      );
    });
  });

  test("under the names, types and labels of the catalogue", async () => {
    const pages = await Promise.all([site.collector, site.agent].map((part) => part.metrics()));
    expect(expositionFaults(pages.join("\n"), COLLECTOR_METRICS)).toEqual([]);
  });
});
