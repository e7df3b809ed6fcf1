/**
 * nginx.conf as a whole against a kept copy, and the promises that a change of the copy must not
 * break. UPDATE=1 writes the copy.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type NginxSettings, nginxConfiguration } from "./nginx-configuration.ts";

const golden = path.resolve(import.meta.dirname, "nginx.golden.conf");

const settings: NginxSettings = {
  hosts: ["api.example.org"],
  ports: { https: 8443, http: 8080 },
  metrics: { port: 9113, status: 9111, exporter: 9112 },
  publicPort: 443,
  gateway: { host: "gateway.deepseek.svc", port: 8080 },
  clients: null,
  tlsFolder: "/etc/tls",
  temporaryFolder: "/tmp",
  workers: 2,
  workerShutdownSeconds: 610,
  upstreamIdleSeconds: 5,
  bodyBytesMax: 1_048_576,
  connectionsPerAddressMax: 200,
  socketsPerAddressMax: 100,
};

test("is the kept copy", () => {
  const text = nginxConfiguration(settings);
  if (process.env["UPDATE"] === "1") writeFileSync(golden, text);
  expect(text).toBe(readFileSync(golden, "utf8"));
});

test("asks for client certificates where an authority is named, and says so to the gateway alone", () => {
  const without = nginxConfiguration(settings);
  expect(without).not.toContain("ssl_client_certificate");
  expect(without.match(/proxy_set_header X-Edge-Token "";/g)).toHaveLength(2);
  const clients = { authorities: "/etc/clients/ca.crt", trust: "/etc/edge/trust.conf" };
  const text = nginxConfiguration({ ...settings, clients });
  expect(text.match(/ssl_verify_client optional;/g)).toHaveLength(1);
  expect(text.match(/include \/etc\/edge\/trust\.conf;/g)).toHaveLength(2);
  expect(text.match(/X-Client-Certificate \$client_certificate;/g)).toHaveLength(2);
});

test("allows TLS 1.3 and nothing else, in every server that ends TLS", () => {
  const text = nginxConfiguration(settings);
  const protocols = [...text.matchAll(/ssl_protocols ([^;]*);/g)].map((match) => match[1]);
  expect(new Set(protocols)).toEqual(new Set(["TLSv1.3"]));
  const servers = text.split(/^ {2}server \{/m).slice(1);
  expect(servers).toHaveLength(5);
  for (const server of servers.filter((body) => body.includes(" ssl "))) {
    expect(server).toContain("ssl_protocols TLSv1.3;");
  }
  expect(servers[1]).toContain("default_server");
});

test("believes a balancer, on a port of its own and from its network only", () => {
  expect(nginxConfiguration(settings)).not.toContain("proxy_protocol");
  const ranges = ["10.20.0.0/16", "fd00::/8"];
  const text = nginxConfiguration({ ...settings, balancer: { port: 8444, ranges } });
  const servers = text.split(/^ {2}server \{/m).filter((body) => body.includes("8443"));
  expect(servers).toHaveLength(2);
  for (const server of servers) {
    expect(server).toMatch(/listen 8444 ssl http2 proxy_protocol( default_server)?;/);
    expect(server).toMatch(/listen 8443 ssl http2( default_server)?;/);
    const believed = [...server.matchAll(/set_real_ip_from ([^;]*);/g)].map((match) => match[1]);
    expect(believed).toEqual(ranges);
    expect(server).toContain("real_ip_header proxy_protocol;");
  }
});

test("shows its counters to its own pod only, and by TLS what the exporter makes of them", () => {
  const text = nginxConfiguration(settings);
  const listening = [...text.matchAll(/listen ([^;]*);/g)].map((match) => match[1]);
  expect(listening.slice(-2)).toEqual(["9113 ssl default_server", "127.0.0.1:9111"]);
  const [, status = ""] = text.split("listen 127.0.0.1:9111;");
  expect(status).toContain("stub_status;");
  expect(text.match(/stub_status/g)).toHaveLength(1);
});

test("passes streams on as they come, and gives up after 10, 120 and 120 seconds", () => {
  const text = nginxConfiguration(settings);
  for (const line of [
    "proxy_buffering off;",
    "proxy_connect_timeout 10s;",
    "proxy_send_timeout 120s;",
    "proxy_read_timeout 120s;",
    "proxy_ssl_verify on;",
    "server_tokens off;",
    "client_max_body_size 1048576;",
  ]) {
    expect(text).toContain(line);
  }
  expect(text).toMatch(/location = \/health \{\n\s+access_log off;/);
});

test("passes an upgrade on for one path, to a WebSocket only, with all headers of the others", () => {
  const text = nginxConfiguration(settings);
  expect(text.match(/proxy_set_header Upgrade/g)).toHaveLength(1);
  const [, location = ""] = /location = \/v1\/streaming\/ws \{(.*?)\n {4}\}/s.exec(text) ?? [];
  expect(location).toContain("proxy_set_header Upgrade $upgrade_protocol;");
  expect(location).toContain("limit_conn sockets 100;");
  const set = (part: string) =>
    [...part.matchAll(/proxy_set_header (\S+) ([^;]*);/g)].map(([, name, value]) => [name, value]);
  const elsewhere = set(text.replace(location, "")).filter(([name]) => name !== "Connection");
  expect(set(location)).toEqual(expect.arrayContaining(elsewhere));
});

test("names the port in the redirect only where it is not the usual one", () => {
  expect(nginxConfiguration(settings)).toContain("return 301 https://$host$request_uri;");
  expect(nginxConfiguration({ ...settings, publicPort: 30443 })).toContain(
    "return 301 https://$host:30443$request_uri;",
  );
});

test("closes every brace it opens, whatever the settings", () => {
  const hosts = fc.array(fc.domain(), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(hosts, fc.nat(10_000_000), fc.nat(7_200), (names, bodyBytesMax, seconds) => {
      const text = nginxConfiguration({
        ...settings,
        hosts: names,
        bodyBytesMax,
        workerShutdownSeconds: seconds,
      });
      // Quoted texts (a JSON answer, a regular expression) hold braces of their own.
      const bare = text.replaceAll(/'[^']*'|"[^"]*"/g, "");
      expect(bare.split("{").length).toBe(bare.split("}").length);
      expect(text).toContain(`server_name ${names.join(" ")};`);
    }),
  );
});
