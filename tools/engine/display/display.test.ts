import { describe, expect, test, vi } from "vitest";
import type { EngineEvent } from "../events.ts";
import { UNKNOWN } from "../values.ts";
import { changeLines, valueAt, valueText } from "./changes.ts";
import { createDisplay, liveLines, silentDisplay } from "./display.ts";
import { previewEvents, runningEvents, stepOf, steps } from "./fixtures/sample-operation.ts";
import { jsonResult } from "./json.ts";
import { applyEvent, createModel, type Model, type Phase } from "./model.ts";
import { endLines, eventLines, waitingLines } from "./plain.ts";
import { renderSections } from "./sections.ts";
import { cutText, type Line, lineWidth, paintLine, printable, span, wrapText } from "./style.ts";
import { renderTree } from "./tree.ts";

function modelOf(phase: Phase, events: readonly EngineEvent[]): Model {
  const model = createModel(phase, 0);
  for (const event of events) applyEvent(model, event, 1000);
  return model;
}

function texts(lines: readonly Line[], columns = Number.POSITIVE_INFINITY): string[] {
  return lines.map((line) => paintLine(line, { color: false, columns }));
}

describe("a preview", () => {
  const model = modelOf("preview", previewEvents(true));

  test("is a tree of what changes, with signs, paths and values", () => {
    expect(texts(renderTree(model, { columns: 120, now: 0, only: "changes" }))).toEqual([
      "  deepseek-local          pulumi:pulumi:Stack",
      "└─   edge                 deepseek:edge:Edge",
      "   ├─ ~ edge-config       kubernetes:core/v1:ConfigMap  update",
      '   │       ~ data["nginx.conf"]: line 3: "  keepalive_timeout 10;" → "  keepalive_timeout 30;"',
      "   ├─ ~ edge              kubernetes:apps/v1:Deployment  update",
      "   │       + metadata.annotations: (known after the update)",
      "   │       ~ spec.replicas: 2 → 3",
      '   │       ~ spec.template.spec.containers[0].image: "edge:a1" → "edge:b2"',
      "   ├─ ± edge-entrance     kubernetes:core/v1:Service  replace (by table)  protected",
      '   │       ~ spec.clusterIP: "10.96.0.7" → "None" (forces replacement)',
      "   ├─ + edge-certificate  kubernetes:core/v1:Secret  create",
      "   ├─ − edge-legacy       kubernetes:core/v1:ConfigMap  delete",
      "   └─ ~ edge-key          random:index/randomPassword:RandomPassword  update (unknown effect)",
      "           ~ result: [secret] → [secret]",
    ]);
  });

  test("ends with messages, policies, outputs and a summary that says what is simulated", () => {
    expect(texts(renderSections(model, { columns: 100 }))).toEqual([
      "",
      "Messages",
      "  ! Edge edge: kept connections are closed after 30 s",
      "",
      "Policies",
      "  ✗ mandatory deepseek-policies/tls-1-3-only: Edge edge: The edge accepts TLS 1.2; cnBank asks for",
      "    1.3 (ssl_protocols).",
      "  ? not evaluated deepseek-policies/encrypted-volumes: values of 1 resource are not known yet",
      "",
      "Outputs",
      "  apiKey  [secret]",
      '  plan    {"gpus":0}',
      "  url     https://localhost:30443",
      "",
      "simulated cloud  1 to create, 3 to update, 1 to replace, 1 to delete, 2 unchanged · 2.3 s",
      "simulated cloud  1 mandatory policy violation",
    ]);
  });

  test("fits a narrow terminal, with short types", () => {
    const lines = texts(renderTree(model, { columns: 60, now: 0, only: "changes" }), 59);
    expect(lines[8]).toBe("   ├─ ± edge-entrance     Service  replace (by table)  pro…");
    for (const line of lines) expect(lineWidth([span(line)])).toBeLessThanOrEqual(59);
  });

  test("shows nothing but the summary where nothing changes", () => {
    const counts = { create: 0, update: 0, replace: 0, delete: 0, same: 2 };
    const unchanged = modelOf("preview", [
      { type: "step-done", step: steps.stack, durationMs: 1 },
      { type: "summary", counts, durationMs: 900, simulated: false },
    ]);
    expect(texts(endLines(unchanged, 0))).toEqual(["", "no changes, 2 unchanged · 0.9 s"]);
  });

  test("names the parents of a change even where the engine told nothing of them", () => {
    const model = modelOf("preview", [{ type: "step-done", step: steps.secret, durationMs: 1 }]);
    expect(texts(renderTree(model, { columns: 100, now: 0, only: "changes" }))).toEqual([
      "  edge                 deepseek:edge:Edge",
      "└─ + edge-certificate  kubernetes:core/v1:Secret  create",
    ]);
  });
});

describe("an update on a terminal", () => {
  const model = modelOf("update", runningEvents());

  test("says what runs, for how long and what it waits for, and shows failures", () => {
    const lines = texts(liveLines(model, { columns: 100, rows: 30, now: 4200, planned: 6 }));
    expect(lines).toContain(
      "   ├─ ~ edge              kubernetes:apps/v1:Deployment  updating 3.2 s — 2 of 3 replicas ready",
    );
    expect(lines).toContain("   ├─ ✗ edge-certificate  kubernetes:core/v1:Secret  failed");
    expect(lines).toContain("   │       the API server refused it: quota exceeded");
    expect(lines.at(-1)).toBe("4.2 s · 1 of 6 done, 2 running, 2 unchanged");
  });

  test("keeps to what runs and failed where the tree is too long, and never exceeds the screen", () => {
    const crowded = modelOf("update", [
      ...runningEvents(),
      ...Array.from({ length: 50 }, (_, i): EngineEvent => {
        const step = stepOf("create", "kubernetes:core/v1:ConfigMap", `map-${i}`);
        return i < 40 ? { type: "step-done", step, durationMs: 5 } : { type: "step-start", step };
      }),
    ]);
    const lines = texts(liveLines(crowded, { columns: 100, rows: 12, now: 4200 }));
    expect(lines).toHaveLength(12);
    expect(lines.join("\n")).not.toContain("map-1 ");
    expect(lines.at(-2)).toMatch(/^… and \d+ more lines$/);
  });

  test("a replacement's halves are one row, and a failed half stays failed", () => {
    const { service } = steps;
    const events: EngineEvent[] = [
      { type: "step-start", step: { ...service, kind: "create-replacement" } },
      { type: "step-done", step: { ...service, kind: "create-replacement" }, durationMs: 400 },
      { type: "step-start", step: { ...service, kind: "delete-replaced", changes: {} } },
    ];
    const running = modelOf("update", events);
    expect([...running.rows.values()]).toMatchObject([
      { state: "running", status: "deleting the old one", step: { kind: "create-replacement" } },
    ]);
    applyEvent(
      running,
      { type: "step-done", step: { ...service, kind: "delete-replaced" }, durationMs: 300 },
      2000,
    );
    expect([...running.rows.values()]).toMatchObject([{ state: "done", durationMs: 700 }]);
    const failed = modelOf("update", [
      { type: "step-failed", step: { ...service, kind: "delete-replaced" }, error: "stuck" },
      { type: "step-done", step: { ...service, kind: "replace" }, durationMs: 1 },
    ]);
    expect([...failed.rows.values()]).toMatchObject([{ state: "failed", error: "stuck" }]);
  });

  test("redraws in place and ends with the whole tree, cutting no output", () => {
    vi.useFakeTimers();
    try {
      const written: string[] = [];
      const stream = {
        write: (text: string) => written.push(text),
        isTTY: true,
        columns: 40,
        rows: 24,
      };
      const display = createDisplay({ stream, color: true, now: () => 0 });
      display.begin("update");
      for (const event of runningEvents()) display.event(event);
      vi.advanceTimersByTime(250);
      expect(written).toHaveLength(2);
      const drawn = (written[0]?.split("\n").length ?? 0) - 1;
      expect(written[1]?.startsWith(`\x1b[${drawn}A\r\x1b[2K`)).toBe(true);
      const url = `https://${"long-name.".repeat(8)}example`;
      display.event({ type: "outputs", outputs: { url } });
      display.end();
      display.end();
      expect(written.join("")).toContain(url);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("an update in a log", () => {
  test("has a line for each beginning and end, and for what takes long", () => {
    const model = createModel("update", 0);
    const lines = runningEvents().flatMap((event) => {
      applyEvent(model, event, 1000);
      return texts(eventLines(model, event));
    });
    expect(lines).toEqual([
      "  ~ updating edge-config (ConfigMap)",
      "  ~ updated edge-config (ConfigMap) 0.1 s",
      '      ~ data["nginx.conf"]: line 3: "  keepalive_timeout 10;" → "  keepalive_timeout 30;"',
      "  + creating edge-certificate (Secret)",
      "  ✗ failed edge-certificate (Secret)",
      "      the API server refused it: quota exceeded",
      "  ~ updating edge (Deployment)",
      "  ± replacing edge-entrance (Service)",
    ]);
    expect(texts(waitingLines(model, 11_000))).toEqual([
      "  ~ still updating edge (Deployment) 10.0 s — 2 of 3 replicas ready",
      "  ± still replacing edge-entrance (Service) 10.0 s",
    ]);
  });

  test("tells a replacement as its two halves", () => {
    const model = createModel("update", 0);
    const kinds = ["create-replacement", "replace", "delete-replaced"] as const;
    const lines = kinds.flatMap((kind) => {
      const step = { ...steps.service, kind };
      const events: EngineEvent[] = [
        { type: "step-start", step },
        { type: "step-done", step, durationMs: 200 },
      ];
      return events.flatMap((event) => {
        applyEvent(model, event, 0);
        return texts(eventLines(model, event));
      });
    });
    expect(lines).toEqual([
      "  ± replacing edge-entrance (Service)",
      "  ± replaced edge-entrance (Service) 0.2 s",
      '      ~ spec.clusterIP: "10.96.0.7" → "None" (forces replacement)',
      "  ± deleting the old edge-entrance (Service)",
      "  ± deleted the old edge-entrance (Service) 0.2 s",
    ]);
  });

  test("has no escape code without colour, and no timer once it ended", () => {
    vi.useFakeTimers();
    try {
      let text = "";
      const stream = {
        write: (more: string) => {
          text += more;
        },
      };
      const display = createDisplay({ stream, color: false });
      display.begin("preview");
      for (const event of previewEvents(false)) display.event(event);
      display.begin("update");
      for (const event of runningEvents()) display.event(event);
      vi.advanceTimersByTime(10_000);
      display.end();
      expect(text).not.toContain("\x1b");
      expect(text).toContain("1 to create, 3 to update");
      expect(text).toContain("still updating edge");
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a refresh", () => {
  test("shows what it looks at, and keeps only what it found changed", () => {
    const type = "kubernetes:core/v1:Service";
    const same = stepOf("refresh", type, "same", { oldInputs: { a: 1 }, inputs: { a: 1 } });
    const drifted = stepOf("refresh", type, "drifted", { oldInputs: { a: 1 }, inputs: { a: 2 } });
    const starts = [same, drifted].map((step): EngineEvent => ({ type: "step-start", step }));
    const model = modelOf("refresh", starts);
    const shown = () => texts(renderTree(model, { columns: 100, now: 1500, only: "changes" }));
    expect(shown().join("\n")).toMatch(/same .* refreshing 0\.5 s\n.*drifted/);
    for (const step of [same, drifted]) {
      applyEvent(model, { type: "step-done", step, durationMs: 1 }, 2000);
    }
    expect(shown()).toEqual([
      "  edge            deepseek:edge:Edge",
      "└─ ↻ drifted      kubernetes:core/v1:Service  refreshed",
    ]);
  });
});

describe("JSON", () => {
  test("is one object with counts, steps and the duration", () => {
    const display = silentDisplay();
    display.begin("preview");
    for (const event of previewEvents(true)) display.event(event);
    const { summary, violations } = display.model();
    const counts = summary?.counts ?? { create: 0, update: 0, replace: 0, delete: 0, same: 0 };
    const json = jsonResult(
      {
        ok: true,
        counts,
        steps: [steps.service, steps.key],
        outputs: {},
        durationMs: 12.4,
        errors: [],
        snapshot: undefined,
      },
      { simulated: summary?.simulated === true, violations: violations.slice(0, 1) },
    );
    expect(JSON.parse(JSON.stringify(json))).toMatchObject({
      changes: { create: 1, update: 3, replace: 1, delete: 1, same: 2 },
      steps: [
        {
          kind: "replace",
          basis: "table",
          changes: {
            "spec.clusterIP": { kind: "update", replace: true, old: "10.96.0.7", new: "None" },
          },
        },
        { kind: "update", changes: { result: { old: "[secret]", new: "[secret]" } } },
      ],
      duration: 12,
      simulated: true,
      policies: [{ policy: "tls-1-3-only" }],
    });
    expect(json).not.toHaveProperty("errors");
  });
});

describe("values and texts", () => {
  test("paths are followed as Pulumi writes them", () => {
    const root = { a: [{ "b.c": { d: 1 } }], 'q"x': 2, "[e]": 3 };
    expect(valueAt(root, 'a[0]["b.c"].d')).toBe(1);
    expect(valueAt(root, '["q\\"x"]')).toBe(2);
    expect(valueAt(root, '["[e]"]')).toBe(3);
    expect(valueAt(root, "a[7].x")).toBeUndefined();
    expect(valueAt({ password: "[secret]" }, "password.inner")).toBe("[secret]");
  });

  test("a secret that the engine forgot to mask is masked here", () => {
    const key = "4dabf18193072939515e22adb298388d";
    const leaked = { [key]: "1b47061264138c4ac30d75fd1eb44270", value: "hunter2" };
    expect(valueText(leaked)).toBe("[secret]");
    expect(valueText({ deep: [leaked, UNKNOWN] })).not.toContain("hunter2");
  });

  test("many changed paths are counted, long values cut", () => {
    const changes = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`p${i}`, { kind: "add", replace: false } as const]),
    );
    const lines = texts(changeLines(stepOf("update", "t", "n", { changes })));
    expect(lines).toHaveLength(13);
    expect(lines.at(-1)).toBe("… and 8 more changed paths");
    expect(valueText("x".repeat(100))).toHaveLength(60);
  });

  test("escape codes of others never reach the terminal", () => {
    expect(printable("a\x1b[31mred\x1b[0m\x07")).toBe("ared�");
  });

  test("cutting and wrapping count cells, not characters", () => {
    expect(cutText("数据中心", 5)).toBe("数据…");
    expect(wrapText("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrapText("  indented words here", 10)).toEqual(["  indented", "  words", "  here"]);
    const line: Line = [span("abc", "create"), span("defgh")];
    expect(paintLine(line, { color: true, columns: 5 })).toBe("\x1b[32mabc\x1b[0md…");
  });
});
