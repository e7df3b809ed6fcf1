/** What each channel is sent, in both languages (golden/; UPDATE=1 writes them), and what its answers mean. */
import { createHmac } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alertOf, channelOf, KINDS } from "../test-alerts.ts";
import { toldAlert } from "../told-alert.ts";
import type { Answer } from "./form.ts";
import { formOf } from "./form-of.ts";

const AT = Date.UTC(2026, 10, 26, 2, 4, 5);
const GROUP = [
  alertOf("ModelErrorRateOver2pct", "error", { ended: true, labels: { model: "deepseek-r1" } }),
  alertOf("GatewayAway", "critical", { annotations: { summary_zh: "没有网关应答" } }),
];

function sent(kind: (typeof KINDS)[number], alerts: readonly unknown[], more: object = {}) {
  const channel = channelOf(kind, more);
  const told = alerts.map((one) => toldAlert(one as never, channel.language));
  const composed = formOf(channel).compose(told);
  return { ...composed.at(AT), whole: composed.whole };
}

const textOf = (body: string): string => {
  const json = JSON.parse(body);
  return (
    json.markdown?.content ??
    json.markdown?.text ??
    json.card?.elements[0].text.content ??
    JSON.stringify(json)
  );
};

test.each(KINDS.flatMap((kind) => (["en", "zh"] as const).map((language) => [kind, language])))(
  "%s in %s",
  (kind, language) => {
    const { url, headers, body } = sent(kind as never, GROUP, { language });
    const file = path.join(import.meta.dirname, "../golden", `${kind}.${language}.txt`);
    const json = JSON.stringify(JSON.parse(body), null, 2);
    const texts = ["wecom", "dingtalk", "feishu"].includes(kind as string)
      ? `\n\n${textOf(body)}`
      : "";
    const current = `POST ${url}\n${JSON.stringify(headers)}\n\n${json}${texts}\n`;
    if (process.env["UPDATE"] === "1") writeFileSync(file, current);
    expect(current).toBe(readFileSync(file, "utf8"));
  },
);

test("ServiceNow opens and clears the same key", () => {
  const { body } = sent("ticket", GROUP, { shape: "servicenow" });
  const { records } = JSON.parse(body);
  expect(records.map((one: { severity: string }) => one.severity)).toEqual(["1", "0"]);
  const again = sent("ticket", [alertOf("GatewayAway", "critical", { ended: true })], {
    shape: "servicenow",
  });
  expect(JSON.parse(again.body).records[0].message_key).toBe(records[0].message_key);
});

describe("signatures", () => {
  test("DingTalk's is of the time in milliseconds and the secret, in the query", () => {
    const url = new URL(sent("dingtalk", GROUP).url);
    const of = `${AT}\nSEC-of-a-test`;
    const right = createHmac("sha256", "SEC-of-a-test").update(of).digest("base64");
    expect(url.searchParams.get("sign")).toBe(right);
    expect(url.searchParams.get("timestamp")).toBe(String(AT));
    expect(url.searchParams.get("key")).toBe("693a91f6-7abc");
  });

  test("Feishu's has time in seconds and secret as its key, in the body", () => {
    const { timestamp, sign } = JSON.parse(sent("feishu", GROUP).body);
    expect(timestamp).toBe(String(AT / 1_000));
    const key = `${timestamp}\nsecret-of-a-test`;
    expect(sign).toBe(createHmac("sha256", key).update("").digest("base64"));
  });

  test("without a secret there is none", () => {
    expect(sent("dingtalk", GROUP, { secret: undefined }).url).not.toContain("sign");
    expect(sent("feishu", GROUP, { secret: undefined }).body).not.toContain("sign");
  });
});

const LIMITS = [
  ["wecom", (body: string) => Buffer.byteLength(JSON.parse(body).markdown.content), 4_096],
  ["dingtalk", (body: string) => Buffer.byteLength(body), 20_000],
  ["feishu", (body: string) => Buffer.byteLength(body), 20 * 1_024],
  ["teams", (body: string) => Buffer.byteLength(body), 28 * 1_024],
] as const;

test.each(LIMITS)("%s is never told more than it takes, whatever alerts say", (kind, size, max) => {
  const words = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 1_500 }),
    fc.constantFrom(
      "云".repeat(1_400),
      '\\"\n'.repeat(700),
      `https://x.example/${"a".repeat(900)} end`,
    ),
  );
  const group = fc.array(fc.record({ summary: words, description: words, value: words }), {
    ...{ minLength: 1, maxLength: 40 },
  });
  fc.assert(
    fc.property(group, fc.constantFrom("en", "zh"), (texts, language) => {
      const alerts = texts.map((annotations, index) =>
        alertOf(`Alert${index}`, "critical", { annotations }),
      );
      const { body } = sent(kind, alerts, { language });
      expect(size(body)).toBeLessThanOrEqual(max);
      expect(body).not.toMatch(/\\ud[89a-f]/i);
      const text = textOf(body);
      // Links are there as a whole, or not at all.
      for (const [, address = ""] of text.matchAll(/\]\((https:[^)\s]*)/g))
        expect(address).toMatch(/(\.md|\/d\/overview)$/);
      expect(text).toContain("Alert0");
    }),
    { numRuns: 100 },
  );
});

test.each(["wecom", "dingtalk", "feishu", "teams"] as const)(
  "%s: nobody is called, and nothing linked or marked, by what an alert says",
  (kind) => {
    const marks = [
      "<@all>",
      "<at",
      "](https://evil.example)",
      "[a]:",
      "*loud*",
      "_sly_",
      "~~not~~",
      "`code`",
    ];
    const hostile = `${marks.join(" ")} \\`;
    const alert = alertOf("X", "error", {
      annotations: { summary: `# ${hostile}`, description: `--- ${hostile}` },
      labels: { tenant: hostile, site: hostile, severity: hostile },
    });
    // The second, since one alone is told by the title.
    const text = textOf(sent(kind, [alert, alertOf("Y", "error")]).body);
    // `summary` is no Markdown.
    const read = text.replace(/"summary":"(?:[^"\\]|\\.)*",/, "");
    for (const mark of [...marks, "\n# ", '"# ', "\n--- ", '"--- '])
      expect(read).not.toContain(mark);
    expect(read).toContain("＃ ＜@all>");
  },
);

test("a name keeps its underscores, and a number its sign", () => {
  const labels = { job: "model_server", tenant: "a_b" };
  const alert = alertOf("X", "error", { labels, annotations: { value: "-5", summary: "x < 5" } });
  const text = textOf(sent("wecom", [alert]).body);
  expect(text).toContain("tenant=a_b job=model_server");
  expect(text).toContain("Value: -5");
  expect(text).toContain("x ＜ 5");
});

describe("what a locked telephone shows", () => {
  const away = alertOf("GatewayAway", "critical");
  const shown = {
    wecom: (body: string) => JSON.parse(body).markdown.content.split("\n")[0],
    dingtalk: (body: string) => JSON.parse(body).markdown.title,
    feishu: (body: string) => JSON.parse(body).card.header.title.content,
    teams: (body: string) => JSON.parse(body).summary,
    sms: (body: string) => JSON.parse(body).content,
  };
  const channels = Object.entries(shown) as [keyof typeof shown, (body: string) => string][];

  test.each(channels)("%s: how grave, where, which, and what is wrong", (kind, first) => {
    const text = first(sent(kind, [away]).body);
    expect(text).toContain("[CRITICAL] primary GatewayAway: No gateway answers");
  });

  test.each(channels.slice(0, 4))("%s: how many of several", (kind, first) => {
    const text = first(sent(kind, GROUP).body);
    expect(text).toContain("[CRITICAL] primary GatewayAway (1 firing, 1 resolved): No gateway");
  });

  test.each(channels.slice(0, 4))("%s: a long text whole below, a short one once", (kind) => {
    const summary = "No gateway answers, ".repeat(20).trim();
    const long = alertOf("GatewayAway", "critical", { annotations: { summary } });
    expect(textOf(sent(kind, [long]).body)).toContain(summary);
    const text = textOf(sent(kind, [away]).body).replace(/"summary":"[^"]*"/, "");
    expect(text.split("No gateway answers")).toHaveLength(kind === "feishu" ? 1 : 2);
  });
});

test("of what has ended, nothing is said as if it were so", () => {
  const ended = alertOf("GatewayAway", "critical", { ended: true });
  for (const kind of ["wecom", "dingtalk", "feishu", "teams"] as const) {
    const { body } = sent(kind, [ended]);
    expect(body).not.toContain("Nobody can call the service");
    expect(body).toContain("resolved");
  }
});

test("a line of an alert says whom it is about", () => {
  const many = Array.from({ length: 120 }, (_, gpu) =>
    alertOf("GpuXidFatal", "critical", { labels: { gpu: `${gpu}` } }),
  );
  for (const kind of ["wecom", "dingtalk", "feishu", "teams"] as const) {
    const text = textOf(sent(kind, many).body);
    expect(text).toMatch(/\[CRITICAL\] primary GpuXidFatal: No gateway answers \(gpu=\d+\)/);
  }
});

test("people are called when something critical fires, and not otherwise", () => {
  const quiet = [alertOf("X", "error"), alertOf("Y", "critical", { ended: true })];
  expect(sent("wecom", GROUP).body).toContain("<@wangqing>");
  expect(sent("wecom", quiet).body).not.toContain("<@");
  expect(JSON.parse(sent("dingtalk", quiet).body).at).toEqual({ atMobiles: [], isAtAll: false });
  expect(sent("feishu", quiet).body).not.toContain("<at");
});

describe("text messages", () => {
  const text = (more: object, language = "en", summary = "No gateway answers") => {
    const alerts = [alertOf("GatewayAway", "critical", { annotations: { summary } })];
    return JSON.parse(sent("sms", alerts, { language, ...more }).body).content as string;
  };

  test.each([
    ["one segment of the basic alphabet", 1, "en", "a".repeat(400), 160],
    ["two of them", 2, "en", "a".repeat(400), 306],
    ["one with Chinese", 1, "zh", "网关".repeat(200), 70],
    ["three with Chinese", 3, "zh", "网关".repeat(200), 201],
    ["characters of two places", 1, "en", "{}".repeat(200), 160],
  ])("%s", (_, segmentsMax, language, summary, max) => {
    const found = text({ segmentsMax }, language, summary);
    const places = language === "en" ? found.replace(/[{}[\]]/g, "--").length : found.length;
    expect(places).toBeLessThanOrEqual(max);
    expect(places).toBeGreaterThan(max - 3);
  });

  test("exactly what fits is not cut", () => {
    const room = 161 - text({}, "en", "b").replace(/[[\]]/g, "--").length;
    const whole = text({ segmentsMax: 1 }, "en", "b".repeat(room));
    expect(whole).not.toContain("...");
    expect(text({ segmentsMax: 1 }, "en", "b".repeat(room + 1))).toMatch(/\.\.\.$/);
  });

  test("others are named once, with their number", () => {
    const others = ["A", "B", "A"].map((name) => alertOf(name, "error"));
    const { body } = sent("sms", [...others, alertOf("GatewayAway", "critical")]);
    expect(JSON.parse(body).content).toMatch(/^\[CRITICAL \+3\] .*; A \(2\), B$/);
  });

  test("as a form, with what a text has of its marks", () => {
    const { body, headers } = sent("sms", GROUP, { encoding: "form" });
    expect(headers["content-type"]).toBe("application/x-www-form-urlencoded");
    const form = new URLSearchParams(body);
    expect(form.get("to")).toBe("+8613800001111");
    expect(form.get("content")).toContain("GatewayAway: No gateway answers");
    expect(form.get("content")).toContain("ModelErrorRateOver2pct");
  });
});

const answered = (status: number, body: object | string, more: object = {}): Answer => ({
  ...{ status, body: typeof body === "string" ? body : JSON.stringify(body) },
  ...more,
});

test.each([
  ["wecom", answered(200, { errcode: 0, errmsg: "ok" }), "taken"],
  ["wecom", answered(200, { errcode: 45_009, errmsg: "api freq out of limit" }), "limited"],
  ["wecom", answered(200, { errcode: -1, errmsg: "system busy" }), "again"],
  ["wecom", answered(200, { errcode: 93_000, errmsg: "invalid webhook url" }), "refused"],
  ["wecom", answered(200, "<html>sign in</html>"), "again"],
  ["wecom", answered(200, "null"), "again"],
  ["dingtalk", answered(200, { errcode: 0, errmsg: "ok" }), "taken"],
  ["dingtalk", answered(200, { errcode: 310_000, errmsg: "sign not match" }), "refused"],
  ["dingtalk", answered(200, { errcode: 130_101, errmsg: "send too fast" }), "limited"],
  ["feishu", answered(200, { code: 0, msg: "success", data: {} }), "taken"],
  ["feishu", answered(200, { code: 19_021, msg: "sign match fail" }), "refused"],
  ["feishu", answered(200, { code: 11_232, msg: "frequency limited" }), "limited"],
  ["feishu", answered(400, { code: 9_499, msg: "Bad Request" }), "refused"],
  ["teams", answered(202, ""), "taken"],
  ["teams", answered(200, "1"), "taken"],
  ["teams", answered(200, "Microsoft Teams endpoint returned HTTP error 429"), "limited"],
  ["teams", answered(404, "workflow not found"), "refused"],
  ["sms", answered(200, ""), "taken"],
  ["ticket", answered(201, ""), "taken"],
  ["ticket", answered(429, "", { afterSeconds: 7 }), "limited"],
  ["ticket", answered(503, ""), "again"],
  ["ticket", answered(302, ""), "refused"],
  ["ticket", answered(401, ""), "refused"],
] as const)("%s answers %o: %s", (kind, answer, verdict) => {
  expect(formOf(channelOf(kind)).judge(answer).kind).toBe(verdict);
});

test("a gateway's own word counts where it is named", () => {
  const form = formOf(channelOf("sms", { accepted: { field: "result.code", is: "0" } }));
  expect(form.judge(answered(200, { result: { code: 0 } })).kind).toBe("taken");
  expect(form.judge(answered(200, { result: { code: 7 } })).kind).toBe("again");
  expect(form.judge(answered(200, "none")).kind).toBe("again");
});
