/**
 * The edge's nginx.conf: TLS 1.3 only (the default server included), streams passed on unbuffered,
 * every bound stated. Pure. The gateway is reached over TLS and verified with the stack's authority.
 */

export interface NginxSettings {
  /** Names that are served; every other one is answered with 421. */
  readonly hosts: readonly string[];
  readonly ports: { readonly https: number; readonly http: number };
  /** `port` answers Prometheus; the others are nginx's counters and their exporter, on loopback. */
  readonly metrics: { readonly port: number; readonly status: number; readonly exporter: number };
  /**
   * A port for a balancer that passes connections on and says whose they are (PROXY protocol), and
   * the addresses from which that is believed.
   */
  readonly balancer?: { readonly port: number; readonly ranges: readonly string[] } | undefined;
  /** The port callers use, for the redirect. */
  readonly publicPort: number;
  readonly gateway: { readonly host: string; readonly port: number };
  /** Files: authorities of callers' certificates, and the header that says that we are the edge. */
  readonly clients: { readonly authorities: string; readonly trust: string } | null;
  readonly tlsFolder: string;
  /** The one writable folder. */
  readonly temporaryFolder: string;
  readonly workers: number;
  readonly workerShutdownSeconds: number;
  readonly upstreamIdleSeconds: number;
  readonly bodyBytesMax: number;
  readonly connectionsPerAddressMax: number;
  /** Of them, those that are WebSockets. */
  readonly socketsPerAddressMax: number;
}

/** nginx's own answers in the form the API's clients read. */
const ERRORS: readonly [status: number, code: string, message: string][] = [
  [400, "bad_request", "The request is malformed."],
  [401, "invalid_certificate", "The client certificate is not valid, or of no accepted authority."],
  [405, "method_not_allowed", "The path does not take this method."],
  [413, "request_too_large", "The request body is too large."],
  [414, "uri_too_long", "The address is too long."],
  [421, "misdirected_request", "This host name is not served here."],
  [426, "upgrade_required", "This path is a WebSocket: ask for the upgrade, over HTTP/1.1."],
  [429, "too_many_connections", "Too many connections from this address."],
  [431, "headers_too_large", "The request headers are too large."],
  [502, "gateway_unreachable", "The gateway cannot be reached."],
  [503, "unavailable", "The service is not available."],
  [504, "gateway_timeout", "The gateway did not answer in time."],
  [505, "unsupported_protocol", "This version of HTTP is not spoken here."],
];

/**
 * nginx's own words: 497 plain HTTP sent to the TLS port, 494 headers that are too large, 495 a
 * client certificate that does not hold.
 */
const NGINX_ONLY: Readonly<Record<number, readonly number[]>> = {
  400: [497],
  401: [495],
  431: [494],
};

/** nginx knows no path yet when it refuses a request line, and has no answer of a location's name for such. */
const WITHOUT_PATH: ReadonlySet<number> = new Set([400, 405, 414, 505]);

export function nginxConfiguration(settings: NginxSettings): string {
  return [
    main(settings),
    "http {",
    indent(
      [
        logging(settings),
        bounds(settings),
        tls(settings),
        upstream(settings),
        redirectServer(settings),
        defaultServer(settings),
        apiServer(settings),
        metricsServer(settings),
        statusServer(settings),
      ].join("\n\n"),
    ),
    "}",
    "",
  ].join("\n");
}

function main(settings: NginxSettings): string {
  return `daemon off;
pid ${settings.temporaryFolder}/nginx.pid;
error_log stderr warn;
worker_processes ${settings.workers};
# Streams that are still open this long after the order to stop are closed.
worker_shutdown_timeout ${settings.workerShutdownSeconds}s;
worker_rlimit_nofile 16384;

events {
  worker_connections 8000;
}
`;
}

function logging({ temporaryFolder }: NginxSettings): string {
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${temporaryFolder}/${kind};`)
    .join("\n");
  return `server_tokens off;
default_type application/octet-stream;
${paths}

# Neither headers nor query strings are written: both may hold secrets.
log_format access escape=json '{"time":"$time_iso8601","request_id":"$request_name",'
  '"address":"$remote_addr","host":"$host","method":"$request_method","path":"$uri",'
  '"protocol":"$server_protocol","tls":"$ssl_protocol","status":$status,'
  '"bytes":$body_bytes_sent,"seconds":$request_time,'
  '"upstream_status":"$upstream_status","upstream_seconds":"$upstream_response_time"}';
access_log /dev/stdout access;

# A caller's own request id is kept when it is short and plain, else one is made.
map $http_x_request_id $request_name {
  default $request_id;
  "~^[A-Za-z0-9._-]{1,128}$" $http_x_request_id;
}

# No other protocol is passed on.
map $http_upgrade $upgrade_protocol {
  default "";
  "~*^websocket$" websocket;
}
map $upgrade_protocol $upgrade_connection {
  default "";
  websocket upgrade;
}

# Said of a verified certificate alone, whatever the caller sends under that name.
map $ssl_client_verify $client_certificate {
  default "";
  SUCCESS $ssl_client_escaped_cert;
}`;
}

function bounds(settings: NginxSettings): string {
  return `client_max_body_size ${settings.bodyBytesMax};
# Prompts never touch the disk.
client_body_buffer_size ${settings.bodyBytesMax};
client_header_timeout 10s;
client_body_timeout 120s;
send_timeout 120s;
keepalive_timeout 75s;
keepalive_requests 10000;
client_header_buffer_size 2k;
large_client_header_buffers 4 8k;
http2_max_concurrent_streams 128;
reset_timedout_connection on;
sendfile off;
gzip off;

limit_conn_zone $binary_remote_addr zone=addresses:10m;
limit_conn_zone $binary_remote_addr zone=sockets:10m;
limit_conn addresses ${settings.connectionsPerAddressMax};
limit_conn_status 429;`;
}

function tls({ tlsFolder }: NginxSettings): string {
  return `# For every server: the protocol is agreed before the caller's host name is known.
ssl_protocols TLSv1.3;
ssl_certificate ${tlsFolder}/tls.crt;
ssl_certificate_key ${tlsFolder}/tls.key;
ssl_session_cache shared:sessions:10m;
ssl_session_timeout 1h;
ssl_session_tickets off;
ssl_early_data off;`;
}

function upstream({ gateway, upstreamIdleSeconds }: NginxSettings): string {
  return `upstream gateway {
  server ${gateway.host}:${gateway.port} max_fails=0;
  keepalive 64;
  keepalive_requests 10000;
  # Shorter than the time a stopping gateway still accepts: no request meets a closing connection.
  keepalive_timeout ${upstreamIdleSeconds}s;
}`;
}

function redirectServer({ ports, publicPort }: NginxSettings): string {
  const port = publicPort === 443 ? "" : `:${publicPort}`;
  return `server {
  listen ${ports.http} default_server;
  location / {
    return 301 https://$host${port}$request_uri;
  }
}`;
}

function defaultServer(settings: NginxSettings): string {
  return `server {
${indent(listens(settings, " default_server"))}
  ssl_protocols TLSv1.3;
${indent(errorPages([400, 405, 414, 421, 431, 505]))}
  location = /livez {
    access_log off;
    default_type text/plain;
    return 200 "ok\\n";
  }
  location / {
    return 421;
  }
}`;
}

/** Limits, the log and the gateway then know the caller's address, not the balancer's. */
function listens({ ports, balancer }: NginxSettings, more = ""): string {
  const own = `listen ${ports.https} ssl http2${more};`;
  if (balancer === undefined) return own;
  return [
    own,
    `listen ${balancer.port} ssl http2 proxy_protocol${more};`,
    ...balancer.ranges.map((range) => `set_real_ip_from ${range};`),
    "real_ip_header proxy_protocol;",
  ].join("\n");
}

function apiServer(settings: NginxSettings): string {
  return `server {
${indent(listens(settings))}
  server_name ${settings.hosts.join(" ")};
  ssl_protocols TLSv1.3;
${indent(clientVerification(settings))}
${indent(errorPages(ERRORS.map(([status]) => status).filter((status) => status !== 421)))}
  add_header Strict-Transport-Security "max-age=31536000" always;
  add_header X-Content-Type-Options nosniff always;

${indent(proxy(settings))}

  location = /health {
    access_log off;
    proxy_pass https://gateway;
  }
  # The one path that may leave HTTP. Pings of the gateway keep it open within the read time-out.
  location = /v1/streaming/ws {
    # Said here: the answer of the gateway has the header Upgrade, which HTTP/2 forbids.
    if ($upgrade_protocol = "") {
      return 426;
    }
    limit_conn addresses ${settings.connectionsPerAddressMax};
    limit_conn sockets ${settings.socketsPerAddressMax};
${indent(indent(proxyHeaders(settings, "$upgrade_connection")))}
    proxy_set_header Upgrade $upgrade_protocol;
    proxy_pass https://gateway;
  }
  location / {
    proxy_pass https://gateway;
  }
}`;
}

/** TLS for an exporter that cannot be held to 1.3: it listens on the pod's loopback only. */
function metricsServer({ metrics }: NginxSettings): string {
  return `server {
  listen ${metrics.port} ssl default_server;
  ssl_protocols TLSv1.3;
  access_log off;
  location = /metrics {
    proxy_pass http://127.0.0.1:${metrics.exporter};
    proxy_http_version 1.1;
    proxy_connect_timeout 1s;
    proxy_read_timeout 5s;
  }
  location / {
    return 404;
  }
}`;
}

/** On loopback, not on a socket file: one that a killed nginx left would stop the next start. */
function statusServer({ metrics }: NginxSettings): string {
  return `server {
  listen 127.0.0.1:${metrics.status};
  access_log off;
  location = /status {
    stub_status;
  }
  location / {
    return 404;
  }
}`;
}

/** A caller may show a certificate; one that does not hold is refused, none is no fault. */
function clientVerification({ clients }: NginxSettings): string {
  if (clients === null) return "ssl_verify_client off;";
  return `ssl_client_certificate ${clients.authorities};
ssl_verify_client optional;
ssl_verify_depth 3;`;
}

function proxy(settings: NginxSettings): string {
  const { gateway, tlsFolder } = settings;
  return `proxy_http_version 1.1;
${proxyHeaders(settings, '""')}
proxy_connect_timeout 10s;
proxy_send_timeout 120s;
proxy_read_timeout 120s;
# A token is passed on when it comes; a caller that leaves ends the work upstream.
proxy_buffering off;
proxy_buffer_size 16k;
proxy_buffers 8 16k;
proxy_ignore_client_abort off;
# A call that may have been counted is never sent twice.
proxy_next_upstream off;
proxy_ssl_protocols TLSv1.3;
proxy_ssl_verify on;
proxy_ssl_verify_depth 3;
proxy_ssl_trusted_certificate ${tlsFolder}/ca.crt;
proxy_ssl_server_name on;
proxy_ssl_name ${gateway.host};
proxy_ssl_session_reuse on;`;
}

/** All of them, wherever one differs: nginx then takes none from further out. */
function proxyHeaders({ clients }: NginxSettings, connection: string): string {
  const trust =
    clients === null ? 'proxy_set_header X-Edge-Token "";' : `include ${clients.trust};`;
  return `proxy_set_header Host $host;
proxy_set_header Connection ${connection};
proxy_set_header X-Request-ID $request_name;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Forwarded-Proto https;
proxy_set_header X-Forwarded-Host $host;
proxy_set_header X-Client-Certificate $client_certificate;
${trust}`;
}

function errorPages(statuses: readonly number[]): string {
  const type = (status: number) => (status < 500 ? "invalid_request_error" : "api_error");
  return ERRORS.filter(([status]) => statuses.includes(status))
    .map(([status, code, message]) => {
      const about = { type: type(status), param: null, code, request_id: "$request_name" };
      const body = JSON.stringify({ error: { message, ...about } });
      const from = [status, ...(NGINX_ONLY[status] ?? [])].join(" ");
      const [place, location] = WITHOUT_PATH.has(status)
        ? [`/.edge/${code}`, `= /.edge/${code} {\n  internal;`]
        : [`@${code}`, `@${code} {`];
      return `error_page ${from} =${status} ${place};
location ${location}
  default_type application/json;
  return ${status} '${body}';
}`;
    })
    .join("\n");
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}
