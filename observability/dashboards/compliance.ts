/** The audit trail, and what else an auditor asks to be shown. Pure data. */
import { type Board, lines, number, RENEWAL_DAYS, row } from "./panel.ts";

export const compliance: Board = {
  name: "compliance",
  title: { en: "Audit trail and compliance", zh: "审计与合规" },
  models: null,
  rows: [
    row("Must be nought", "必须为零", [
      number("Faults of the chain", "审计链故障", "none", "sum(gateway_audit_chain_faults)", {
        bound: 1,
        whenWell: "still",
      }),
      number(
        "Events lost, in a day",
        "每日丢失的事件",
        "none",
        "sum(increase(gateway_audit_lost_total[1d]))",
        { bound: 1, whenWell: "still" },
      ),
      number(
        "Rows of the ledger lost, in a day",
        "每日丢失的账目",
        "none",
        "sum(increase(gateway_ledger_lost_total[1d]))",
        {
          bound: 1,
          whenWell: "still",
        },
      ),
      number(
        "Anchors not taken, in a day",
        "每日未接受的锚点",
        "none",
        "sum(increase(gateway_audit_anchor_failures_total[1d]))",
        {
          bound: 1,
          whenWell: "still",
        },
      ),
    ]),
    row("Audit trail", "审计", [
      lines("Events", "事件", "ops", [
        ["sum by (outcome) (rate(gateway_audit_events_total[5m]))", "{{outcome}}"],
      ]),
      lines("Age of the oldest event without an anchor", "最早未锚定事件的时长", "s", [
        ["max by (instance) (gateway_audit_lag_seconds)", "{{instance}}"],
      ]),
      lines(
        "Faults that the last check of the chain found",
        "最近一次校验发现的故障",
        "none",
        [["max by (instance) (gateway_audit_chain_faults)", "{{instance}}"]],
        { tone: "bad", whenWell: "still" },
      ),
      lines(
        "Age of the oldest row without its ledger",
        "最早未入账行的时长",
        "s",
        [["max by (instance) (gateway_ledger_lag_seconds)", "{{instance}}"]],
        { whenWell: "still" },
      ),
    ]),
    row("Content and access", "内容与访问", [
      lines("Words of word lists", "词表命中", "ops", [
        [
          "sum by (direction, mode) (rate(gateway_filter_verdicts_total[5m]))",
          "{{direction}} {{mode}}",
        ],
      ]),
      lines(
        "Requests that were not authenticated or not allowed",
        "未认证或无权限的请求",
        "reqps",
        [['sum by (code) (rate(api_requests_total{code=~"401|403"}[5m]))', "{{code}}"]],
        { tone: "doubtful" },
      ),
      lines(
        "Webhooks",
        "Webhook",
        "ops",
        [["sum by (outcome) (rate(gateway_webhooks_total[5m]))", "{{outcome}}"]],
        { needs: "webhooks" },
      ),
      lines(
        "Time until certificates end",
        "证书剩余时间",
        "suffix:d",
        [
          [
            "(min by (certificate) (gateway_certificate_expires_seconds) - time()) / 86400",
            "{{certificate}}",
          ],
        ],
        { bound: RENEWAL_DAYS },
      ),
    ]),
  ],
};
