/**
 * nginx speaks TLS 1.3 and nothing older, on every server. The default server counts above all:
 * nginx agrees the protocol before it knows which name was asked for, so an older protocol on the
 * default server is open for every name on that port. Where `ssl_protocols` is absent, nginx's own
 * default takes TLS 1.2 as well (https://nginx.org/en/docs/http/ngx_http_ssl_module.html).
 */
import type { Rule } from "../judging/rule.ts";
import { judgeEach } from "../kubernetes/judge.ts";
import { type Container, containersOf, podsOf, whereOf } from "../kubernetes/pods.ts";
import type { Fields } from "../kubernetes/values.ts";
import { wordsOf } from "../kubernetes/variables.ts";
import { nginxTexts } from "./nginx-files.ts";
import { type Directive, NginxSyntaxError, parseNginx } from "./nginx-syntax.ts";

/** Programs that end TLS by a configuration in another language, by their image or their command. */
const OTHER_PROXIES =
  /(^|[\s/])(haproxy|envoy|traefik|caddy|httpd|apache2|stunnel4?|ghostunnel|hitch|socat|kong|apisix|proxyv2)([-:@\s]|$)/;

export const tls13Only: Rule = {
  name: "tls13-only",
  description: "nginx accepts TLS 1.3 only, on every server and on the default server.",
  severity: "high",
  sees: "resource",
  about: "configuration of nginx",
  applies: ({ type, props }) =>
    nginxTexts({ type, props }).length > 0 || otherProxies(type, props).length > 0,
  judge: ({ type, props }, report) => {
    for (const proxy of otherProxies(type, props)) {
      const where = whereOf(proxy.pod, proxy);
      report.notEvaluated(
        `Not known: which TLS ${where} takes, since nginx alone is judged. Use the edge.`,
      );
    }
    judgeEach(nginxTexts({ type, props }), (file) => {
      for (const fault of faultsOf(file.text)) report.fails(`${file.where}: ${fault}`);
    });
  },
};

function otherProxies(type: string, props: Fields): Container[] {
  return podsOf(type, props)
    .items.flatMap((pod) => containersOf(pod).items)
    .filter((one) => {
      const [program = ""] = wordsOf(one);
      return [one.fields["image"], program].some((text) => OTHER_PROXIES.test(String(text ?? "")));
    });
}

function faultsOf(text: string): string[] {
  try {
    const faults: string[] = [];
    judgeBlock(parseNginx(text), undefined, faults);
    return faults;
  } catch (error) {
    if (!(error instanceof NginxSyntaxError)) throw error;
    return [`cannot be read: ${error.message}. Check it with nginx -t.`];
  }
}

/** Walks down with the `ssl_protocols` that the blocks above have set. */
function judgeBlock(
  directives: readonly Directive[],
  inherited: readonly string[] | undefined,
  faults: string[],
): void {
  const own = directives.filter((one) => one.name === "ssl_protocols").at(-1);
  const protocols = own?.words ?? inherited;
  // Where no server stands around it, another file's does.
  if (own !== undefined && inherited === undefined && !isOnly13(own.words) && isPart(directives)) {
    faults.push(`ssl_protocols ${own.words.join(" ")} takes less than TLS 1.3.`);
  }
  for (const one of directives) {
    if (/^(proxy|grpc|uwsgi)_ssl_protocols$/.test(one.name) && !isOnly13(one.words)) {
      faults.push(`${one.name} ${one.words.join(" ")} lets a connection go out below TLS 1.3.`);
    }
    // OpenSSL's own words stand above nginx'.
    if (/ssl_conf_command$/.test(one.name) && /^(Min)?Protocol$/i.test(one.words[0] ?? "")) {
      if (!isOnly13(one.words.slice(1)))
        faults.push(`${one.name} ${one.words.join(" ")} takes less than TLS 1.3. Remove it.`);
    }
    if (one.block === undefined) continue;
    if (one.name === "server") judgeServer(one.block, protocols, faults);
    judgeBlock(one.block, protocols, faults);
  }
}

/** No server in it, nor around it. */
function isPart(directives: readonly Directive[]): boolean {
  return directives.every(
    ({ name, block }) =>
      name !== "server" && name !== "listen" && (block === undefined || isPart(block)),
  );
}

function judgeServer(
  block: readonly Directive[],
  inherited: readonly string[] | undefined,
  faults: string[],
): void {
  const listens = block.filter((one) => one.name === "listen");
  const secure = listens.filter((one) =>
    one.words.some((word) => word === "ssl" || word === "quic"),
  );
  const ssl = block.some((one) => one.name === "ssl" && one.words[0] === "on");
  if (!ssl) judgePlain(block, faults);
  if (secure.length === 0 && !ssl) return;
  const protocols = block.filter((one) => one.name === "ssl_protocols").at(-1)?.words ?? inherited;
  if (protocols !== undefined && isOnly13(protocols)) return;
  const address = (secure[0] ?? listens[0])?.words[0] ?? "80";
  const isDefault = listens.some((one) => one.words.includes("default_server"));
  const which = `${isDefault ? "the default server" : `server ${nameOf(block)}`} on ${address}`;
  const found = protocols === undefined ? "takes nginx's default" : `takes ${protocols.join(" ")}`;
  faults.push(`${which} ${found}. Set ssl_protocols TLSv1.3;`);
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\]|unix)(:|$)/;

/** A plain port sends callers to the other one, and passes nothing on. */
function judgePlain(block: readonly Directive[], faults: string[]): void {
  const listens = block.filter(({ name }) => name === "listen").map(({ words }) => words);
  // nginx' own default, where nothing is said.
  const plain = (listens.length === 0 ? [["80"]] : listens).find(
    (words) =>
      !words.some((word) => word === "ssl" || word === "quic") && !LOOPBACK.test(words[0] ?? ""),
  );
  if (plain === undefined || !passes(block)) return;
  faults.push(`server ${nameOf(block)} passes calls on without TLS (listen ${plain[0]}).`);
}

function passes(block: readonly Directive[]): boolean {
  return block.some(
    ({ name, block: inner }) => /^\w+_pass$/.test(name) || (inner !== undefined && passes(inner)),
  );
}

function isOnly13(protocols: readonly string[]): boolean {
  return protocols.length > 0 && protocols.every((protocol) => protocol === "TLSv1.3");
}

function nameOf(block: readonly Directive[]): string {
  return block.find((one) => one.name === "server_name")?.words[0] ?? "without a name";
}
