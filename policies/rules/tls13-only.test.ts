import { describe, expect, test } from "vitest";
import { judge, UNKNOWN } from "./test-judge.ts";
import { CONFIG_MAP, container, DEPLOYMENT, labelled } from "./test-objects.ts";
import { tls13Only } from "./tls13-only.ts";

async function faults(text: unknown, key = "nginx.conf") {
  const props = { metadata: { name: "edge" }, data: { [key]: text } };
  return (await judge(tls13Only, CONFIG_MAP, props)).violations;
}

const GOOD = `http {
  ssl_protocols TLSv1.3;
  server { listen 8443 ssl default_server; return 421; }
  server { listen 8443 ssl; server_name api.example.org; }
  server { listen 8080; return 308 https://$host$request_uri; }
}`;

test("TLS 1.3 for all servers passes", async () => {
  expect(await faults(GOOD)).toEqual([]);
  expect(await faults("server { listen 443 ssl; ssl_protocols TLSv1.3; }", "site")).toEqual([]);
});

test.each([
  ["an older protocol", GOOD.replace("TLSv1.3;", "TLSv1.2 TLSv1.3;"), 2],
  ["none named at all", GOOD.replace("ssl_protocols TLSv1.3;", ""), 2],
  ["one commented out", GOOD.replace("ssl_protocols", "# ssl_protocols"), 2],
  ["an empty list", GOOD.replace("ssl_protocols TLSv1.3;", "ssl_protocols;"), 2],
  [
    "the default server alone",
    GOOD.replace("return 421;", "ssl_protocols TLSv1.2 TLSv1.3; return 421;"),
    1,
  ],
  ["the old way of writing ssl", "server { listen 443; ssl on; }", 1],
  ["QUIC beside TLS", "server { listen 443 quic; ssl_protocols TLSv1.2; }", 1],
  ["a stream server", "stream { server { listen 6379 ssl; ssl_protocols TLSv1.2; } }", 1],
  [
    "an old protocol to the upstream",
    GOOD.replace("http {", "http { proxy_ssl_protocols TLSv1.2;"),
    1,
  ],
  [
    "OpenSSL's word above nginx'",
    GOOD.replace("return 421;", "ssl_conf_command MinProtocol TLSv1.2; return 421;"),
    1,
  ],
  [
    "a plain port that passes calls on",
    "server { listen 8081; location / { proxy_pass http://g; } }",
    1,
  ],
  [
    "the plain port of a server that names none",
    GOOD.replace("server {", "server { proxy_pass http://g; } server {"),
    1,
  ],
  [
    "a plain port beside TLS",
    "server { listen 1 ssl; listen 2; ssl_protocols TLSv1.3; proxy_pass g; }",
    1,
  ],
])("refuses %s", async (_, text, count) => {
  expect(await faults(text)).toHaveLength(count);
});

test("the message names the default server and the way out", async () => {
  const text = "server { listen 8443 ssl default_server; ssl_protocols TLSv1.2; }";
  expect(await faults(text)).toEqual([
    "ConfigMap edge, nginx.conf: the default server on 8443 takes TLSv1.2. Set ssl_protocols TLSv1.3;",
  ]);
});

test("a later directive in the same block wins, an inner one overrides", async () => {
  const twice = "http { ssl_protocols TLSv1.2; ssl_protocols TLSv1.3; server { listen 1 ssl; } }";
  expect(await faults(twice)).toEqual([]);
  const inner = "http { ssl_protocols TLSv1.2; server { listen 1 ssl; ssl_protocols TLSv1.3; } }";
  expect(await faults(inner)).toEqual([]);
});

test("what cannot be read is refused", async () => {
  expect(await faults("http { server {")).toEqual([expect.stringContaining("cannot be read")]);
});

test("other texts are not nginx's", async () => {
  expect(await faults("server: {listen: 1}", "app.yaml")).toEqual([]);
  expect(await faults("port 6379", "redis.conf")).toEqual([]);
  expect(await faults(undefined)).toEqual([]);
});

describe("wherever it stands", () => {
  const OLD = "server { listen 8443 ssl; ssl_protocols TLSv1.2; }";
  const encoded = Buffer.from(OLD).toString("base64");
  const SECRET = "kubernetes:core/v1:Secret";
  const run = (over: object) => labelled("tool", { containers: [container({ ...over })] });

  test.each([
    ["in a file of another language", CONFIG_MAP, { data: { "site.json": OLD } }],
    ["in a file without a suffix", CONFIG_MAP, { data: { default: OLD } }],
    ["in a binary file", CONFIG_MAP, { binaryData: { "a.bin": encoded } }],
    ["in a Secret", SECRET, { kind: "Secret", data: { site: encoded } }],
    ["in a Secret's own text", SECRET, { kind: "Secret", stringData: { site: OLD } }],
    ["in words", DEPLOYMENT, run({ args: ["-g", "ssl_protocols TLSv1.2;"] })],
    [
      "in words of an init container",
      DEPLOYMENT,
      labelled("tool", {
        initContainers: [
          container({ command: ["sh", "-c", `echo "${OLD}" > /etc/nginx/nginx.conf`] }),
        ],
      }),
    ],
    ["in a template", CONFIG_MAP, { data: { "edge.template": "ssl_protocols $TLS;" } }],
  ])("%s it is judged", async (_, type, props) => {
    expect(
      (await judge(tls13Only, type, props as Record<string, unknown>)).violations,
    ).toHaveLength(1);
  });

  test.each([
    ["words that are good", DEPLOYMENT, run({ args: ["-g", "ssl_protocols TLSv1.3;"] })],
    ["words that say nothing of TLS", DEPLOYMENT, run({ args: ["-g", "daemon off;"] })],
    [
      "a Secret of something else",
      SECRET,
      { kind: "Secret", stringData: { "users.acl": "user a" } },
    ],
    ["a Secret that is not known yet", SECRET, { kind: "Secret", data: { password: UNKNOWN } }],
  ])("%s: passes", async (_, type, props) => {
    const verdict = await judge(tls13Only, type, props as Record<string, unknown>);
    expect([verdict.violations, verdict.notEvaluated]).toEqual([[], false]);
  });

  test.each([
    ["docker.io/library/haproxy:3.2", {}],
    ["docker.io/library/traefik:v3", {}],
    ["docker.io/library/caddy:2", {}],
    ["docker.io/envoyproxy/envoy:v1.35", {}],
    ["docker.io/library/httpd:2.4", {}],
    ["deepseek.local/tool:1", { command: ["/usr/bin/stunnel"] }],
    ["deepseek.local/tool:1", { command: ["socat", "OPENSSL-LISTEN:443"] }],
  ])("another program that ends TLS is not evaluated: %s %o", async (image, over) => {
    const verdict = await judge(tls13Only, DEPLOYMENT, run({ image, ...(over as object) }));
    expect([verdict.violations, verdict.notEvaluated]).toEqual([[], true]);
  });
});

test("an unknown file is not evaluated, and its neighbour is", async () => {
  const data = { "nginx.conf": UNKNOWN, "other.nginx": "server { listen 1 ssl; }" };
  const other = await judge(tls13Only, CONFIG_MAP, { data: { "routes.json": UNKNOWN } });
  expect(other).toMatchObject({ violations: [], notEvaluated: false });
  const verdict = await judge(tls13Only, CONFIG_MAP, { metadata: { name: "edge" }, data });
  expect([verdict.notEvaluated, verdict.violations.length]).toEqual([true, 1]);
});

test("a part that another file includes is judged by itself", async () => {
  expect(await faults("ssl_protocols TLSv1.2 TLSv1.3;", "tls.inc")).toHaveLength(1);
  expect(await faults("ssl_protocols TLSv1.3;", "tls.inc")).toEqual([]);
});

test("a plain port on loopback may pass on", async () => {
  const text = "server { listen 127.0.0.1:8081; location / { proxy_pass http://g; } }";
  expect(await faults(text)).toEqual([]);
});
