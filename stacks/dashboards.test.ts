/** Dashboards of a stack whose site has a Grafana, and of one whose site has none. */
import { beforeAll, expect, test } from "vitest";
import { parseSettings } from "../config/parse.ts";
import { asTexts, completeValues, type Values } from "../config/test-settings.ts";
import { local } from "./local.ts";
import { type Loose, named, settingsOf } from "./test-objects.ts";
import { type Program, runProgram } from "./test-program.ts";

let values: Values;
beforeAll(async () => {
  values = await completeValues();
});

function withGrafana(grafana: object): Promise<Program> {
  return runProgram(
    local,
    settingsOf({
      ...values,
      "deepseek:monitoring": { grafana, alerts: { dashboards: "https://grafana.bank.internal" } },
    }),
  );
}

function dashboardsOf({ resources }: Program): Loose[] {
  return resources
    .filter(({ type }) => type === "kubernetes:core/v1:ConfigMap")
    .map(({ inputs }) => inputs as Loose)
    .filter(({ metadata }) => String(metadata.name).startsWith("dashboard-"));
}

test("with a Grafana there is a ConfigMap for each dashboard and language, and alerts link to it", async () => {
  const program = await withGrafana({
    languages: ["zh", "en"],
    labels: { "bank.internal/dashboards": "deepseek" },
  });
  const found = dashboardsOf(program);
  expect(found).toHaveLength(18);
  for (const { metadata, data } of found) {
    expect(metadata).toMatchObject({
      namespace: "monitoring",
      labels: { "bank.internal/dashboards": "deepseek" },
    });
    const [content = ""] = Object.values(data as Record<string, string>);
    expect(`dashboard-${JSON.parse(content).uid}`).toBe(metadata.name);
  }
  const titles = found.map(({ data }) => JSON.parse(String(Object.values(data)[0])).title);
  expect(titles[0]).toBe("值班总览");
  const rules = named("ConfigMap", "prometheus-configuration", program).data["rules.yml"];
  expect(rules).toContain("https://grafana.bank.internal/d/overview");
});

test("without one there is none, and alerts name the path alone", async () => {
  const program = await runProgram(local, settingsOf(values));
  expect(dashboardsOf(program)).toEqual([]);
  expect(named("ConfigMap", "prometheus-configuration", program).data["rules.yml"]).toContain(
    "dashboard: /d/overview",
  );
});

test("a language that is named twice is refused", () => {
  const wrong = { ...values, "deepseek:monitoring": { grafana: { languages: ["en", "en"] } } };
  const { faults } = parseSettings(asTexts(wrong)) as { faults: readonly object[] };
  expect(faults).toMatchObject([
    { path: "deepseek:monitoring.grafana.languages", right: "en, zh, or both, each once" },
  ]);
});
