/**
 * Logs and traces hold who did what, never what was said: no prompts, answers, credentials, query strings
 * or statements, since each may be somebody's personal data and all are kept for months.
 */
import type { Report, Rule } from "../judging/rule.ts";
import { judgeEach } from "../kubernetes/judge.ts";
import {
  type Container,
  containersOf,
  hasPods,
  kindOf,
  nameIn,
  podsOf,
  whereOf,
} from "../kubernetes/pods.ts";
import { filesOf, hasFile, settingIn, variableOf, wordsOf } from "../kubernetes/read.ts";
import { at, type Fields, textAt } from "../kubernetes/values.ts";
import { isPostgresCluster } from "./tls13-stores.ts";

const NGINX = /nginx[^/]*\.conf$/;
const POSTGRES = /^postgresql\.conf$/;
const PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup";
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
  sees: "resource",
  about: "programs that log",
  applies: ({ type, props }) =>
    hasPods(type) ||
    isPostgresCluster(type) ||
    type === PARAMETER_GROUP ||
    (kindOf(type) === "ConfigMap" && (hasFile(props, NGINX) || hasFile(props, POSTGRES))),
  judge: ({ type, props, name }, report) => {
    if (kindOf(type) === "ConfigMap") return judgeFiles(props, report);
    if (isPostgresCluster(type)) {
      const value = textAt(props, "spec", "postgresql", "parameters", "log_statement");
      return judgeStatements(`Cluster ${nameIn(props)}`, value, report);
    }
    if (type === PARAMETER_GROUP) {
      const list = props["parameters"];
      const found = (Array.isArray(list) ? list : []).find(
        (one) => at(one, "name") === "log_statement",
      );
      return judgeStatements(name, textAt(found, "value"), report);
    }
    judgeEach(podsOf(type, props).items, (pod) => {
      judgeEach(containersOf(pod).items, (one) => judgeContainer(whereOf(pod, one), one, report));
    });
  },
};

function judgeFiles(props: Fields, report: Report): void {
  const where = `ConfigMap ${nameIn(props)}`;
  for (const { name, text } of filesOf(props, NGINX)) {
    for (const [format] of text.matchAll(/^[ \t]*log_format\s[^;]*;/gm)) {
      const found = PRIVATE.exec(format)?.[0];
      if (found !== undefined)
        report.fails(`${where}, ${name} logs ${found}. Log $uri, and no body or header.`);
    }
    // Without a format of ours it is nginx' own, with the whole line of the request.
    for (const [line] of text.matchAll(
      /^[ \t]*access_log\s+(?!off\b)\S+(\s+combined\b[^;]*)?\s*;/gm,
    ))
      report.fails(
        `${where}, ${name} logs $request (${line.trim()}). Name a log_format of its own.`,
      );
  }
  for (const { name, text } of filesOf(props, POSTGRES)) {
    judgeStatements(`${where}, ${name}`, settingIn(text, "log_statement"), report);
  }
}

/** PostgreSQL's own default is none. */
function judgeStatements(where: string, value: string | undefined, report: Report): void {
  if (value === undefined || value === "none") return;
  report.fails(
    `${where} logs statements (${value}), and with them values. Set log_statement: none.`,
  );
}

function judgeContainer(where: string, container: Container, report: Report): void {
  for (const word of wordsOf(container)) {
    if (TELLING_WORDS.test(word))
      report.fails(`${where} is told to log what it is asked (${word}). Remove it.`);
  }
  for (const [name, telling] of TELLING_VALUES) {
    const value = variableOf(container, name);
    if (value !== undefined && telling.test(value))
      report.fails(`${where}: ${name} is ${value}. Logs would hold content.`);
  }
}
