/**
 * Secrets live in Secrets. Neither a ConfigMap nor a literal variable nor an argument of a program
 * may hold one: all three are read by whoever may read the object, and end up in logs and dumps. So do the
 * texts that a cloud hands to machines and services, plain parameters and tags.
 * A message names the place and never the value.
 */
import { userDataTexts } from "../aws/user-data.ts";
import type { Rule } from "../judging/rule.ts";
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
import { asFields, type Fields } from "../kubernetes/values.ts";

/** Names that promise a secret; `_FILE` and `_PATH` promise only where it is. */
const SECRET_NAME =
  /(^|[_.-])(pass|pwd|secret|token|credentials?|(api|access|private|hmac|signing|encryption|master)[_-]?key|auth)$|pass(word|wd|phrase)$|^(requirepass|masterauth)$/i;
const POINTER_NAME = /[_.-](file|path|dir|folder|name|header|url|ttl|seconds|ms|count|max|min)$/i;

/** Texts that are a secret wherever they stand. */
const SECRET_TEXTS: readonly [what: string, pattern: RegExp][] = [
  ["a private key", /-----BEGIN (RSA |EC |OPENSSH |ENCRYPTED |DSA )?PRIVATE KEY-----/],
  ["an AWS access key", /\b(AKIA|ASIA)[0-9A-Z]{16}\b/],
  ["an API key", /\bc?sk-[A-Za-z0-9_-]{20,}|\bnvapi-[A-Za-z0-9_-]{20,}|\bhf_[A-Za-z0-9]{30,}/],
  ["a forge's token", /\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_\w{50,}|\bglpat-[\w-]{20,}/],
  ["a signed token", /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+/],
  ["a password inside an address", /\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"'$]*:[^\s:/@"'${}<>]+@/i],
];

/** `requirepass hunter2`, `password: hunter2` in a configuration file. */
const SETTING =
  /^[ \t]*["']?([\w.-]*(?:pass(?:word|wd|phrase)?|secret|requirepass|masterauth|api[_-]?key|access[_-]?key|private[_-]?key))["']?[ \t]*[:= \t][ \t]*["']?([^\s"',;]+)/gim;

/** `export DB_PASSWORD=hunter2`, `Environment="DB_PASSWORD=hunter2"` in a shell's line or a unit. */
const ASSIGNMENT = /(?<![\w$-])([A-Z][A-Z0-9_]*)=["']?([^\s"'`;\\]+)/g;

const PARAMETER = "aws:ssm/parameter:Parameter";

/** What a cloud keeps as plain text, by the types that have it. */
const CLOUD_TEXTS: Readonly<Record<string, readonly string[]>> = {
  "aws:ec2/launchTemplate:LaunchTemplate": ["userData"],
  "aws:ec2/launchConfiguration:LaunchConfiguration": ["userData", "userDataBase64"],
  "aws:ec2/instance:Instance": ["userData", "userDataBase64"],
  "aws:ec2/spotInstanceRequest:SpotInstanceRequest": ["userData", "userDataBase64"],
  "aws:eks/addon:Addon": ["configurationValues"],
  "aws:ecs/taskDefinition:TaskDefinition": ["containerDefinitions"],
  "aws:lambda/function:Function": ["environment"],
  "aws:cloudformation/stack:Stack": ["templateBody", "parameters"],
  [PARAMETER]: ["value", "insecureValue", "description"],
};
/** Whoever may list a thing of AWS reads them, and bills and inventories hold them. */
const TAGS = ["tags", "tagSpecifications", "defaultTags"];

/** Stands for a text that nobody could read. */
const UNREADABLE = "\0";

/** nginx's words for where a request goes: `proxy_pass https://gateway`. */
const NGINX_PASS = /^(proxy|fastcgi|grpc|uwsgi|scgi|memcached)_pass$/i;

export const noPlainSecrets: Rule = {
  name: "no-plain-secrets",
  description: "No secret in a ConfigMap, a literal variable, an argument or a cloud's plain text.",
  severity: "critical",
  sees: "resource",
  about: "ConfigMaps, pods or resources of a cloud",
  applies: ({ type }) => kindOf(type) === "ConfigMap" || hasPods(type) || isOfAws(type),
  judge: ({ type, props, name }, report) => {
    judgeEach(isOfAws(type) ? [...(CLOUD_TEXTS[type] ?? []), ...TAGS] : [], (key) => {
      // Such a parameter is kept under a key.
      if (type === PARAMETER && key === "value" && props["type"] === "SecureString") return;
      const own = type === PARAMETER && key !== "description" ? pathEnd(props["name"]) : undefined;
      const faults = textsIn(own ?? key, props[key]).map(
        ([called, text]) => faultOf(called, text) ?? argumentFault(text, ""),
      );
      const fault = faults.find((one) => one !== undefined);
      if (fault === undefined) return;
      report.fails(`${name}, ${key} holds ${fault}. Let it be read from a store of secrets.`);
    });
    if (kindOf(type) === "ConfigMap") judgeConfigMap(props, report.fails);
    judgeEach(podsOf(type, props).items, (pod) => {
      judgeEach(containersOf(pod).items, (container) => {
        judgeContainer(whereOf(pod, container), container, report.fails);
      });
    });
  },
};

function isOfAws(type: string): boolean {
  return type.startsWith("aws:") || type === "pulumi:providers:aws";
}

/** `password` of `/deepseek/ledger/password`. */
function pathEnd(name: unknown): string | undefined {
  return typeof name === "string" ? name.split("/").at(-1) : undefined;
}

function judgeConfigMap(props: Fields, report: (message: string) => void): void {
  const name = `ConfigMap ${nameIn(props)}`;
  const data = asFields(props.data) ?? {};
  const binary = asFields(props.binaryData) ?? {};
  judgeEach(Object.keys(data), (key) => {
    const fault = faultOf(key, data[key]);
    if (fault !== undefined) report(`${name}, ${key} holds ${fault}. Move it to a Secret.`);
  });
  judgeEach(Object.keys(binary), (key) => {
    const text = Buffer.from(String(binary[key]), "base64").toString("latin1");
    const fault = faultOf(key, text);
    if (fault !== undefined) report(`${name}, ${key} holds ${fault}. Move it to a Secret.`);
  });
}

function judgeContainer(
  where: string,
  container: Container,
  report: (message: string) => void,
): void {
  const { env } = container.fields;
  judgeEach(Array.isArray(env) ? env.keys() : [], (index) => {
    const entry = asFields((env as unknown[])[index]);
    if (entry === undefined) {
      report(`${where}: env[${index}] is no variable.`);
      return;
    }
    const name = String(entry.name);
    const fault = faultOf(name, entry.value);
    if (fault !== undefined)
      report(`${where}, variable ${name} holds ${fault}. Use a secretKeyRef.`);
  });
  for (const key of ["command", "args"] as const) {
    const list = container.fields[key];
    judgeEach(Array.isArray(list) ? list.keys() : [], (index) => {
      const words = list as unknown[];
      const fault = argumentFault(String(words[index]), String(words[index - 1] ?? ""));
      if (fault === undefined) return;
      report(`${where}, ${key}[${index}] holds ${fault}. Use a file from a Secret.`);
    });
  }
}

/** Every text of a value with the name that it goes by, those within JSON and base64 included. */
function textsIn(name: string, value: unknown): (readonly [name: string, text: string])[] {
  if (typeof value === "string") {
    const inner = jsonIn(value);
    if (inner !== undefined) return textsIn(name, inner);
    const texts = /^userData/.test(name) ? userDataTexts(value) : [value];
    return (texts ?? [UNREADABLE]).map((text) => [name, text]);
  }
  if (Array.isArray(value)) return value.flatMap((one) => textsIn(name, one));
  const fields = asFields(value) ?? {};
  return Object.entries(fields).flatMap(([key, one]) =>
    textsIn(nameBeside(key, fields) ?? key, one),
  );
}

/** `{ name: "API_KEY", value: … }`, `{ key: "token", value: … }`. */
function nameBeside(key: string, { name, key: other }: Fields): string | undefined {
  if (key !== "value") return undefined;
  return [name, other].find((one): one is string => typeof one === "string");
}

function jsonIn(text: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** What secret a named value is; undefined: none. */
function faultOf(name: string, value: unknown): string | undefined {
  if (typeof value !== "string" || value.trim() === "") return undefined;
  if (value === UNREADABLE) return "what is compressed and cannot be read";
  const known = SECRET_TEXTS.find(([, pattern]) => pattern.test(value));
  if (known !== undefined) return known[0];
  if (SECRET_NAME.test(separated(name)) && !POINTER_NAME.test(name) && !isPointer(value)) {
    return "what its name calls a secret";
  }
  for (const [, setting = "", content = ""] of value.matchAll(SETTING)) {
    if (POINTER_NAME.test(setting) || NGINX_PASS.test(setting) || isPointer(content)) continue;
    return `the setting ${setting}`;
  }
  return undefined;
}

/** `clientSecret` as `client_Secret`. */
function separated(name: string): string {
  return name.replace(/([a-z])(?=[A-Z])/g, "$1_");
}

/** `--password=x`, `--password x` in two words, and either or `PASSWORD=x` within a shell's line. */
function argumentFault(text: string, before: string): string | undefined {
  const flag = /^--?([\w.-]+)=(.+)$/s.exec(text);
  if (flag !== null) return faultOf(flag[1] ?? "", flag[2]);
  const [, name = ""] = /^--?([\w.-]+)$/.exec(before) ?? [];
  const own = faultOf(text.startsWith("-") ? "" : name, text);
  if (own !== undefined) return own;
  const flags = text.matchAll(/(?<=\s)--?([\w.-]+)[= ]["']?([^\s"'-][^\s"']*)/g);
  return [...flags, ...text.matchAll(ASSIGNMENT)]
    .map(([, inner = "", value]) => faultOf(inner, value))
    .find((fault) => fault !== undefined);
}

/** A path, a reference to a variable, or a word for "none" tells no secret. */
function isPointer(value: string): boolean {
  return (
    /^(\/|\$|%|<|\{\{|@|file:)/.test(value) ||
    /^(true|false|none|null|off|on|no|yes|\d{1,4})$/i.test(value)
  );
}
