// The parts of the page that show calls: cards, lines, models, errors, days.
import { barChart, lineChart, sparkline } from "./charts.js";
import { h, table } from "./elements.js";
import { clock, compact, duration, money, percent, whole } from "./format.js";
import { completed, costs, headline, mainCurrency, stacked, sum } from "./shape.js";

/** @typedef {import("./texts.js").Language} Language */
/** @typedef {{ t: (key: string) => string, language: Language, width: number }} Look */
/** @typedef {import("./shape.js").Point} Point */
/** @typedef {import("./shape.js").DayLine} DayLine */
/** @typedef {import("./shape.js").ErrorLine} ErrorLine */

export const DAYS = 31;

/** @param {Look} look @param {readonly Point[]} series @param {number} spanSeconds */
export function cards({ t, language }, series, spanSeconds) {
  const now = headline(series, spanSeconds);
  const points = completed(series);
  const card = (
    /** @type {string} */ title,
    /** @type {string} */ value,
    /** @type {string} */ note,
    /** @type {(number | null)[]} */ values,
    /** @type {string} */ kind,
  ) =>
    h(
      "div",
      { class: "card stat" },
      h("h3", {}, title),
      h("p", { class: "value" }, value),
      h("p", { class: "note" }, note),
      sparkline(values, title, kind),
    );
  const pair = (/** @type {number | null} */ half) =>
    half === null ? "" : ` · p50 ${duration(half)}`;
  return h(
    "section",
    { class: "stats" },
    card(
      t("requests"),
      compact(now.perMinute, language),
      t("perMinute"),
      points.map((one) => one.requests),
      "s0",
    ),
    card(
      t("tokensPerSecond"),
      compact(now.tokensPerSecond, language),
      t("generated"),
      points.map((one) => one.completion_tokens / spanSeconds),
      "s1",
    ),
    card(
      t("latency"),
      duration(now.p95),
      `p95${pair(now.p50)}`,
      points.map((one) => one.p95_ms),
      "s2",
    ),
    card(
      t("firstByte"),
      duration(now.firstP95),
      `p95${pair(now.firstP50)}`,
      points.map((one) => one.first_byte_p95_ms),
      "s3",
    ),
    card(
      t("errorRate"),
      now.failedShare === null ? "–" : percent(now.failedShare),
      `${whole(now.failed, language)} / ${whole(now.requests, language)} · ${t("errorNote")}`,
      points.map((one) => one.failed),
      "bad",
    ),
  );
}

/** @param {Look} look @param {readonly Point[]} series @param {number} spanSeconds */
export function lastQuarter({ t, language, width }, series, spanSeconds) {
  const points = completed(series);
  const times = points.map(({ at }) => clock(at, language).slice(0, 5));
  const one = chartWidth(width, 2);
  const show = (/** @type {number} */ value) => compact(value, language);
  return h(
    "section",
    { class: "pair" },
    h(
      "div",
      { class: "card" },
      lineChart({
        label: `${t("latency")} · ${t("lastQuarter")}`,
        lines: [
          { label: "p95", values: points.map((p) => p.p95_ms), kind: "s2" },
          { label: "p50", values: points.map((p) => p.p50_ms), kind: "s0" },
          { label: t("ttft"), values: points.map((p) => p.first_byte_p95_ms), kind: "s3" },
        ],
        times,
        show: duration,
        width: one,
      }),
    ),
    h(
      "div",
      { class: "card" },
      lineChart({
        label: `${t("tokensPerSecond")} · ${t("lastQuarter")}`,
        lines: [
          {
            label: t("tokensPerSecond"),
            values: points.map((p) => p.completion_tokens / spanSeconds),
            kind: "s1",
          },
        ],
        times,
        show,
        width: one,
      }),
    ),
  );
}

/** @param {number} width @param {number} beside */
function chartWidth(width, beside) {
  // Where the page is narrow they stand below each other (console.css, the same border).
  const columns = width < 860 ? 1 : beside;
  return Math.max(280, (width - 16 * (columns - 1)) / columns - 34);
}

/**
 * @param {Look} look
 * @param {readonly { id: string, state: string, sunset_at?: string, servers?: number, servers_well?: number, queue?: number }[]} models
 * @param {readonly (Point & { model: string, tokens_per_second: number })[]} used
 */
export function models({ t, language }, models, used) {
  const all = models.some((one) => one.queue !== undefined);
  const rows = models.map((one) => {
    const own = used.find(({ model }) => model === one.id);
    return [
      h(
        "span",
        {},
        one.id,
        one.sunset_at === undefined ? null : h("small", {}, ` ${t("sunset")} ${one.sunset_at}`),
      ),
      h("span", { class: `state ${one.state}` }, t(one.state)),
      whole(own?.requests ?? 0, language),
      whole(own?.failed ?? 0, language),
      compact(own?.tokens_per_second ?? 0, language),
      duration(own?.p50_ms),
      duration(own?.p95_ms),
      duration(own?.first_byte_p95_ms),
      ...(all
        ? [whole(one.queue ?? 0, language), `${one.servers_well ?? 0} / ${one.servers ?? 0}`]
        : []),
    ];
  });
  /** @type {[string, string?][]} */
  const heads = [
    [t("model")],
    [t("state")],
    [t("calls"), "number"],
    [t("failed"), "number"],
    ["token/s", "number"],
    [t("p50"), "number"],
    [t("p95"), "number"],
    [t("ttft"), "number"],
    ...(all
      ? /** @type {[string, string][]} */ ([
          [t("queue"), "number"],
          [t("servers"), "number"],
        ])
      : []),
  ];
  return h(
    "section",
    { class: "card", id: "models" },
    h("h2", {}, t("models")),
    rows.length === 0 ? h("p", {}, t("none")) : table(heads, rows),
  );
}

/** @param {Look} look @param {readonly ErrorLine[]} errors @param {string} scope */
export function errors({ t, language }, errors, scope) {
  /** @type {[string, string?][]} */
  const heads = [
    [t("time")],
    [t("error")],
    [t("endpoint")],
    [t("model")],
    ...(scope === "own" ? [] : /** @type {[string][]} */ ([[t("user")]])),
    ...(scope === "all" ? /** @type {[string][]} */ ([[t("tenantName")]]) : []),
    [t("requestId")],
  ];
  const rows = errors.map((one) => [
    h("time", { datetime: one.at, title: one.at }, clock(one.at, language)),
    h(
      "span",
      { class: one.status === "error" ? "state down" : "state degraded" },
      `${one.code ?? "–"} ${one.error ?? ""}`,
    ),
    one.endpoint,
    one.model ?? "–",
    ...(scope === "own" ? [] : [one.user]),
    ...(scope === "all" ? [one.tenant] : []),
    h("code", {}, one.request_id.slice(0, 13)),
  ]);
  return h(
    "section",
    { class: "card", id: "errors" },
    h("h2", {}, t("errors")),
    rows.length === 0 ? h("p", {}, t("errorsNone")) : table(heads, rows),
  );
}

/** @typedef {"total_tokens" | "requests" | "cost"} Measure */

/**
 * @param {Look} look @param {readonly DayLine[]} days @param {string} today @param {Measure} measure
 * @param {(measure: Measure) => void} choose
 */
export function usage(look, days, today, measure, choose) {
  const { t, language, width } = look;
  const currency = mainCurrency(days);
  const shown = measure === "cost" ? days.filter((line) => line.currency === currency) : days;
  const { days: names, stacks } = stacked(shown, today, DAYS, (line) => line[measure], t("others"));
  const tell = (/** @type {number} */ value) =>
    measure === "cost" ? money(value, currency, language) : compact(value, language);
  /** @type {readonly (readonly [Measure, string])[]} */
  const measures = [
    ["total_tokens", t("tokens")],
    ["requests", t("requests")],
    ["cost", t("cost")],
  ];
  const buttons = measures.map(([name, label]) =>
    h(
      "button",
      {
        type: "button",
        "aria-pressed": name === measure ? "true" : "false",
        onclick: () => choose(name),
      },
      label,
    ),
  );
  const label = `${t("usage")}: ${measures.find(([name]) => name === measure)?.[1] ?? ""}`;
  return h(
    "section",
    { class: "card", id: "usage" },
    h(
      "div",
      { class: "row" },
      h("h2", {}, t("usage")),
      h("div", { class: "segments", role: "group" }, ...buttons),
    ),
    totals(look, days),
    barChart({
      label,
      stacks,
      times: names.map((day) => day.slice(5)),
      show: tell,
      width: chartWidth(width, 1),
    }),
    h("details", {}, h("summary", {}, t("showTable")), dayTable(look, days)),
    h("p", { class: "note" }, t("utc")),
  );
}

/** @param {Look} look @param {readonly DayLine[]} days */
function totals({ t, language }, days) {
  const paid = costs(days).map(({ cost, currency }) => money(cost, currency, language));
  return h(
    "p",
    { class: "note" },
    `${t("total")}: ${whole(
      sum(days, (one) => one.requests),
      language,
    )} ${t("requests")} · `,
    `${whole(
      sum(days, (one) => one.total_tokens),
      language,
    )} ${t("tokens")}`,
    paid.length === 0 ? null : ` · ${paid.join(" + ")}`,
  );
}

/** @param {Look} look @param {readonly DayLine[]} days */
function dayTable({ t, language }, days) {
  return table(
    [
      [t("day")],
      [t("model")],
      [t("requests"), "number"],
      [t("tokens"), "number"],
      [t("cost"), "number"],
    ],
    [...days]
      .reverse()
      .map((line) => [
        line.day,
        line.model,
        whole(line.requests, language),
        whole(line.total_tokens, language),
        money(line.cost, line.currency, language),
      ]),
  );
}
