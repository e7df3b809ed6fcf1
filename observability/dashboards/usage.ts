/** Usage over days. What it costs is the ledger's to say, by the price of each call's moment. Pure data. */
import { type Board, CALLED, lines, number, row } from "./panel.ts";

const OWN = 'model=~"$model"';
const TOKENS = `api_token_usage_total{${OWN}}`;

export const usage: Board = {
  name: "usage",
  title: { en: "Usage and cost", zh: "用量与费用" },
  models: CALLED,
  rows: [
    row("The last day", "最近一天", [
      number("Tokens", "Token", "short", `sum(increase(${TOKENS}[1d]))`),
      number("Requests", "请求", "short", `sum(increase(api_requests_total{${OWN}}[1d]))`),
      number(
        "Rows not yet in the ledger",
        "尚未入账的行",
        "none",
        "sum(gateway_ledger_queue_rows)",
        { whenWell: "still" },
      ),
      {
        kind: "words",
        title: { en: "Cost", zh: "费用" },
        text: {
          en: "Cost is in no metric: prices change, and a call keeps the price of its moment. The console (stack output `consoleUrl`) and `GET /v1/usage/daily` tell it from the ledger, by tenant, model and currency.",
          zh: "指标中没有费用:价格会变,而每次调用按当时的价格计费。控制台(栈输出 `consoleUrl`)与 `GET /v1/usage/daily` 按租户、模型和币种给出账本中的费用。",
        },
      },
    ]),
    row("By model", "按模型", [
      lines(
        "Tokens in an hour",
        "每小时 token 数",
        "short",
        [[`sum by (model, token_type) (increase(${TOKENS}[1h]))`, "{{model}} {{token_type}}"]],
        { stacked: true },
      ),
      lines(
        "Requests in an hour",
        "每小时请求数",
        "short",
        [[`sum by (model) (increase(api_requests_total{${OWN}}[1h]))`, "{{model}}"]],
        { stacked: true },
      ),
      lines("Tokens per request", "每个请求的 token 数", "suffix:token", [
        [
          `sum by (model) (rate(${TOKENS}[1h])) / (sum by (model) (rate(api_requests_total{${OWN}}[1h])) > 0)`,
          "{{model}}",
        ],
      ]),
      lines("Answers that were told again", "重复使用的回答", "percentunit", [
        [
          'sum(rate(gateway_cache_total{outcome="hit"}[1h])) / (sum(rate(gateway_cache_total[1h])) > 0)',
          { en: "hit", zh: "命中" },
        ],
      ]),
    ]),
    row("By caller", "按调用方", [
      lines("The ten busiest callers, requests in a day", "最忙的十个调用方,每日请求", "short", [
        [`topk(10, sum by (user) (increase(api_requests_total{${OWN}}[1d])))`, "{{user}}"],
      ]),
      lines("Jobs that ended in an hour", "每小时结束的任务", "short", [
        ["sum by (state) (increase(gateway_jobs_total[1h]))", "{{state}}"],
      ]),
    ]),
  ],
};
