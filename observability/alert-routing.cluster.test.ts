/**
 * Alertmanager's own judge, amtool: the file is valid, and an alert of each severity reaches each channel
 * that takes it and no other.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../tools/base/process.ts";
import { ensurePackages } from "../tools/debian/packages.ts";
import { environmentFor } from "../tools/debian/root-folder.ts";
import { createAuthority } from "../tools/pki/authority.ts";
import { EMAIL_MESSAGE, PAGE_MESSAGE, SLACK_MESSAGE } from "./alert-messages.ts";
import { alertRouting, type Channel, type ChannelKind, RELAYED } from "./alert-routing.ts";

const SEVERITIES = ["critical", "error", "warning", "info"] as const;
const KINDS: readonly ChannelKind[] = ["email", "slack", "pagerduty", ...RELAYED];
const url = "https://relay.example.org/hook";
const reached = { url, routingKey: "0123456789abcdef0123456789abcdef" };
const email = { to: "a@example.org", from: "b@example.org", server: "mail.example.org:587" };

/** For each severity a channel of each kind that takes it alone. */
const EACH: readonly Channel[] = SEVERITIES.flatMap((severity) =>
  KINDS.map((kind) => ({
    ...{ name: `${kind}-${severity}`, kind, severities: [severity], quiet: true },
    ...{ ...reached, email: { ...email, user: "u", password: "secret-enough" } },
  })),
);
const NARROW: readonly Channel[] = [
  { name: "bank", kind: "feishu", severities: ["critical"], tenant: "bank", url },
  { name: "standby", kind: "sms", severities: ["critical", "error"], site: "standby", url },
];

let folder: string;
let root: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "routing-test-"));
  ({ root } = await ensurePackages(["prometheus", "prometheus-alertmanager"]));
  file = path.join(folder, "alertmanager.yml");
  const quietHours = { from: "22:00", to: "07:00", weekends: true, timeZone: "Asia/Shanghai" };
  const heartbeat = "https://watch.example.org/x";
  await writeFile(file, alertRouting({ channels: [...EACH, ...NARROW], quietHours, heartbeat }));
});

afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

async function amtool(...args: string[]): Promise<string> {
  const env = { ...environmentFor(root) };
  const { code, stdout, stderr } = await run(path.join(root, "usr/bin/amtool"), args, { env });
  expect(`${code}\n${stdout}${stderr}`).toMatch(/^0\n/);
  return stdout.trim();
}

async function told(...labels: string[]): Promise<string[]> {
  const command = ["config", "routes", "test", `--config.file=${file}`];
  return (await amtool(...command, ...labels)).split(",").sort();
}

const takers = (severity: string) => KINDS.map((kind) => `${kind}-${severity}`);

test("the file is valid, with channels and without", async () => {
  await amtool("check-config", file);
  const bare = path.join(folder, "bare.yml");
  await writeFile(bare, alertRouting({ channels: [] }));
  await amtool("check-config", bare);
  const trusting = path.join(folder, "trusting.yml");
  const authorityFile = path.join(folder, "authority.pem");
  const { certificate } = await createAuthority("A house", 1);
  await writeFile(authorityFile, certificate);
  await writeFile(trusting, alertRouting({ channels: EACH, authorityFile }));
  await amtool("check-config", trusting);
});

test.each(SEVERITIES)("%s reaches each channel that takes it, and no other", async (severity) => {
  const found = await told("alertname=X", `severity=${severity}`, "site=primary");
  expect(found).toEqual(takers(severity).sort());
});

test.each([
  ["critical", "tenant=bank", ["bank"]],
  ["critical", "tenant=house", []],
  ["error", "tenant=bank", []],
  ["critical", "site=standby", ["standby"]],
  ["error", "site=standby", ["standby"]],
  ["warning", "site=standby", []],
] as const)("%s with %s reaches who asked for it", async (severity, label, more) => {
  const found = await told("alertname=X", `severity=${severity}`, label);
  expect(found).toEqual([...takers(severity), ...more].sort());
});

test("the heartbeat reaches its address and no channel; an unknown severity nobody", async () => {
  expect(await told("alertname=Watchdog", "severity=info")).toEqual(["heartbeat"]);
  expect(await told("alertname=X", "severity=other")).toEqual(["nobody"]);
});

test("a message says what is wrong, and that it is over; links are links where there is an address", async () => {
  const alert = (status: string, runbook_url: string, summary: string) => ({
    ...{ status, labels: { alertname: "GpuHot", severity: "error", site: "primary" } },
    annotations: {
      summary,
      description: "It is hot.",
      value: "91",
      runbook_url,
      dashboard: "/d/gpu",
    },
    ...{ startsAt: "2026-01-02T03:04:05Z", endsAt: "2026-01-02T04:04:05Z" },
  });
  const rendered = async (template: string, type: "text" | "html", status: string) => {
    const runbook_url = "https://git.example.org/GpuHot.md";
    const data = {
      ...{ receiver: "r", status, externalURL: "https://alerts" },
      groupLabels: { alertname: "GpuHot" },
      commonLabels: { alertname: "GpuHot", severity: "error", site: "primary" },
      commonAnnotations: { summary: "A GPU is hot", runbook_url, dashboard: "/d/gpu" },
      alerts: [
        alert(status, runbook_url, "One <GPU> is hot"),
        alert("resolved", "docs/runbooks/GpuHot.md", "Another is hot"),
      ],
    };
    const place = path.join(folder, "data.json");
    await writeFile(place, JSON.stringify(data));
    const own = path.join(folder, "none.tmpl");
    await writeFile(own, "");
    const from = [`--template.glob=${own}`, `--template.data=${place}`, `--template.type=${type}`];
    return amtool("template", "render", ...from, `--template.text=${template}`);
  };
  const { title, text } = SLACK_MESSAGE;
  expect(await rendered(title, "text", "firing")).toBe("[FIRING:1] error GpuHot (primary)");
  expect(await rendered(title, "text", "resolved")).toBe("[RESOLVED] error GpuHot (primary)");
  const slack = await rendered(text, "text", "firing");
  expect(slack).toContain(
    "*One &lt;GPU&gt; is hot*\nIt is hot.\nValue 91, since 2026-01-02 03:04:05 UTC",
  );
  expect(slack).toContain("*Another is hot* (resolved)");
  const shown = "[FIRING:1] error GpuHot (primary): A GPU is hot";
  for (const template of [SLACK_MESSAGE.fallback, PAGE_MESSAGE.description])
    expect(await rendered(template, "text", "firing")).toBe(shown);
  expect(await rendered(EMAIL_MESSAGE.headers.Subject, "text", "firing")).toBe(shown);
  expect(await rendered(PAGE_MESSAGE.severity, "text", "firing")).toBe("error");
  expect(await rendered(SLACK_MESSAGE.title_link, "text", "firing")).toMatch(/^https:.*Hot.md$/);
  expect(await rendered(PAGE_MESSAGE.client_url, "text", "firing")).toBe("");
  const html = await rendered(EMAIL_MESSAGE.html, "html", "firing");
  expect(html).toContain("One &lt;GPU&gt; is hot");
  expect(html).toContain('<a href="https://git.example.org/GpuHot.md">Runbook</a>');
  expect(html).toContain("Runbook: docs/runbooks/GpuHot.md");
  expect(html).toContain("until 2026-01-02 04:04:05 UTC");
});
