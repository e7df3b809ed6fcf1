/**
 * What Redis and PostgreSQL are told in a cluster, wherever it stands: files known by their name or by what they
 * hold, scripts, words and variables of containers, statements of a first start, parameters of CloudNativePG.
 */
import type { Context, Report, Resource } from "../judging/rule.ts";
import { judgeEach } from "./judge.ts";
import {
  type Container,
  containersOf,
  hasPods,
  isPostgresCluster,
  kindOf,
  nameIn,
  podsOf,
  valuesAt,
  whereOf,
} from "./pods.ts";
import { argumentIn, filesIn, hasFileThat, type NamedFile, programOf, settingIn } from "./read.ts";
import { at, isPresent } from "./values.ts";
import { toldWords, variableOf, wordsOf } from "./variables.ts";

type Store = "redis" | "postgres";

export interface Setting {
  readonly store: Store;
  readonly key: string;
  readonly fits: RegExp;
  readonly right: string;
  /** What the store does where nobody says anything, if that does not fit. */
  readonly unasked?: string;
  /** How a message goes on about another value. */
  readonly fault: string;
}

/** What one place says. */
export interface Told {
  readonly where: string;
  /** Absent: it may be about either. */
  readonly store?: Store;
  /** Nothing else is said elsewhere: what is missing is done unasked. */
  readonly whole: boolean;
  readonly value: (key: string) => unknown;
}

/** Variables that become arguments of a server, or settings of its first start. */
const VARIABLES = [
  ...["REDIS_ARGS", "REDIS_EXTRA_FLAGS", "VALKEY_EXTRA_FLAGS"],
  ...["PGOPTIONS", "POSTGRES_INITDB_ARGS", "POSTGRESQL_EXTRA_FLAGS"],
];
const NAMES: Readonly<Record<Store, RegExp>> = {
  redis: /^(redis|valkey|sentinel)\.conf$/,
  postgres: /^postgresql(\.auto)?\.conf$/,
};
/** Words that only one of them has, at the beginning of a line. */
const OWN_WORDS: Readonly<Record<Store, RegExp>> = {
  redis:
    /^[ \t]*(tls-(port|protocols|cert-file|auth-clients)|appendonly|appendfsync|aclfile|maxmemory(-policy)?|protected-mode|requirepass|master(auth|user)|replicaof|sentinel)[ \t]+\S/im,
  postgres:
    /^[ \t]*(ssl|ssl_\w+|listen_addresses|shared_buffers|max_connections|wal_level|hba_file|password_encryption|log_(min_)?(statement|duration\w*|error_statement|transaction_sample_rate|parameter_max_length\w*)|auto_explain\.\w+|shared_preload_libraries)[ \t]*(=[ \t]*|[ \t]['"])[^\s;]+[ \t]*(#.*)?$/im,
};
/** A part of Redis' configuration that says no more than this. */
const PORT_ALONE = /^[ \t]*port[ \t]+\d+[ \t]*$/im;
/** Who says one of these says how callers come in, and must say it whole. */
const MAIN: Readonly<Record<Store, RegExp>> = {
  redis: /^[ \t]*(tls-port|bind)[ \t]/im,
  postgres: /^[ \t]*(ssl|listen_addresses)[ \t]*[= \t]/im,
};
const SCRIPT_NAME = /\.(sh|sql)$/;
const SCRIPT =
  /\b(redis|valkey|sentinel|postgres|psql|initdb|alter\s+(system|database|role|user)|config\s+set)\b/i;
const REDIS = /redis|valkey/i;
/** Where a file may be about a store although nobody knows yet what it holds. */
const MAYBE = /(\.conf|\.sh|\.sql)$/;
const FIRST_STATEMENTS = ["postInitSQL", "postInitApplicationSQL", "postInitTemplateSQL"];

/** Is a rule about stores' settings about this object? */
export function tellsStores({ type, props }: Pick<Resource, "type" | "props">): boolean {
  if (hasPods(type) || isPostgresCluster(type)) return true;
  return hasFiles(type) && hasFileThat(props, (file) => toldByFile("", file) !== undefined, MAYBE);
}

export function judgeSettings(
  { type, props }: Pick<Resource, "type" | "props">,
  settings: readonly Setting[],
  report: Report,
  context: Context,
): void {
  if (hasFiles(type)) {
    judgeEach(filesIn(props), (file) => {
      judgeTold(toldByFile(`${kindOf(type)} ${nameIn(props)}, `, file), settings, report);
    });
  }
  if (isPostgresCluster(type)) judgeTold(toldByCluster(props), settings, report);
  judgeEach(podsOf(type, props).items, (pod) => {
    judgeEach(containersOf(pod).items, (container) => {
      // Each for itself: one that cannot be known must not hide what the others say.
      judgeEach([toldWords, ...VARIABLES.map(told)], (texts) => {
        judgeTold(toldByContainer(container, texts(container, context)), settings, report);
      });
    });
  });
}

export function judgeTold(
  told: Told | undefined,
  settings: readonly Setting[],
  report: Report,
): void {
  if (told === undefined) return;
  for (const { store, key, fits, right, unasked, fault } of settings) {
    if (told.store !== undefined && told.store !== store) continue;
    const value = String(told.value(key) ?? (told.whole ? unasked : undefined) ?? right);
    if (fits.test(value)) continue;
    report.fails(`${told.where} ${fault} (${key} = ${value}). Set ${key} to ${right}.`);
  }
}

function hasFiles(type: string): boolean {
  return ["ConfigMap", "Secret"].includes(kindOf(type) ?? "");
}

function toldByFile(owner: string, { name, text }: NamedFile): Told | undefined {
  const where = `${owner}${name}`;
  if (SCRIPT_NAME.test(name) || text.startsWith("#!"))
    return SCRIPT.test(text) ? toldByScript(where, text, REDIS.test(text)) : undefined;
  const store = (["redis", "postgres"] as const).find(
    (one) =>
      NAMES[one].test(name) ||
      OWN_WORDS[one].test(text) ||
      (one === "redis" && /\.conf$/.test(name) && PORT_ALONE.test(text)),
  );
  if (store === undefined) return undefined;
  const whole = NAMES[store].test(name) || MAIN[store].test(text);
  return { where, store, whole, value: (key) => settingIn(text, key) };
}

function toldByScript(where: string, text: string, isRedis: boolean): Told {
  const value = (key: string) =>
    // Many programs have an argument of this name; of Redis it is the plain one.
    key === "port" && !isRedis ? undefined : (argumentIn(text, key) ?? statementIn(text, key));
  return { where, whole: false, value };
}

/** What one variable says. */
function told(name: string) {
  return (container: Container, context: Context) => [variableOf(container, name, context) ?? ""];
}

function toldByContainer(container: Container, texts: readonly string[]): Told {
  const { pod, name, fields } = container;
  const text = texts.join("\n");
  const names = [programOf(pod), name, fields["image"], ...wordsOf(container), text].join(" ");
  return toldByScript(whereOf(pod, container), text, REDIS.test(names));
}

function toldByCluster(props: Resource["props"]): Told {
  const statements = FIRST_STATEMENTS.flatMap((key) =>
    valuesAt(props, ["spec", "bootstrap", "initdb", key, "*"]),
  ).join(";\n");
  const parameters = at(props, "spec", "postgresql", "parameters");
  const value = (key: string) => {
    const found = at(parameters, key);
    // Its operator never leaves TLS away.
    const always = key === "ssl" ? "on" : undefined;
    return statementIn(statements, key) ?? (isPresent(found) ? found : always);
  };
  return { where: `Cluster ${nameIn(props)}`, store: "postgres", whole: true, value };
}

/** `ALTER SYSTEM SET ssl = off`, for one database or role as well; `CONFIG SET port 6379`. */
function statementIn(text: string, key: string): string | undefined {
  const form = new RegExp(
    `\\b(?:alter\\s+(?:system|database|role|user)\\b[^;]*?\\sset|config\\s+set)\\s+["']?${key.replaceAll(".", "\\.")}["']?\\s*(?:=|\\sto\\s|\\s)\\s*["']*([^"';\\s\\\\]+)`,
    "gi",
  );
  return [...text.matchAll(form)].at(-1)?.[1];
}
