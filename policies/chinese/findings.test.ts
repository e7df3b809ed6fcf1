/** Chinese for what rules say: whole, in its places, and never for a rule that is gone. What rules' own cases say, their tests ask for. */
import { expect, test } from "vitest";
import { RULES } from "../all-rules.ts";
import { findingInChinese, RULES_TOLD } from "./findings.ts";
import { teller } from "./templates.ts";

test.each([
  [
    "restricted-pods",
    "Deployment edge, init container wait may run as root. Set runAsNonRoot: true.",
    "Deployment edge 的初始化容器 wait 可能以 root 运行。应设置 runAsNonRoot: true。",
  ],
  [
    "tls13-only",
    "ConfigMap edge, nginx.conf: the default server on 443 takes TLSv1.2 TLSv1.3. Set ssl_protocols TLSv1.3;",
    "ConfigMap edge 中的 nginx.conf：443 上的默认服务器接受 TLSv1.2 TLSv1.3。应设置 ssl_protocols TLSv1.3;",
  ],
  [
    "log-retention",
    "edge keeps its logs for ever. Set retentionInDays. (its exemption ended 2026-11-01)",
    "edge 永久保留日志。应设置 retentionInDays。（其例外已于 2026-11-01 到期）",
  ],
  [
    "audit-sealed",
    "The rule itself failed: x is not a function",
    "规则自身出错：x is not a function",
  ],
])("%s: %s", (rule, english, chinese) => {
  expect(findingInChinese(rule, english)).toBe(chinese);
});

test("what a site's own rule says has none until it is given", () => {
  expect(findingInChinese("of-the-site", "Deployment edge is too old.")).toBeUndefined();
});

test("every rule has its own, and none is left of a rule that is gone", () => {
  expect([...RULES_TOLD].sort()).toEqual(RULES.map(({ name }) => name).sort());
});

test("a value that looks like a template is told as it is", () => {
  const tell = teller({ "{a} is {b}.": "{a} 为 {b}。" }, () => undefined);
  expect(tell("$& is {a}.*.")).toBe("$& 为 {a}.*。");
  expect(tell("it is")).toBeUndefined();
});
