/** The first page of whoever is on call: is it well, for whom not, and which page comes next. Pure data. */
import { type Board, CALLED, lines, number, quantile, row } from "./panel.ts";

const RELAYED = "{{channel}} ({{kind}})";
const OWN = 'model=~"$model"';
/** Ours (others have no owner), and none that only goes on record, as the one does that fires always. */
const FIRING = 'ALERTS{alertstate="firing", severity=~"critical|error|warning", owner!=""}';
const WHAT = ["severity", "alertname", "job", "instance", "model", "owner"];

export const overview: Board = {
  name: "overview",
  title: { en: "Overview for people on call", zh: "值班总览" },
  models: CALLED,
  rows: [
    row("Now", "当前", [
      number("Alerts", "告警", "none", `count(${FIRING}) or vector(0)`, {
        bound: 1,
        whenWell: "still",
      }),
      number("Silent targets", "无响应的目标", "none", "count(up == 0) or vector(0)", {
        bound: 1,
        whenWell: "still",
      }),
      // 2 % is the bound of the seed's matrix and of its alert.
      number("Failed requests", "失败的请求", "percentunit", "api:errors:ratio_rate5m", {
        bound: 0.02,
        whenWell: "still",
      }),
      number(
        "First token, p95",
        "首个 token,p95",
        "s",
        quantile(0.95, "api_time_to_first_token_seconds", "", OWN),
        { bound: 0.5 },
      ),
      number("Requests per second", "每秒请求数", "reqps", "api:requests:rate5m"),
      number("Requests that wait", "等待中的请求", "none", `sum(api_queue_length{${OWN}})`),
      {
        kind: "table",
        title: { en: "Alerts that fire", zh: "触发中的告警" },
        unit: "s",
        expr: `sort_desc(time() - max by (${WHAT.join(", ")}) (ALERTS_FOR_STATE and ignoring (alertstate) ${FIRING}))`,
        columns: [
          ["severity", { en: "Severity", zh: "级别" }],
          ["alertname", { en: "Alert", zh: "告警" }],
          ["job", { en: "Job", zh: "任务" }],
          ["instance", { en: "Instance", zh: "实例" }],
          ["model", { en: "Model", zh: "模型" }],
          ["owner", { en: "Owner", zh: "负责方" }],
        ],
        value: { en: "For", zh: "已持续" },
        whenWell: "empty",
      },
    ]),
    row("Calls", "调用", [
      lines(
        "Requests by outcome",
        "按结果分的请求",
        "reqps",
        [[`sum by (status) (rate(api_requests_total{${OWN}}[5m]))`, "{{status}}"]],
        { stacked: true },
      ),
      lines(
        "Failed requests by model",
        "各模型失败率",
        "percentunit",
        [[`model:errors:ratio_rate5m{${OWN}}`, "{{model}}"]],
        { tone: "bad", bound: 0.02, whenWell: "still" },
      ),
      lines(
        "First token, p95, by model",
        "各模型首个 token,p95",
        "s",
        [[`model:first_token_seconds:p95_5m{${OWN}}`, "{{model}}"]],
        { bound: 0.5 },
      ),
      lines("Tokens per second", "每秒 token 数", "suffix:token/s", [
        [`sum by (model) (model:tokens:rate5m{${OWN}})`, "{{model}}"],
      ]),
    ]),
    row("Error budget and causes", "错误预算与原因", [
      lines(
        "Share of failed requests over longer times",
        "较长时间内的失败率",
        "percentunit",
        [
          ["api:errors:ratio_rate1h", { en: "1 hour", zh: "1 小时" }],
          ["api:errors:ratio_rate6h", { en: "6 hours", zh: "6 小时" }],
          ["api:errors:ratio_rate3d", { en: "3 days", zh: "3 天" }],
        ],
        { tone: "bad", whenWell: "still" },
      ),
      lines("Requests that wait for a model", "等待模型的请求", "none", [
        [`sum by (model) (api_queue_length{${OWN}})`, "{{model}}"],
      ]),
      lines(
        "Faults of model servers",
        "模型服务器故障",
        "ops",
        [
          [
            `sum by (model, reason) (rate(gateway_upstream_faults_total{${OWN}}[5m]))`,
            "{{model}} {{reason}}",
          ],
        ],
        { tone: "bad", whenWell: "empty" },
      ),
      lines(
        "Silent targets",
        "无响应的目标",
        "none",
        [["count by (job, instance) (up == 0)", "{{job}} {{instance}}"]],
        { tone: "bad", whenWell: "empty" },
      ),
    ]),
    // Only what people are told through the relay: of other channels Alertmanager does not say which one it told.
    row("Alerts on their way through the relay", "经中继发送的告警", [
      lines(
        "Notifications that channels took, in an hour",
        "每小时各渠道已接收的通知",
        "none",
        [
          [
            'sum by (channel, kind) (increase(alert_relay_notifications_total{outcome="delivered"}[1h]))',
            RELAYED,
          ],
        ],
        { whenWell: "still" },
      ),
      lines(
        "Notifications that they did not take, in an hour",
        "每小时各渠道未接收的通知",
        "none",
        [
          [
            'sum by (channel, kind, outcome) (increase(alert_relay_notifications_total{outcome!="delivered"}[1h])) > 0',
            `${RELAYED} {{outcome}}`,
          ],
        ],
        { tone: "bad", whenWell: "empty" },
      ),
      lines(
        "Notifications that wait",
        "等待发送的通知",
        "none",
        [["sum by (channel, kind) (alert_relay_queue_length)", RELAYED]],
        { whenWell: "still" },
      ),
      lines(
        "Time until a channel took it, p95",
        "渠道接收用时,p95",
        "s",
        [[quantile(0.95, "alert_relay_delivery_seconds", "channel, kind"), RELAYED]],
        { whenWell: "empty" },
      ),
    ]),
    row("Log lines and traces on their way", "日志与追踪的发送", [
      lines(
        "Records that were passed on",
        "已转发的记录",
        "ops",
        (["log_records", "spans"] as const).map((what) => [
          `sum by (job, exporter) (rate(otelcol_exporter_sent_${what}_total[5m]))`,
          `{{job}} {{exporter}} ${what}`,
        ]),
      ),
      lines(
        "How full queues are",
        "队列占用",
        "percentunit",
        [
          [
            "max by (instance, exporter) (otelcol_exporter_queue_size)" +
              " / max by (instance, exporter) (otelcol_exporter_queue_capacity)",
            "{{instance}} {{exporter}}",
          ],
        ],
        // Of CollectorQueueNearlyFull.
        { bound: 0.8, whenWell: "still" },
      ),
      lines(
        "Records that were given up, in an hour",
        "每小时放弃的记录",
        "none",
        (["log_records", "spans"] as const).map((what) => [
          `sum by (instance) (increase(otelcol_exporter_send_failed_${what}_total[1h]))`,
          `{{instance}} ${what}`,
        ]),
        { tone: "bad", bound: 1, whenWell: "empty" },
      ),
      lines(
        "Records that were not taken, in an hour",
        "每小时未接收的记录",
        "none",
        (["log_records", "spans"] as const).map((what) => [
          `sum by (job, instance) (increase(otelcol_receiver_refused_${what}_total[1h]))`,
          `{{job}} {{instance}} ${what}`,
        ]),
        { tone: "bad", bound: 1, whenWell: "empty" },
      ),
    ]),
  ],
};
