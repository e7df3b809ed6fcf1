/** The relay of alerts: there where a channel needs it, with the way of each alert and no other. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { relayEnvironment } from "../components/alert-relay.ts";
import { parseSettings } from "../config/parse.ts";
import { asTexts, changed, completeValues, type Values } from "../config/test-settings.ts";
import { channelSchema } from "../tools/alert-relay/channel.ts";
import { readConfig } from "../tools/alert-relay/config.ts";
import { drillAlerts } from "../tools/drill/sink-objects.ts";
import { local } from "./local.ts";
import { named, settingsOf } from "./test-objects.ts";
import { type Program, runProgram } from "./test-program.ts";

const url = (name: string) => `https://robots.example.org:8443/${name}?key=hunter2-hunter2`;
const severities = ["critical", "error"];
const CHANNELS = [
  { name: "a", kind: "wecom", severities, url: url("a"), language: "zh", mentions: ["wang"] },
  {
    name: "b",
    kind: "dingtalk",
    severities,
    url: url("b"),
    secret: "SEC-hunter2",
    mentions: ["all"],
  },
  { name: "c", kind: "feishu", severities, url: url("c"), secret: "of-hunter2" },
  { name: "d", kind: "teams", severities, url: url("d") },
  {
    ...{
      name: "e",
      kind: "sms",
      severities,
      url: url("e"),
      authorization: "Bearer hunter2-hunter2",
    },
    sms: {
      to: ["+86138"],
      fields: { to: "{to}", text: "{text}" },
      accepted: { field: "c", is: "0" },
    },
  },
  { name: "f", kind: "ticket", severities, url: url("f"), ticketForm: "servicenow" },
];
const RANGES = { ranges: ["203.0.113.0/24"], ports: [8443] };
const relayedTo = (range: string, port: number) => ({
  to: [{ ipBlock: { cidr: range } }],
  ports: [{ protocol: "TCP", port }],
});

let values: Values;
beforeAll(async () => {
  values = await completeValues();
});

const withChannels = (channels: readonly object[], more: object = {}) =>
  changed(values, "monitoring.alerts", { ...RANGES, channels, ...more });

const fileOf = (program: Program, secret: string, name: string) =>
  Buffer.from(named("Secret", secret, program).data[name], "base64").toString();

test("the relay's own program takes the file that is rendered for it", async () => {
  const program = await runProgram(local, settingsOf(withChannels(CHANNELS)));
  const folder = await mkdtemp(path.join(os.tmpdir(), "alert-relay-"));
  try {
    const channels = path.join(folder, "channels.json");
    const token = path.join(folder, "token");
    await writeFile(channels, fileOf(program, "alert-relay-channels", "channels.json"));
    await writeFile(token, "t".repeat(40));
    const files = { RELAY_CHANNELS_FILE: channels, RELAY_TOKEN_FILE: token };
    const config = readConfig({ ...relayEnvironment({ authority: undefined }), ...files });
    expect(config.channels).toMatchObject([
      { name: "a", kind: "wecom", language: "zh", mentions: ["wang"] },
      { name: "b", secret: "SEC-hunter2", mentions: ["all"] },
      { name: "c", secret: "of-hunter2" },
      { name: "d" },
      { name: "e", authorization: "Bearer hunter2-hunter2", segmentsMax: 2, encoding: "json" },
      { name: "f", shape: "servicenow" },
    ]);
    const { spec } = named("Deployment", "alert-relay", program);
    const [container] = spec.template.spec.containers;
    const given = new Set(container.env.map(({ name }: { name: string }) => name));
    expect(given).toEqual(new Set(Object.keys(relayEnvironment({ authority: undefined }))));
    expect(spec.replicas).toBe(2);
    expect(named("PodDisruptionBudget", "alert-relay", program).spec.maxUnavailable).toBe(1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("Alertmanager reaches the relay with a token from a file, and needs no way out itself", async () => {
  const program = await runProgram(local, settingsOf(withChannels(CHANNELS)));
  const text = fileOf(program, "alertmanager-configuration", "alertmanager.yml");
  expect(text).not.toContain("hunter2");
  const { receivers } = parse(text);
  const [, first] = receivers;
  expect(first.webhook_configs[0]).toMatchObject({
    url: "https://alert-relay.monitoring.svc:8443/channels/a",
    http_config: {
      authorization: { type: "Bearer", credentials_file: "/etc/alert-relay-token/token" },
      tls_config: { ca_file: "/etc/tls/ca.crt", min_version: "TLS13" },
    },
  });
  const manager = named("NetworkPolicy", "allow-alertmanager", program).spec;
  expect(JSON.stringify(manager.egress)).not.toContain("ipBlock");
  const relay = named("NetworkPolicy", "allow-alert-relay", program).spec;
  expect(relay.egress).toEqual([relayedTo("203.0.113.0/24", 8443)]);
  const ways = relay.ingress.map(({ from, ports }: { from: object; ports: { port: number }[] }) => [
    /alertmanager|prometheus/.exec(JSON.stringify(from))?.[0],
    ports[0]?.port,
  ]);
  expect(ways).toEqual([
    ["alertmanager", 8443],
    ["prometheus", 9466],
  ]);
  const scraped = named("ConfigMap", "prometheus-configuration", program).data;
  expect(scraped["prometheus.yml"]).toMatch(/job_name: alert-relay[\s\S]*?port: 9466/);
  expect(scraped["rules.yml"]).toContain("AlertRelayAway");
});

test("beside a channel that is told directly, both have a way out", async () => {
  const mail = { to: "a@x.org", from: "b@x.org", server: "mail.x.org:587" };
  const direct = { name: "m", kind: "email", severities, email: mail };
  const program = await runProgram(local, settingsOf(withChannels([...CHANNELS, direct])));
  for (const policy of ["allow-alertmanager", "allow-alert-relay"]) {
    const { egress } = named("NetworkPolicy", policy, program).spec;
    expect(egress, policy).toContainEqual(relayedTo("203.0.113.0/24", 8443));
  }
});

test("behind a foreign relay, and without channels, there is none of ours", async () => {
  const foreign = [{ name: "a", kind: "wecom", severities, relay: "foreign", url: url("a") }];
  for (const settings of [values, withChannels(foreign)]) {
    const program = await runProgram(local, settingsOf(settings));
    expect(JSON.stringify(program.resources)).not.toMatch(/alert-relay|AlertRelay/);
  }
});

test("the drill's stubs are channels behind the relay, as the settings take them", async () => {
  const authority = settingsOf(values).certificates?.ca ?? "";
  const drilled = changed(values, "monitoring.alerts", drillAlerts("10.1.2.3", authority));
  const program = await runProgram(local, settingsOf(drilled));
  const channels = JSON.parse(fileOf(program, "alert-relay-channels", "channels.json"));
  expect(channels.map((one: object) => channelSchema.parse(one).kind)).toEqual([
    ...["sms", "teams", "wecom", "dingtalk", "feishu", "ticket"],
  ]);
  expect(fileOf(program, "alert-relay-channels", "channels.pem")).toBe(authority);
  const { env } = named("Deployment", "alert-relay", program).spec.template.spec.containers[0];
  expect(env).toContainEqual({
    name: "RELAY_AUTHORITY_FILE",
    value: "/etc/alert-relay/channels.pem",
  });
});

test("without its certificate or its image it is refused by name", () => {
  const wanted = withChannels(CHANNELS);
  const without = structuredClone(wanted) as Record<string, { names: object }>;
  Reflect.deleteProperty(without["deepseek:certificates"]?.names ?? {}, "alert-relay");
  Reflect.deleteProperty(without["deepseek:images"] ?? {}, "alert-relay");
  const { faults = [] } = parseSettings(asTexts(without)) as { faults?: { path: string }[] };
  expect(faults.map((fault) => fault.path)).toEqual([
    "deepseek:certificates.names.alert-relay",
    "deepseek:images.alert-relay",
  ]);
});
