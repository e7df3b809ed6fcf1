/** What is asked of alerts, by a real Prometheus and a real Alertmanager with one channel. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { Agent } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensurePackages } from "../../debian/packages.ts";
import { environmentFor } from "../../debian/root-folder.ts";
import { PrometheusClient } from "../../prometheus/client.ts";
import { freePort } from "../../servers/supervised.ts";
import { alertProofs } from "./alert-proof.ts";

const dispatcher = new Agent();
const RULES = ["Watchdog", "Quiet", "job:up:sum"];
let folder: string;
let url: string;
let children: ChildProcess[] = [];
let channel: http.Server;
/** What the channel answers; 4xx is not tried again. */
let status = 200;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "alerts-test-"));
  const { root } = await ensurePackages(["prometheus", "prometheus-alertmanager"]);
  channel = http.createServer((_request, response) => response.writeHead(status).end());
  await new Promise<void>((resolve) => channel.listen(0, "127.0.0.1", resolve));
  const hook = `http://127.0.0.1:${(channel.address() as AddressInfo).port}/`;
  const [own, manager] = [await freePort(), await freePort()];
  const file = async (name: string, document: object) => {
    await writeFile(path.join(folder, name), JSON.stringify(document));
    return path.join(folder, name);
  };
  const managerFile = await file("alertmanager.yml", {
    route: {
      ...{ receiver: "hook", group_by: ["alertname"] },
      ...{ group_wait: "1s", group_interval: "1s", repeat_interval: "1s" },
    },
    receivers: [{ name: "hook", webhook_configs: [{ url: hook }] }],
  });
  const rules = [
    { alert: "Watchdog", expr: "vector(1)" },
    { alert: "Quiet", expr: "vector(1) > 2" },
    { record: "job:up:sum", expr: "sum by (job) (up)" },
  ];
  const targets = [{ targets: [`127.0.0.1:${manager}`] }];
  const ownFile = await file("prometheus.yml", {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [await file("rules.yml", { groups: [{ name: "all", rules }] })],
    scrape_configs: [{ job_name: "alertmanager", static_configs: targets }],
    alerting: { alertmanagers: [{ static_configs: targets }] },
  });
  const start = (program: string, args: readonly string[]) => {
    // Debian's Alertmanager looks for its templates under /usr/share: the package's, privately.
    const mount = `mount --bind "${root}/usr/share" /usr/share && exec "$0" "$@"`;
    const command = [path.join(root, "usr/bin", program), ...args];
    const inside = ["--mount", "sh", "-c", mount, ...command];
    return spawn("unshare", inside, { env: { ...environmentFor(root) }, stdio: "ignore" });
  };
  children = [
    start("prometheus-alertmanager", [
      ...[`--config.file=${managerFile}`, `--storage.path=${folder}/alertmanager`],
      ...[`--web.listen-address=127.0.0.1:${manager}`, "--cluster.listen-address="],
    ]),
    start("prometheus", [
      ...[`--config.file=${ownFile}`, `--storage.tsdb.path=${folder}/prometheus`],
      ...[`--web.listen-address=127.0.0.1:${own}`, "--rules.alert.resend-delay=1s"],
    ]),
  ];
  url = `http://127.0.0.1:${own}`;
});

afterAll(async () => {
  for (const child of children) child.kill();
  channel?.close();
  await dispatcher.destroy();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

const asked = (rendered: readonly string[] | null = RULES) =>
  alertProofs({
    prometheus: new PrometheusClient({ url, dispatcher }),
    without: "",
    rendered,
    now: new Date(),
  });

test("before anybody answers nothing is judged", async () => {
  const nobody = new PrometheusClient({ url: "http://127.0.0.1:1", dispatcher });
  const question = { without: "", rendered: RULES, now: new Date() };
  for (const shown of await alertProofs({ ...question, prometheus: nobody })) {
    expect([shown.result, shown.raw]).toEqual(["notEvaluated", null]);
    expect(shown.findings[0]).toContain("ECONNREFUSED");
  }
  const none = await alertProofs({ ...question, without: "no way", prometheus: null });
  expect(none.map(({ findings }) => findings)).toEqual([["no way"], ["no way"]]);
});

test("rules that are loaded as rendered, and alerts that arrived, pass", async () => {
  await expect
    .poll(async () => (await asked()).map(({ result }) => result), { timeout: 30_000 })
    .toEqual(["pass", "pass"]);
  const [rules, delivery] = await asked();
  expect(rules?.figures).toEqual({ "rules loaded": 3, "rules rendered": 3, alerts: 2 });
  expect(delivery?.figures["told, webhook"]).toBeGreaterThan(0);
  expect(delivery?.figures).not.toHaveProperty("failed, webhook");
});

test("a rule that is missing, or that nobody rendered, fails", async () => {
  const [more] = await asked([...RULES, "GatewayDown"]);
  expect(more?.findings).toEqual(["GatewayDown is rendered and not loaded"]);
  const [less] = await asked(["Watchdog", "Quiet"]);
  expect([less?.result, less?.findings]).toEqual([
    "fail",
    ["job:up:sum is loaded and not rendered"],
  ]);
  expect((await asked(null))[0]?.result).toBe("notEvaluated");
});

test("a channel that refuses what it is told fails", async () => {
  status = 400;
  const found = async () => (await asked())[1]?.findings.join("; ");
  await expect
    .poll(found, { timeout: 30_000 })
    .toMatch(/^webhook failed \d+ times within an hour$/);
});
