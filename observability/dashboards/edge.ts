/** The edge in front of the gateway, and the certificates that callers see. Pure data. */
import { answering, type Board, lines, number, RENEWAL_DAYS, row } from "./panel.ts";

export const edge: Board = {
  name: "edge",
  title: { en: "Edge", zh: "边缘" },
  models: null,
  rows: [
    row("Now", "当前", [
      answering("Edges that answer", "有响应的边缘", "sum(nginx_up)"),
      number(
        "Requests per second",
        "每秒请求数",
        "reqps",
        "sum(rate(nginx_http_requests_total[5m]))",
      ),
      number("Open connections", "打开的连接", "none", "sum(nginx_connections_active)"),
      number(
        "First certificate ends in",
        "最早到期的证书",
        "suffix:d",
        "(min(gateway_certificate_expires_seconds) - time()) / 86400",
        { bound: RENEWAL_DAYS, good: "above" },
      ),
    ]),
    row("Connections", "连接", [
      lines("Requests", "请求", "reqps", [
        ["sum by (instance) (rate(nginx_http_requests_total[5m]))", "{{instance}}"],
      ]),
      lines("Connections", "连接", "none", [
        [
          "sum by (instance) (nginx_connections_active)",
          { en: "{{instance}} open", zh: "{{instance}} 打开" },
        ],
        [
          "sum by (instance) (nginx_connections_waiting)",
          { en: "{{instance}} idle", zh: "{{instance}} 空闲" },
        ],
      ]),
      lines(
        "Connections that were dropped",
        "被丢弃的连接",
        "ops",
        [
          [
            "sum by (instance) (rate(nginx_connections_accepted[5m])) - sum by (instance) (rate(nginx_connections_handled[5m]))",
            "{{instance}}",
          ],
        ],
        { tone: "bad", whenWell: "still" },
      ),
      lines(
        "Requests at the edge less those at the gateway",
        "边缘与网关请求数之差",
        "reqps",
        [
          [
            "sum(rate(nginx_http_requests_total[5m])) - sum(rate(api_requests_total[5m]))",
            { en: "edge - gateway", zh: "边缘 - 网关" },
          ],
        ],
        {
          note: {
            en: "What the edge answers by itself: probes, refusals, pages. A rise without traffic is a scan.",
            zh: "边缘自行应答的请求:探测、拒绝、页面。无流量时上升即为扫描。",
          },
        },
      ),
    ]),
    row("From outside", "外部探测", [
      lines(
        "Addresses that answered as they should",
        "应答正常的地址",
        "none",
        [["min by (instance) (probe_success)", "{{instance}}"]],
        { whenWell: "still" },
      ),
      lines("How long they took", "应答耗时", "s", [
        ["max by (instance) (probe_duration_seconds)", "{{instance}}"],
      ]),
      lines(
        "Time until their certificate ends",
        "证书剩余时间",
        "suffix:d",
        [["(min by (instance) (probe_ssl_earliest_cert_expiry) - time()) / 86400", "{{instance}}"]],
        { bound: RENEWAL_DAYS },
      ),
      lines(
        "Time until certificates of gateways end",
        "网关证书剩余时间",
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
