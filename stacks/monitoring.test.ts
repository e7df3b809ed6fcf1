/** Monitoring beside the usual: samples that are written elsewhere. */
import { beforeAll, expect, test } from "vitest";
import { parseSettings } from "../config/parse.ts";
import {
  asTexts,
  changed,
  committedValues,
  completeValues,
  type Values,
} from "../config/test-settings.ts";
import { local } from "./local.ts";
import { monitoringFaults } from "./monitoring-arguments.ts";
import { onprem } from "./onprem.ts";
import { named, settingsOf } from "./test-objects.ts";
import { type Program, runProgram } from "./test-program.ts";

const TOKEN = "a-token-of-the-house";
const REMOTE = {
  url: "https://metrics.bank.example:8443/api/v1/write",
  ranges: ["10.0.7.0/24"],
  authentication: { kind: "bearer", token: TOKEN },
};

const STACKS = [
  ...["local", "dev", "staging", "prod", "onprem-bank", "onprem-bank-standby"],
  ...[
    "onprem-hospital",
    "onprem-hospital-b",
    "hybrid",
    "hybrid-standby",
    "container",
    "bare-metal",
  ],
];

let values: Values;
beforeAll(async () => {
  values = await completeValues();
});

function textOf(kind: string, { resources }: Program): string {
  return JSON.stringify(resources.filter(({ type }) => type.endsWith(`:${kind}`)));
}

test("samples are written elsewhere with a token from a file, over a flow of its own", async () => {
  const monitored = changed(values, "monitoring.remoteWrite", REMOTE);
  const program = await runProgram(local, settingsOf(monitored));
  const { data } = named("Secret", "prometheus-remote-write", program);
  expect(Buffer.from(data.token, "base64").toString()).toBe(TOKEN);
  expect(textOf("ConfigMap", program)).not.toContain(TOKEN);
  const { spec } = named("StatefulSet", "prometheus", program);
  expect(spec.template.spec.volumes).toContainEqual(
    expect.objectContaining({
      secret: expect.objectContaining({ secretName: "prometheus-remote-write" }),
    }),
  );
  const { egress } = named("NetworkPolicy", "allow-prometheus", program).spec;
  expect(egress).toContainEqual({
    to: [{ ipBlock: { cidr: "10.0.7.0/24" } }],
    ports: [{ protocol: "TCP", port: 8443 }],
  });
});

test("without it there is neither file, flow nor section", async () => {
  const program = await runProgram(local, settingsOf(values));
  expect(named("Secret", "prometheus-remote-write", program)).toBeUndefined();
  const { data } = named("ConfigMap", "prometheus-configuration", program);
  expect(data["prometheus.yml"]).not.toContain("remote_write");
  expect(JSON.stringify(named("NetworkPolicy", "allow-prometheus", program))).not.toContain(
    "ipBlock",
  );
});

test.each([
  ["nobody's samples", { ...REMOTE, authentication: undefined }, "authentication"],
  ["an address in clear", { ...REMOTE, url: "http://metrics.bank.example" }, "url"],
  ["no addresses", { ...REMOTE, ranges: [] }, "ranges"],
  ["an expression for a name", { ...REMOTE, metrics: ["api|.*"] }, "metrics[0]"],
])("%s are refused", (_, remoteWrite, path) => {
  const wrong = asTexts(changed(values, "monitoring.remoteWrite", remoteWrite));
  const { faults = [] } = parseSettings(wrong) as { faults?: { path: string }[] };
  expect(faults.map((fault) => fault.path)).toContain(`deepseek:monitoring.remoteWrite.${path}`);
  expect(JSON.stringify(faults)).not.toContain(TOKEN);
});

test("the archivers beside gateways are scraped, and nobody else reaches them", async () => {
  const program = await runProgram(onprem, settingsOf(committedValues("onprem-bank")));
  const { data } = named("ConfigMap", "prometheus-configuration", program);
  expect(data["prometheus.yml"]).toMatch(/job_name: audit-archive[\s\S]*?port: 9465/);
  expect(data["rules.yml"]).toContain("AuditArchiveLate");
  const { ingress } = named("NetworkPolicy", "allow-gateway", program).spec;
  const open = ingress.filter(({ ports }: { ports: { port: number }[] }) =>
    ports.some(({ port }) => port === 9465),
  );
  expect(open).toHaveLength(1);
  expect(JSON.stringify(open[0].from)).toContain("prometheus");
});

test("instances under an operator are scraped one by one, and their lag and backups are judged", async () => {
  const program = await runProgram(onprem, settingsOf(await committedValues("onprem-bank")));
  const { spec } = named("Service", "postgres-metrics", program);
  expect(spec).toMatchObject({
    ...{ clusterIP: "None", publishNotReadyAddresses: true },
    selector: { "cnpg.io/cluster": "postgres", "cnpg.io/podRole": "instance" },
  });
  const { data } = named("ConfigMap", "prometheus-configuration", program);
  const [, job = ""] = data["prometheus.yml"].split("job_name: cloudnative-pg\n");
  const [own = ""] = job.split("job_name:");
  expect(own).toContain("postgres-metrics.deepseek.svc");
  expect(own).toMatch(/server_name: postgres\.deepseek\.svc/);
  expect(own).toMatch(/source_labels:\s+- __address__\s+target_label: pod/);
  for (const alert of ["PostgresReplicaLate", "BackupOld"]) {
    expect(data["rules.yml"]).toContain(`alert: ${alert}\n`);
  }
  const { ingress } = named("NetworkPolicy", "allow-postgres", program).spec;
  expect(JSON.stringify(ingress)).toMatch(/"monitoring".*"port":9187/);
});

test("every stack's Prometheus has room for twice as many gateways: more of them is one setting", async () => {
  for (const stack of STACKS) {
    const committed = stack === "local" ? values : committedValues(stack);
    const { gateway } = settingsOf(committed);
    const more = settingsOf(changed(committed, "gateway.replicas", 2 * gateway.replicas));
    expect(monitoringFaults(more), stack).toEqual([]);
  }
});
