/**
 * Logs and traces hold who did what, never what was said: no prompts, answers, credentials, query strings
 * or statements, since each may be somebody's personal data and all are kept for months.
 */
import { isParameterGroup } from "../aws/resources.ts";
import type { Context, Report, Rule } from "../judging/rule.ts";
import { judgeEach } from "../kubernetes/judge.ts";
import { type Container, containersOf, podsOf, whereOf } from "../kubernetes/pods.ts";
import {
  judgeSettings,
  judgeTold,
  type Setting,
  tellsStores,
} from "../kubernetes/store-settings.ts";
import { at } from "../kubernetes/values.ts";
import { toldWords, variableOf } from "../kubernetes/variables.ts";
import { type NginxText, nginxTexts } from "./nginx-files.ts";

/** Where PostgreSQL writes statements or what they are given; what it does unasked, where that is too much. */
const STATEMENTS: readonly Setting[] = (
  [
    ["log_statement", /^none$/i, "none"],
    ["log_min_duration_statement", /^-1$/, "-1"],
    ["log_min_duration_sample", /^-1$/, "-1"],
    ["log_transaction_sample_rate", /^0(\.0*)?$/, "0"],
    // Unasked it writes every statement that failed.
    ["log_min_error_statement", /^(fatal|panic)$/i, "panic", "error"],
    ["log_parameter_max_length", /^0$/, "0"],
    ["log_parameter_max_length_on_error", /^0$/, "0"],
    ["auto_explain.log_min_duration", /^-1$/, "-1"],
  ] as const
).map(([key, fits, right, unasked = right]) => ({
  ...{ store: "postgres", key, fits, right, unasked },
  fault: "logs statements",
}));
/** nginx variables that hold what a caller sends: bodies, credentials, query strings. */
const PRIVATE =
  /\$(request_body|request_uri|args|query_string|request\b|http_authorization|http_cookie|cookie_\w+|arg_\w+|http_x_ds_signature|http_x_api_key)/;
/** Words and variables by which a program writes what it was asked. */
const TELLING_WORDS =
  /^--(enable-log-requests|enable-log-outputs|enable-log-deltas|log-level[= ]?(debug|trace)|uvicorn-log-level[= ]?(debug|trace))$/i;
const TELLING_VALUES: readonly (readonly [string, RegExp])[] = [
  ["GW_LOG_LEVEL", /^(debug|trace)$/i],
  ["GW_PROMPTS", /^(clear|plain|text)$/i],
  ["VLLM_LOGGING_LEVEL", /^(debug|trace)$/i],
  ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", /^(true|span.*|event.*|1)$/i],
];

export const logContent: Rule = {
  name: "log-content",
  description: "Logs and traces hold no prompts, answers, credentials or statements.",
  severity: "high",
  sees: "stack",
  about: "programs that log",
  applies: ({ type, props }) =>
    tellsStores({ type, props }) ||
    isParameterGroup(type) ||
    nginxTexts({ type, props }).length > 0,
  judge: ({ type, props, name }, report, context) => {
    const settings = () => judgeSettings({ type, props }, STATEMENTS, report, context);
    const nginx = nginxTexts({ type, props }).map((file) => () => judgeNginx(file, report));
    if (isParameterGroup(type)) {
      const { parameters } = props;
      const found = (key: string) =>
        (Array.isArray(parameters) ? parameters : []).find((one) => at(one, "name") === key);
      const value = (key: string) => at(found(key), "value");
      judgeTold({ where: name, store: "postgres", whole: true, value }, STATEMENTS, report);
    }
    const containers = podsOf(type, props).items.flatMap((pod) => containersOf(pod).items);
    judgeEach(
      [settings, ...nginx, ...containers.map((one) => () => judgeContainer(one, report, context))],
      (judge) => judge(),
    );
  },
};

function judgeNginx({ where, text }: NginxText, report: Report): void {
  for (const [format] of text.matchAll(/(?<=^|[\s;{}])log_format\s[^;]*;/g)) {
    const found = PRIVATE.exec(format)?.[0];
    if (found !== undefined)
      report.fails(`${where} logs ${found}. Log $uri, and no body or header.`);
  }
  // Without a format of ours it is nginx' own, with the whole line of the request.
  for (const [line] of text.matchAll(
    /(?<=^|[\s;{}])access_log\s+(?!off\b)[^\s;]+(\s+combined\b[^;]*)?\s*;/g,
  ))
    report.fails(`${where} logs $request (${line}). Name a log_format of its own.`);
}

function judgeContainer(container: Container, report: Report, context: Context): void {
  const where = whereOf(container.pod, container);
  const words = () => {
    for (const word of toldWords(container, context).filter((one) => TELLING_WORDS.test(one)))
      report.fails(`${where} is told to log what it is asked (${word}). Remove it.`);
  };
  const values = TELLING_VALUES.map(([name, telling]) => () => {
    const value = variableOf(container, name, context);
    if (value !== undefined && telling.test(value))
      report.fails(`${where}: ${name} is ${value}. Logs would hold content.`);
  });
  judgeEach([words, ...values], (judge) => judge());
}
