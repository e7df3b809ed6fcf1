import { expect, test } from "vitest";
import { judge, UNKNOWN } from "./test-judge.ts";
import { CONFIG_MAP } from "./test-objects.ts";
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

test("other texts and other objects are not nginx's", async () => {
  expect(await faults("server: {listen: 1}", "app.yaml")).toEqual([]);
  expect(await faults("port 6379", "redis.conf")).toEqual([]);
  expect(await faults(undefined)).toEqual([]);
  const secret = await judge(tls13Only, "kubernetes:core/v1:Secret", {
    data: { "nginx.conf": "}" },
  });
  expect(secret.violations).toEqual([]);
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
