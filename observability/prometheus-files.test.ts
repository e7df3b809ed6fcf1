/** Rules speak of metrics that somebody makes, in words the neighbours use. */
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { BOARDS } from "./dashboards/dashboards.ts";
import { JOBS, OTHER_JOBS } from "./jobs.ts";
import {
  prometheusConfiguration,
  prometheusRuleObject,
  prometheusRules,
  webConfiguration,
} from "./prometheus-files.ts";
import { type RemoteWrite, remoteWriteFiles } from "./remote-write.ts";
import { ALERTS as alerts, RULE_GROUPS } from "./rules.ts";

const rules = RULE_GROUPS.flatMap((group) => group.rules);

const SETTINGS = {
  ...{ scrapeSeconds: 15, site: "primary", tlsFolder: "/tls", rulesFolder: "/etc/prometheus" },
  jobs: [{ job: "gateway", service: "metrics.d.svc", port: 9464, serverName: "gateway.d.svc" }],
  alertmanager: "alertmanager.m.svc:9093",
  self: "prometheus.m.svc",
};

describe("alerts", () => {
  test("come in four severities, each with what happened and what it means", () => {
    expect(new Set(alerts.map((alert) => alert.severity))).toEqual(
      new Set(["critical", "error", "warning", "info"]),
    );
    for (const { alert, summary, description } of alerts) {
      expect(alert).toMatch(/^[A-Z][A-Za-z0-9]+$/);
      expect(summary.length, alert).toBeGreaterThan(10);
      expect(description.length, alert).toBeGreaterThan(20);
    }
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  });

  test("hold the two that others rely on", () => {
    const high = alerts.find(({ alert }) => alert === "APIHighErrorRate");
    expect(high).toMatchObject({ for: "5m", severity: "critical" });
    expect(high?.expr).toContain("> 0.05");
    expect(alerts.find(({ alert }) => alert === "Watchdog")?.expr).toBe("vector(1)");
  });
});

describe("files", () => {
  test("speak TLS 1.3 only, and verify whom they scrape", () => {
    const text = prometheusConfiguration(SETTINGS);
    const { scrape_configs, alerting } = parse(text);
    for (const job of [...scrape_configs, ...alerting.alertmanagers]) {
      expect(job.scheme).toBe("https");
      expect(job.tls_config).toMatchObject({ ca_file: "/tls/ca.crt", min_version: "TLS13" });
      expect(job.tls_config.server_name).toMatch(/\.svc$/);
      expect(job.tls_config).not.toHaveProperty("insecure_skip_verify");
    }
    expect(parse(webConfiguration("/tls")).tls_server_config.min_version).toBe("TLS13");
  });

  test("write elsewhere only what was named, as whom it was said, and keep secrets in files", () => {
    for (const { authentication, files, shown } of AUTHENTICATIONS) {
      const to = remote(authentication);
      const text = prometheusConfiguration({
        ...SETTINGS,
        remoteWrite: { to, filesFolder: "/remote" },
      });
      const [written] = parse(text).remote_write;
      expect(written).toMatchObject({
        url: "https://metrics.example.org/api/v1/write",
        follow_redirects: false,
        ...shown,
      });
      expect(written.tls_config).toMatchObject({ ca_file: "/remote/ca.crt", min_version: "TLS12" });
      const [relabel] = written.write_relabel_configs;
      const kept = (name: string) => new RegExp(`^(?:${relabel.regex})$`).test(name);
      expect(relabel).toMatchObject({ action: "keep", source_labels: ["__name__"] });
      expect(["up", "api:requests:rate5m", "ALERTS"].map(kept)).toEqual([true, true, true]);
      // What carries callers' names, and what only begins like something that was named.
      expect(["api_requests_total", "upper", "xapi:y", "ALERTS_FOR_STATE"].some(kept)).toBe(false);
      expect(remoteWriteFiles(to)).toEqual({ "ca.crt": "CA", ...files });
      for (const secret of Object.values(files)) expect(text).not.toContain(secret);
    }
    expect(parse(prometheusConfiguration(SETTINGS))).not.toHaveProperty("remote_write");
  });

  test("name dashboards that are there", () => {
    const boards = BOARDS.map(({ name }) => name);
    expect(alerts.filter(({ dashboard }) => !boards.includes(dashboard))).toEqual([]);
  });

  test("have every alert", () => {
    const { groups } = parse(
      prometheusRules([...Object.values(JOBS), ...Object.values(OTHER_JOBS)]),
    );
    const rendered = groups.flatMap((group: { rules: object[] }) => group.rules);
    expect(rendered).toHaveLength(rules.length);
  });

  test("say of every alert who mends it, and where to read on", () => {
    const links = { runbooks: "https://docs.example.org/runbooks", dashboards: "https://g" };
    const { spec } = prometheusRuleObject({ name: "r", namespace: "m", labels: {} }, [], links) as {
      readonly spec: { readonly groups: readonly { readonly rules: readonly RenderedRule[] }[] };
    };
    const rendered = spec.groups.flatMap(({ rules: own }) => own).filter(({ alert }) => alert);
    expect(rendered.length).toBeGreaterThan(30);
    for (const { alert, labels, annotations } of rendered) {
      expect(Object.keys(labels)).toEqual(["severity", "subject", "owner"]);
      expect(annotations).toMatchObject({
        value: expect.stringMatching(/^\{\{ \$value[ |a-z0-9A-Z]*\}\}(B| %)?$/),
        runbook_url: `https://docs.example.org/runbooks/${alert}.md`,
        dashboard: expect.stringMatching(/^https:\/\/g\/d\/[a-z]+$/),
      });
    }
    const shown = (name: string) => rendered.find(({ alert }) => alert === name)?.annotations.value;
    expect(shown("APIHighErrorRate")).toBe("{{ $value | humanizePercentage }}");
    expect(shown("GatewayMemoryGrows")).toBe("{{ $value | humanize1024 }}B");
    expect(shown("GatewayAway")).toBe("{{ $value }}");
    const local = prometheusRules([]);
    expect(local).toContain("runbook_url: docs/runbooks/GatewayAway.md");
  });

  test("rules about what is not scraped are left out", () => {
    const few = prometheusRules([JOBS.gateway, JOBS.edge]);
    expect(few).toContain("GatewayAway");
    for (const gone of ["RedisAway", "PostgresAway", "ModelServersAway", "RedisMemoryNearlyFull"]) {
      expect(few).not.toContain(gone);
    }
  });
});

const remote = (authentication: RemoteWrite["authentication"]): RemoteWrite => ({
  ...{ name: "central", url: "https://metrics.example.org/api/v1/write", authority: "CA" },
  ...{ metrics: ["api:*", "up", "ALERTS"], shardsMax: 4, authentication },
});

const AUTHENTICATIONS = [
  {
    authentication: { kind: "bearer", token: "very-secret" },
    files: { token: "very-secret" },
    shown: { authorization: { type: "Bearer", credentials_file: "/remote/token" } },
  },
  {
    authentication: { kind: "basic", user: "site", password: "very-secret" },
    files: { password: "very-secret" },
    shown: { basic_auth: { username: "site", password_file: "/remote/password" } },
  },
  {
    authentication: { kind: "certificate", certificate: "LEAF", key: "very-secret" },
    files: { "tls.crt": "LEAF", "tls.key": "very-secret" },
    shown: { tls_config: { cert_file: "/remote/tls.crt", key_file: "/remote/tls.key" } },
  },
] as const;

interface RenderedRule {
  readonly alert?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
