/** What leaves the site through the local stack under mocks: nothing, or exactly what is said. */
import { beforeAll, describe, expect, test } from "vitest";
import { parseSettings } from "../config/parse.ts";
import { asTexts, completeValues, type Values } from "../config/test-settings.ts";
import { parseConfig } from "../gateway-image/src/config.ts";
import { local } from "./local.ts";
import { environmentOf, type Loose, named, settingsOf } from "./test-objects.ts";
import { type Program, runProgram } from "./test-program.ts";

const OUTSIDE = {
  ranges: ["203.0.113.0/24"],
  ports: [443, 4318],
  providerKeys: { openai: "sk-of-the-provider" },
  webhookHosts: ["hooks.bank.internal"],
  traces: { url: "https://collector.bank.internal:4318/v1/traces", samplePercent: 25 },
  quotaWarnings: { url: "https://hooks.bank.internal/quota", secret: "a-secret-of-both" },
};

const ALERTS = {
  ranges: ["198.51.100.7/32"],
  ports: [8443],
  heartbeat: "https://watch.example.org/ping",
  runbooks: "https://docs.example.org/runbooks",
  channels: [
    {
      ...{ name: "phones", kind: "sms", severities: ["critical"] },
      ...{ url: "https://relay.example.org/sms", relay: "foreign" },
    },
  ],
};

let values: Values;
let program: Program;
const SAID = { "deepseek:outside": OUTSIDE, "deepseek:monitoring": { alerts: ALERTS } };
beforeAll(async () => {
  values = await completeValues();
  program = await runProgram(local, settingsOf({ ...values, ...SAID }));
});

function egressRanges(of: Program): string[] {
  const { spec } = named("NetworkPolicy", "allow-gateway", of);
  const peers = (spec.egress as Loose[]).flatMap((rule) => rule.to as Loose[]);
  return peers.flatMap((peer) => (peer.ipBlock === undefined ? [] : [peer.ipBlock.cidr]));
}

describe("a stack that says nothing", () => {
  test("lets nothing leave, and tells the gateway of nobody outside", async () => {
    const plain = await runProgram(local, settingsOf(values));
    expect(egressRanges(plain)).toEqual([]);
    const told = environmentOf(named("StatefulSet", "gateway", plain));
    const outside = /PROVIDER|WEBHOOK|OTLP|WARNING|TRACE/;
    expect(Object.keys(told).filter((name) => outside.test(name))).toEqual([]);
  });
});

describe("what is said", () => {
  test("reaches the gateway, which accepts it", () => {
    const result = parseConfig(environmentOf(named("StatefulSet", "gateway", program)));
    expect("config" in result && result.config).toMatchObject({
      GW_PROVIDERS_FOLDER: "/etc/gateway/providers",
      GW_PROVIDER_MODELS: "on",
      GW_WEBHOOK_HOSTS: ["hooks.bank.internal"],
      GW_OTLP_ENDPOINT: OUTSIDE.traces.url,
      GW_TRACE_SAMPLE_PERCENT: 25,
      GW_WARNING_URL: OUTSIDE.quotaWarnings.url,
      GW_WARNING_SECRET_FILE: "/etc/gateway/quota-warnings/secret",
    });
  });

  test("opens those addresses and ports to the gateway, and to nobody else", () => {
    expect(egressRanges(program)).toEqual(OUTSIDE.ranges);
    const rules = named("NetworkPolicy", "allow-gateway", program).spec.egress as Loose[];
    const rule = rules.find((one) => one.to[0].ipBlock !== undefined);
    expect(rule.ports.map(({ port }: Loose) => port)).toEqual(OUTSIDE.ports);
    for (const name of ["allow-redis", "allow-postgres", "allow-model"]) {
      const egress = (named("NetworkPolicy", name, program)?.spec.egress ?? []) as Loose[];
      expect(JSON.stringify(egress)).not.toContain("203.0.113");
    }
  });

  test("keeps its secrets in Secrets", () => {
    const { data } = named("Secret", "gateway-providers", program);
    expect(Buffer.from(data.openai, "base64").toString()).toBe("sk-of-the-provider");
    const others = program.resources.filter(({ inputs }) => (inputs as Loose).kind !== "Secret");
    const text = JSON.stringify(others.map(({ inputs }) => inputs));
    expect(text).not.toContain("sk-of-the-provider");
    expect(text).not.toContain("a-secret-of-both");
  });
});

describe("a configuration", () => {
  const faults = (outside: object) => {
    const result = parseSettings(asTexts({ ...values, "deepseek:outside": outside }));
    return "faults" in result ? result.faults : [];
  };

  test("that names what cannot be reached is refused", () => {
    const { ranges: _ranges, ...unreachable } = OUTSIDE;
    expect(faults(unreachable)).toMatchObject([{ path: "deepseek:outside.ranges" }]);
    expect(
      faults({ ranges: ["0.0.0.0/0"], traces: { url: "http://plain.example/" } }),
    ).toMatchObject([{ path: "deepseek:outside.traces.url" }]);
  });

  test("never shows a key in a fault", () => {
    const found = faults({ ranges: ["0.0.0.0/0"], providerKeys: { openai: "sk with spaces" } });
    expect(found).toHaveLength(1);
    expect(JSON.stringify(found)).not.toContain("sk with spaces");
  });
});

describe("alerts", () => {
  test("reach the channels that are said, at those addresses, and nobody where none is", async () => {
    const routing = (of: Program) => {
      const { data } = named("Secret", "alertmanager-configuration", of);
      return Buffer.from(String(data["alertmanager.yml"]), "base64").toString("utf8");
    };
    expect(routing(program)).toContain("https://relay.example.org/sms");
    expect(routing(program)).toContain("https://watch.example.org/ping");
    const { spec } = named("NetworkPolicy", "allow-alertmanager", program);
    const out = (spec.egress as Loose[]).filter((rule) => rule.to[0].ipBlock !== undefined);
    expect(out).toMatchObject([{ to: [{ ipBlock: { cidr: "198.51.100.7/32" } }] }]);
    expect(out[0]?.ports).toMatchObject([{ port: 8443 }]);
    const plain = await runProgram(local, settingsOf(values));
    expect(routing(plain)).not.toContain("https://");
    const { spec: closed } = named("NetworkPolicy", "allow-alertmanager", plain);
    expect((closed.egress as Loose[] | undefined) ?? []).toEqual([]);
  });

  test("say which site they are of, and where to read on", () => {
    const { data } = named("ConfigMap", "prometheus-configuration", program);
    expect(data["prometheus.yml"]).toMatch(/external_labels:\n\s+site: \w+/);
    expect(data["rules.yml"]).toContain("https://docs.example.org/runbooks/GatewayAway.md");
  });
});
