/**
 * Where nginx is told something, by what it is and not by what it is called: files of ConfigMaps and Secrets, and
 * words of containers, whoever mounts or runs them.
 */
import { isUnknownValue } from "../kubernetes/judge.ts";
import { containersOf, hasPods, kindOf, nameIn, podsOf, whereOf } from "../kubernetes/pods.ts";
import { filesIn, type NamedFile } from "../kubernetes/read.ts";
import type { Fields } from "../kubernetes/values.ts";
import { wordsOf } from "../kubernetes/variables.ts";

interface Place {
  readonly type: string;
  readonly props: Fields;
}

export interface NginxText {
  /** `ConfigMap edge, nginx.conf`: how a message begins. */
  readonly where: string;
  /** Throws where it is not known yet. */
  readonly text: string;
}

const NAME = /nginx[^/]*\.conf|\.nginx$/i;
const SERVER = /(^|[\s;{}])server\s*\{/;
const LISTEN = /(^|[\s;{}])listen\s/;
/** A part that another file includes, or that stands after `-g`. */
const PART = /(^|[\s;{}])(ssl_protocols|ssl_conf_command|log_format|access_log)\s+[^\s:=]/;
/** Files that are nginx' only where their text says so; of the others one that is not known yet may be. */
const OTHER_LANGUAGE = /\.(json|ya?ml|toml|sql|pem|crt|sh|md)$/i;
/** Most of a Secret is no file at all. */
const MAYBE_IN_SECRET = /nginx|\.conf$/i;

export function nginxTexts({ type, props }: Place): readonly NginxText[] {
  const kind = kindOf(type) ?? "";
  if (kind === "ConfigMap" || kind === "Secret") {
    const owner = `${kind} ${nameIn(props)}`;
    const maybe = (name: string) =>
      kind === "Secret" ? MAYBE_IN_SECRET.test(name) : !OTHER_LANGUAGE.test(name);
    return filesIn(props)
      .filter((file) => isNginx(file, maybe(file.name)))
      .map((file) => ({
        where: `${owner}, ${file.name}`,
        get text() {
          return file.text;
        },
      }));
  }
  if (!hasPods(type)) return [];
  return podsOf(type, props)
    .items.flatMap((pod) => containersOf(pod).items)
    .flatMap((container) =>
      wordsOf(container)
        .filter((text) => isNginx({ name: "", text }, false))
        .map((text) => ({ where: whereOf(container.pod, container), text })),
    );
}

/** `maybe`: whether it is taken for nginx' while its text is not known yet. */
function isNginx(file: NamedFile, maybe: boolean): boolean {
  try {
    const { name, text } = file;
    return (
      (NAME.test(name) && !OTHER_LANGUAGE.test(name)) ||
      (SERVER.test(text) && LISTEN.test(text)) ||
      PART.test(text)
    );
  } catch (error) {
    if (!isUnknownValue(error)) throw error;
    return maybe;
  }
}
