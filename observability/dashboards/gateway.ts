/** The gateway, and who calls it. Metrics have no label for tenants: users are told, tenants stand in the console. Pure data. */
import { answering, type Board, CALLED, lines, number, quantile, row } from "./panel.ts";

const OWN = 'model=~"$model"';

export const gateway: Board = {
  name: "gateway",
  title: { en: "Gateway and callers", zh: "网关与调用方" },
  models: CALLED,
  rows: [
    row("Callers", "调用方", [
      lines("The ten busiest callers", "最忙的十个调用方", "reqps", [
        [`topk(10, sum by (user) (rate(api_requests_total{${OWN}}[5m])))`, "{{user}}"],
      ]),
      lines("Callers whose requests failed or were refused", "请求失败或被拒的调用方", "reqps", [
        [
          `topk(10, sum by (user, status) (rate(api_requests_total{status!="success", ${OWN}}[5m])))`,
          "{{user}} {{status}}",
        ],
      ]),
      lines(
        "Answers 429 by reason",
        "按原因分的 429",
        "reqps",
        [["sum by (reason) (rate(gateway_quota_refusals_total[5m]))", "{{reason}}"]],
        { tone: "doubtful" },
      ),
      lines("Wait to be let in, p95", "等待准入,p95", "s", [
        [quantile(0.95, "gateway_quota_wait_seconds", "outcome"), "{{outcome}}"],
      ]),
    ]),
    row("Calls", "调用", [
      lines("Requests by endpoint", "按接口分的请求", "reqps", [
        [`sum by (endpoint) (rate(api_requests_total{${OWN}}[5m]))`, "{{endpoint}}"],
      ]),
      lines("Duration, p95, by endpoint", "各接口耗时,p95", "s", [
        [quantile(0.95, "api_request_duration_seconds", "endpoint", OWN), "{{endpoint}}"],
      ]),
      lines("Requests under way", "进行中的请求", "none", [
        ["sum by (endpoint) (api_concurrent_requests)", "{{endpoint}}"],
      ]),
      lines("Wait for a turn, p95", "等待轮次,p95", "s", [
        [quantile(0.95, "gateway_queue_wait_seconds", "model, class", OWN), "{{model}} {{class}}"],
      ]),
      lines("Cached answers", "缓存的回答", "reqps", [
        ["sum by (outcome) (rate(gateway_cache_total[5m]))", "{{outcome}}"],
      ]),
      lines("Words of word lists", "词表命中", "ops", [
        [
          "sum by (direction, mode) (rate(gateway_filter_verdicts_total[5m]))",
          "{{direction}} {{mode}}",
        ],
      ]),
    ]),
    row("Model servers, as the gateway sees them", "网关视角的模型服务器", [
      lines(
        "Faults",
        "故障",
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
        "Servers that are left alone",
        "被摘除的服务器",
        "none",
        // Its name carries the model's; both would leave no room for the numbers.
        [[`sum by (target) (gateway_upstream_ejected{${OWN}})`, "{{target}}"]],
        { tone: "bad", whenWell: "still" },
      ),
      lines("Probes", "探测", "ops", [
        [
          "sum by (target, outcome) (rate(gateway_upstream_probes_total[5m]))",
          "{{target}} {{outcome}}",
        ],
      ]),
    ]),
    row("The program", "进程", [
      answering("Gateways that answer", "有响应的网关", 'sum(up{job="gateway"})'),
      number("WebSocket connections", "WebSocket 连接", "none", "sum(gateway_sockets_open)"),
      lines("How late the event loop turns, p99", "事件循环延迟,p99", "s", [
        ['max by (instance) (nodejs_eventloop_lag_p99_seconds{job="gateway"})', "{{instance}}"],
      ]),
      lines("Memory", "内存", "bytes", [
        ['sum by (instance) (process_resident_memory_bytes{job="gateway"})', "{{instance}}"],
      ]),
      lines("Processors in use", "处理器占用", "none", [
        ['sum by (instance) (rate(process_cpu_seconds_total{job="gateway"}[5m]))', "{{instance}}"],
      ]),
      lines(
        "New versions of files that were refused",
        "被拒的新配置",
        "none",
        [["sum by (file) (increase(gateway_reload_failures_total[1h]))", "{{file}}"]],
        { tone: "bad", whenWell: "empty" },
      ),
    ]),
  ],
};
