/** The Collector and its agents in the local stack under mocks: nothing, or exactly what is said. */
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseSettings } from "../config/parse.ts";
import { asTexts, completeValues, type Values } from "../config/test-settings.ts";
import { parseConfig } from "../gateway-image/src/config.ts";
import { local } from "./local.ts";
import { environmentOf, type Loose, named, settingsOf } from "./test-objects.ts";
import { type Program, runProgram } from "./test-program.ts";

const TOKEN = "a-token-of-the-store";
const LOGS = {
  url: "https://loki.bank.internal/otlp/v1/logs",
  ...{ ranges: ["203.0.113.0/28"], tenant: "deepseek", token: TOKEN },
};
const TRACES = {
  url: "https://tempo.bank.internal:8443/v1/traces",
  ...{ ranges: ["203.0.113.16/28"], samplePercent: 25 },
};

let values: Values;
let program: Program;
let plain: Program;

function withPairs(changed: Values): Values {
  const certificates = changed["deepseek:certificates"] as Loose;
  const { prometheus } = certificates.names;
  const names = { ...certificates.names, collector: prometheus, "log-agent": prometheus };
  return { ...changed, "deepseek:certificates": { ...certificates, names } };
}

const running = (monitoring: object) =>
  runProgram(local, settingsOf(withPairs({ ...values, "deepseek:monitoring": monitoring })));

beforeAll(async () => {
  values = await completeValues();
  plain = await runProgram(local, settingsOf(values));
  program = await running({ logs: LOGS, traces: TRACES });
});

const rulesOf = (side: "ingress" | "egress", policy: Loose) => (policy.spec[side] ?? []) as Loose[];
const portsOf = (rules: readonly Loose[]) =>
  rules.flatMap(({ ports }) => ports.map(({ port }: Loose) => port));

describe("a stack that says nothing", () => {
  test("has no Collector, no agent, no namespace for one, and opens nothing", () => {
    const text = JSON.stringify(plain.resources.map(({ inputs }) => inputs));
    expect(named("DaemonSet", "log-agent", plain)).toBeUndefined();
    expect(named("StatefulSet", "collector", plain)).toBeUndefined();
    expect(text).not.toMatch(/deepseek-logs|\/var\/log\/pods|collector:4318/);
    expect(named("ConfigMap", "prometheus-configuration", plain).data["rules.yml"]).not.toMatch(
      /CollectorAway|LogAgentsAway/,
    );
  });
});

describe("the agents", () => {
  test("read one folder of their node, cannot write it, and hold no right beside", () => {
    const { spec } = named("DaemonSet", "log-agent", program).spec.template;
    const hostPaths = spec.volumes.filter(({ hostPath }: Loose) => hostPath !== undefined);
    expect(hostPaths).toMatchObject([{ hostPath: { path: "/var/log/pods", type: "Directory" } }]);
    const [container] = spec.containers;
    const mount = container.volumeMounts.find(({ name }: Loose) => name === hostPaths[0].name);
    expect(mount).toEqual({ name: "pods", mountPath: "/var/log/pods", readOnly: true });
    expect(container.securityContext).toMatchObject({
      ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
      capabilities: { drop: ["ALL"] },
    });
    expect(container.securityContext.capabilities.add).toBeUndefined();
    expect([spec.hostNetwork, spec.hostPID, spec.automountServiceAccountToken]).toEqual([
      ...[undefined, undefined, false],
    ]);
    const { labels, annotations } = named("Namespace", "deepseek-logs", program).metadata;
    expect(labels["pod-security.kubernetes.io/enforce"]).toBe("privileged");
    expect(annotations["deepseek.local/pod-security-exemption"]).toContain("log files");
  });

  test("read the site's own namespaces, not the patients', and not the Collector", () => {
    const { data } = named("ConfigMap", "log-agent-configuration", program);
    const { include, exclude } = parse(data["collector.yaml"]).receivers.file_log;
    expect(include).toEqual([
      "/var/log/pods/deepseek_*/*/*.log",
      "/var/log/pods/monitoring_*/*/*.log",
      "/var/log/pods/deepseek-gpu_*/*/*.log",
    ]);
    expect(exclude).toEqual(["/var/log/pods/monitoring_collector-*/*/*.log"]);
  });

  test("reach the Collector and nobody else", () => {
    const egress = rulesOf("egress", named("NetworkPolicy", "allow-log-agent", program));
    expect(egress).toHaveLength(1);
    expect(portsOf(egress)).toEqual([4318]);
    expect(JSON.stringify(egress)).not.toContain("ipBlock");
  });
});

describe("the Collector", () => {
  test("alone reaches the stores, each at its own addresses and port", () => {
    const egress = rulesOf("egress", named("NetworkPolicy", "allow-collector", program));
    const ways = egress.map(({ to, ports }) => [to[0].ipBlock.cidr, ports[0].port]);
    expect(ways).toEqual([
      ["203.0.113.0/28", 443],
      ["203.0.113.16/28", 8443],
    ]);
    const others = program.resources
      .map(({ inputs }) => inputs as Loose)
      .filter((one) => one.kind === "NetworkPolicy" && one.metadata.name !== "allow-collector");
    expect(JSON.stringify(others)).not.toContain("203.0.113");
  });

  test("keeps tokens in a Secret, and its queues on a volume", () => {
    const { data } = named("Secret", "collector-stores", program);
    expect(Buffer.from(data["logs.token"], "base64").toString()).toBe(TOKEN);
    const rest = program.resources.filter(({ inputs }) => (inputs as Loose).kind !== "Secret");
    expect(JSON.stringify(rest.map(({ inputs }) => inputs))).not.toContain(TOKEN);
    const { spec } = named("StatefulSet", "collector", program);
    expect(spec.replicas).toBe(2);
    expect(spec.volumeClaimTemplates[0].spec.resources.requests.storage).toBe("10Gi");
    const text = named("ConfigMap", "collector-configuration", program).data["collector.yaml"];
    const { exporters } = parse(text);
    expect(exporters["otlp_http/logs"]).toMatchObject({
      logs_endpoint: LOGS.url,
      headers: { "X-Scope-OrgID": "deepseek" },
      // Half of 10 GiB.
      sending_queue: { storage: "file_storage/logs", queue_size: 5 * 1_024 ** 3 },
    });
  });

  test("is watched as its certificate is called, and its alerts are there", () => {
    const { data } = named("ConfigMap", "prometheus-configuration", program);
    const jobs = parse(data["prometheus.yml"]).scrape_configs as Loose[];
    expect(jobs.filter(({ job_name }) => /collector|log-agent/.test(job_name))).toMatchObject([
      { job_name: "collector", tls_config: { server_name: "collector.monitoring.svc" } },
      { job_name: "log-agent", tls_config: { server_name: "log-agent-metrics.deepseek-logs.svc" } },
    ]);
    expect(data["rules.yml"]).toMatch(/CollectorAway[\s\S]*LogAgentLosesLines/);
  });

  test("is where gateways send spans to, which accept it", () => {
    const result = parseConfig(environmentOf(named("StatefulSet", "gateway", program)));
    expect("config" in result && result.config).toMatchObject({
      GW_OTLP_ENDPOINT: "https://collector.monitoring.svc:4318/v1/traces",
      GW_TRACE_SAMPLE_PERCENT: 25,
    });
    const egress = rulesOf("egress", named("NetworkPolicy", "allow-gateway", program));
    expect(portsOf(egress)).toContain(4318);
  });

  test("for traces alone needs no agent and no namespace of one", async () => {
    const traced = await running({ traces: TRACES });
    expect(named("StatefulSet", "collector", traced)).toBeDefined();
    expect(named("DaemonSet", "log-agent", traced)).toBeUndefined();
    expect(named("Namespace", "deepseek-logs", traced)).toBeUndefined();
  });
});

test.each([
  ["two ways of traces", { traces: TRACES }, "deepseek:outside.traces"],
  ["no certificate", { logs: LOGS }, "deepseek:certificates.names.collector"],
  ["plain HTTP", { logs: { ...LOGS, url: "http://loki/" } }, "deepseek:monitoring.logs.url"],
  ["nowhere", { logs: { url: LOGS.url } }, "deepseek:monitoring.logs.ranges"],
])("%s is refused", (_, monitoring, where) => {
  const outside = { ranges: ["203.0.113.0/24"], traces: { url: "https://c.example/v1/traces" } };
  const wrong = { ...values, "deepseek:monitoring": monitoring, "deepseek:outside": outside };
  const result = parseSettings(asTexts(wrong));
  const faults = "faults" in result ? result.faults : [];
  expect(faults.map(({ path }) => path)).toContain(where);
});
