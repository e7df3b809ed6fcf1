/** A Grafana of the stack's own: restricted, walled in, and with no secret in clear. */
import { beforeAll, expect, test } from "vitest";
import { parseSettings } from "../config/parse.ts";
import { asTexts, changed, committedValues, completeValues } from "../config/test-settings.ts";
import { onprem } from "./onprem.ts";
import { named, settingsOf } from "./test-objects.ts";
import { type Program, runProgram } from "./test-program.ts";

const SECRET = "what-only-the-provider-knows";
const OWN = {
  ...{ url: "https://grafana.bank.example", callerRanges: ["10.1.0.0/16"] },
  oidc: {
    ...{ clientId: "grafana", clientSecret: SECRET, ranges: ["10.0.9.0/28"] },
    authorizationUrl: "https://id.bank.example/authorize",
    tokenUrl: "https://id.bank.example:8443/token",
    userInfoUrl: "https://id.bank.example:8443/me",
  },
};
const values = changed(committedValues("onprem-bank"), "monitoring.grafana", {
  languages: ["zh"],
  deployment: OWN,
});

let program: Program;
beforeAll(async () => {
  program = await runProgram(onprem, settingsOf(values));
});

test("its pod is restricted, writes to nothing that stays, and mounts every dashboard", () => {
  const { template, replicas } = named("Deployment", "grafana", program).spec;
  expect(replicas).toBe(1);
  const [container] = template.spec.containers;
  expect(container.securityContext).toMatchObject({
    ...{ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
    capabilities: { drop: ["ALL"] },
  });
  expect(template.spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 472 });
  expect(template.spec.automountServiceAccountToken).toBe(false);
  const mounts = container.volumeMounts.filter(({ mountPath }: { mountPath: string }) =>
    mountPath.startsWith("/etc/grafana-dashboards/"),
  );
  const shown = program.resources.filter(
    ({ type, name }) => type.endsWith(":ConfigMap") && name.startsWith("dashboards-"),
  );
  expect(shown.length).toBeGreaterThan(5);
  expect(mounts).toHaveLength(shown.length);
  expect(container.image).toMatch(/\/grafana\/grafana:/);
});

test("no secret of it stands in clear", () => {
  const maps = program.resources.filter(({ type }) => type.endsWith(":ConfigMap"));
  expect(JSON.stringify(maps)).not.toContain(SECRET);
  const { data } = named("Secret", "grafana-secrets", program);
  expect(Object.keys(data).sort()).toEqual(["client-secret", "secret-key"]);
  expect(Buffer.from(data["client-secret"], "base64").toString()).toBe(SECRET);
  expect(JSON.stringify(named("Deployment", "grafana", program))).not.toContain(SECRET);
});

test("only those who were named reach it, and it reaches Prometheus and the provider", () => {
  const { ingress, egress } = named("NetworkPolicy", "allow-grafana", program).spec;
  expect(ingress).toEqual([
    {
      from: [{ ipBlock: { cidr: "10.1.0.0/16" } }],
      ports: [{ protocol: "TCP", port: 3000 }],
    },
  ]);
  const ports = egress.flatMap(({ ports: open }: { ports: { port: number }[] }) =>
    open.map(({ port }) => port),
  );
  expect(ports.sort()).toEqual([8443, 9090]);
});

test("its certificate carries the name that people call it by", () => {
  const { dnsNames } = named("Certificate", "tls-grafana", program).spec;
  expect(dnsNames).toEqual(["grafana.bank.example", "grafana.monitoring.svc"]);
});

test("where certificates are given, its own is asked for", async () => {
  const given = changed(await completeValues(), "monitoring.grafana", { deployment: OWN });
  const { faults = [] } = parseSettings(asTexts(given)) as { faults?: { path: string }[] };
  expect(faults.map(({ path }) => path)).toEqual(["deepseek:certificates.names.grafana"]);
});
