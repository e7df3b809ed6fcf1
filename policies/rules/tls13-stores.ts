/**
 * The stores speak TLS 1.3 and nothing less: Redis and PostgreSQL by their configuration files and the
 * arguments that go before them, a CloudNativePG cluster by its parameters, RDS by its parameter group,
 * ElastiCache by its mode.
 */
import { isParameterGroup } from "../aws/resources.ts";
import type { Report, Rule } from "../judging/rule.ts";
import { judgeEach } from "../kubernetes/judge.ts";
import {
  type Container,
  containersOf,
  hasPods,
  isPostgresCluster,
  kindOf,
  nameIn,
  type Pod,
  podsOf,
  whereOf,
} from "../kubernetes/pods.ts";
import { argumentOf, filesOf, hasFile, programOf, settingIn, wordsOf } from "../kubernetes/read.ts";
import { asFields, at, type Fields, isPresent, textAt } from "../kubernetes/values.ts";

const FILES = /^(redis|sentinel|postgresql)\.conf$/;
const REPLICATION_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup";
const SINGLE_CACHE = "aws:elasticache/cluster:Cluster";
const DATABASE = "aws:rds/instance:Instance";

/** What arguments may say, where they say anything; the last is an example that fits. */
const ARGUMENTS: readonly (readonly [name: string, fits: RegExp, right: string])[] = [
  ["ssl", /^on$/i, "on"],
  ["ssl_min_protocol_version", /^TLSv1\.3$/i, "TLSv1.3"],
  ["tls_protocols", /^TLSv1\.3$/i, "TLSv1.3"],
  ["tls_port", /^[1-9]\d*$/, "6379"],
];
/** Many programs have an argument of this name; of Redis it is the plain one. */
const PORT_OFF = ["port", /^0$/, "0"] as const;
const REDIS = /redis|valkey/i;

export const tls13Stores: Rule = {
  name: "tls13-stores",
  description: "Redis and PostgreSQL take TLS 1.3 only, and leave no plain port open.",
  severity: "high",
  sees: "resource",
  about: "stores or pods",
  applies: ({ type, props }) =>
    (kindOf(type) === "ConfigMap" && hasFile(props, FILES)) ||
    isPostgresCluster(type) ||
    isParameterGroup(type) ||
    [REPLICATION_GROUP, DATABASE, SINGLE_CACHE].includes(type) ||
    hasPods(type),
  judge: ({ type, props, name }, report) => {
    if (kindOf(type) === "ConfigMap") judgeFiles(props, report);
    if (isPostgresCluster(type)) judgeCluster(props, report);
    if (type === REPLICATION_GROUP) judgeCache(props, report);
    if (isParameterGroup(type)) judgeParameters(props, report);
    if (type === DATABASE && !isPresent(props["parameterGroupName"]))
      report.fails(`${name} takes TLS 1.2 by its default parameters. Set parameterGroupName.`);
    if (type === SINGLE_CACHE && props["transitEncryptionEnabled"] !== true)
      report.fails(`${name} takes plain connections. Set transitEncryptionEnabled: true.`);
    judgeEach(podsOf(type, props).items, (pod) => {
      judgeEach(containersOf(pod).items, (one) => judgeArguments(pod, one, report));
    });
  },
};

function judgeArguments(pod: Pod, container: Container, report: Report): void {
  const rows = isRedis(pod, container) ? [...ARGUMENTS, PORT_OFF] : ARGUMENTS;
  for (const [argument, fits, right] of rows) {
    const value = argumentOf(container, argument) ?? right;
    if (fits.test(value)) continue;
    const where = whereOf(pod, container);
    report.fails(`${where} is started with ${argument} ${value}. Set it to ${right}.`);
  }
}

function isRedis(pod: Pod, container: Container): boolean {
  const { image } = container.fields;
  return REDIS.test([programOf(pod), container.name, image, ...wordsOf(container)].join(" "));
}

function judgeFiles(props: Fields, report: Report): void {
  for (const { name, text } of filesOf(props, FILES)) {
    const where = `ConfigMap ${nameIn(props)}, ${name}`;
    if (name === "postgresql.conf") {
      if (settingIn(text, "ssl") !== "on") report.fails(`${where} has no TLS. Set ssl = on.`);
      const least = settingIn(text, "ssl_min_protocol_version");
      if (least !== "TLSv1.3") {
        report.fails(
          `${where} takes ${least ?? "TLSv1.2"}. Set ssl_min_protocol_version to TLSv1.3.`,
        );
      }
      continue;
    }
    if (settingIn(text, "port") !== "0")
      report.fails(`${where} leaves a plain port open. Set port 0.`);
    const protocols = settingIn(text, "tls-protocols");
    if (protocols !== "TLSv1.3") {
      report.fails(
        `${where} takes ${protocols ?? "TLSv1.2 TLSv1.3"}. Set tls-protocols "TLSv1.3".`,
      );
    }
  }
}

function judgeCluster(props: Fields, report: Report): void {
  const where = `Cluster ${nameIn(props)}`;
  const least = textAt(props, "spec", "postgresql", "parameters", "ssl_min_protocol_version");
  if (least !== "TLSv1.3") {
    report.fails(`${where} takes ${least ?? "any version"} of TLS. Set ssl_min_protocol_version.`);
  }
  const rules = at(props, "spec", "postgresql", "pg_hba");
  const plain = (Array.isArray(rules) ? rules : []).filter(
    (line) => /^\s*host(nossl)?\s/.test(String(line)) && !/\sreject\s*$/.test(String(line)),
  );
  if (plain.length > 0)
    report.fails(`${where} lets callers in without TLS. Use hostssl in pg_hba.`);
}

function judgeCache(props: Fields, report: Report): void {
  const where = `ElastiCache ${textAt(props, "replicationGroupId") ?? "(named later)"}`;
  if (props["transitEncryptionEnabled"] !== true || props["transitEncryptionMode"] !== "required") {
    report.fails(`${where} takes plain connections. Set transitEncryptionMode: required.`);
  }
}

function judgeParameters(props: Fields, report: Report): void {
  const where = `Parameter group ${textAt(props, "name") ?? "(named later)"}`;
  const { parameters } = props;
  const value = (name: string) =>
    textAt(
      (Array.isArray(parameters) ? parameters : []).find((one) => asFields(one)?.["name"] === name),
      "value",
    );
  if (value("rds.force_ssl") !== "1")
    report.fails(`${where} takes plain connections. Set rds.force_ssl to 1.`);
  const least = value("ssl_min_protocol_version");
  if (least !== "TLSv1.3") {
    report.fails(`${where} takes ${least ?? "TLSv1.2"}. Set ssl_min_protocol_version to TLSv1.3.`);
  }
}
