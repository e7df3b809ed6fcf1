/**
 * The stores speak TLS 1.3 and nothing less: Redis and PostgreSQL by all that they are told, CloudNativePG by
 * its parameters and those of its poolers, RDS by its parameter group, ElastiCache by its mode.
 */
import { DATABASE, isParameterGroup, REPLICATION_GROUP } from "../aws/resources.ts";
import type { Report, Rule } from "../judging/rule.ts";
import { isPostgresCluster, isPostgresPooler, nameIn } from "../kubernetes/pods.ts";
import { judgeSettings, type Setting, tellsStores } from "../kubernetes/store-settings.ts";
import { asFields, at, type Fields, textAt } from "../kubernetes/values.ts";

const SINGLE_CACHE = "aws:elasticache/cluster:Cluster";

const SETTINGS: readonly Setting[] = [
  {
    ...{ store: "postgres", key: "ssl", fits: /^(on|true|yes|1)$/i, right: "on", unasked: "off" },
    fault: "has no TLS",
  },
  {
    ...{ store: "postgres", key: "ssl_min_protocol_version", fits: /^TLSv1\.3$/i },
    ...{ right: "TLSv1.3", unasked: "TLSv1.2", fault: "takes less than TLS 1.3" },
  },
  {
    ...{ store: "redis", key: "tls-protocols", fits: /^TLSv1\.3$/i },
    ...{ right: "TLSv1.3", unasked: "TLSv1.2 TLSv1.3", fault: "takes less than TLS 1.3" },
  },
  {
    ...{ store: "redis", key: "tls-port", fits: /^[1-9]\d*$/, right: "6379" },
    fault: "has no port with TLS",
  },
  {
    ...{ store: "redis", key: "port", fits: /^0$/, right: "0", unasked: "6379" },
    fault: "leaves a plain port open",
  },
];

/** https://www.pgbouncer.org/config.html; an operator that knows no client_tls_protocols cannot keep this. */
const POOLER: readonly (readonly [key: string, fits: RegExp, right: string, unasked: string])[] = [
  ["client_tls_sslmode", /^(require|verify-ca|verify-full)$/, "require", "prefer"],
  ["client_tls_protocols", /^tlsv1\.3$/i, "tlsv1.3", "secure"],
  ["server_tls_sslmode", /^verify-(ca|full)$/, "verify-ca", "verify-ca"],
];

export const tls13Stores: Rule = {
  name: "tls13-stores",
  description: "Redis and PostgreSQL take TLS 1.3 only, and leave no plain port open.",
  severity: "high",
  sees: "stack",
  about: "stores or pods",
  applies: ({ type, props }) =>
    tellsStores({ type, props }) ||
    isPostgresPooler(type) ||
    isParameterGroup(type) ||
    [REPLICATION_GROUP, DATABASE, SINGLE_CACHE].includes(type),
  judge: ({ type, props, name }, report, context) => {
    if (isPostgresCluster(type)) judgeCluster(props, report);
    if (isPostgresPooler(type)) judgePooler(props, report);
    if (type === REPLICATION_GROUP) judgeCache(props, report);
    if (isParameterGroup(type)) judgeParameters(props, report);
    if (type === DATABASE && /^(default[.:].*)?$/.test(String(props["parameterGroupName"] ?? "")))
      report.fails(`${name} takes TLS 1.2 by its default parameters. Set parameterGroupName.`);
    if (type === SINGLE_CACHE && props["transitEncryptionEnabled"] !== true)
      report.fails(`${name} takes plain connections. Set transitEncryptionEnabled: true.`);
    judgeSettings({ type, props }, SETTINGS, report, context);
  },
};

function judgeCluster(props: Fields, report: Report): void {
  const where = `Cluster ${nameIn(props)}`;
  const rules = at(props, "spec", "postgresql", "pg_hba");
  const plain = (Array.isArray(rules) ? rules : []).filter(
    (line) => /^\s*host(nossl)?\s/.test(String(line)) && !/\sreject\s*$/.test(String(line)),
  );
  if (plain.length > 0)
    report.fails(`${where} lets callers in without TLS. Use hostssl in pg_hba.`);
  if (at(props, "spec", "postgresql", "enableAlterSystem") === true)
    report.fails(`${where} may be told otherwise by a statement. Remove enableAlterSystem.`);
}

/** PgBouncer, as the operator sets it up: unasked it takes plain callers, and TLS 1.2 on both sides. */
function judgePooler(props: Fields, report: Report): void {
  const where = `Pooler ${nameIn(props)}`;
  for (const [key, fits, right, unasked] of POOLER) {
    const value = textAt(props, "spec", "pgbouncer", "parameters", key) ?? unasked;
    if (!fits.test(value))
      report.fails(`${where} takes less than TLS 1.3 (${key} = ${value}). Set ${key} to ${right}.`);
  }
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
