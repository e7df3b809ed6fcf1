/**
 * The edge on a machine without a cluster: the nginx.conf of the pod with other places in it, and its
 * service. Every place that is changed must be there, so that a change of the pod's text cannot go
 * unnoticed. Pure.
 */
import { literal, type Settings, type Unit, variable, walls } from "./unit-file.ts";
import type { Workload } from "./workload.ts";

export const EDGE_UNIT = "deepseek-edge.service";
export const EXPORTER_UNIT = "deepseek-edge-exporter.service";
export const EDGE_FOLDER = "/etc/deepseek/edge";
/** Where systemd puts a service's credentials: a file system in memory that only it can read. */
const CREDENTIALS = `/run/credentials/${EDGE_UNIT}`;
const USER = "deepseek-edge";
/** Below 1024, so that callers need no port. */
const PORTS = { https: 443, http: 80 } as const;

export interface EdgeFiles {
  readonly configuration: string;
  readonly unit: Unit;
  /** Of the secrets, by the name of the credential: what the operator puts into the folder. */
  readonly secrets: ReadonlyMap<string, string>;
  /** What is no secret. */
  readonly files: ReadonlyMap<string, string>;
}

export interface EdgePlace {
  readonly workers: number;
  /** Ports of this machine's gateways, on loopback. */
  readonly gatewayPorts: readonly number[];
}

export function edgeFiles(edge: Workload, place: EdgePlace): EdgeFiles {
  const secrets = new Map<string, string>();
  const files = new Map<string, string>();
  const moves = new Map<string, string>();
  for (const mount of edge.mounts) {
    for (const [name, content] of mount.files) {
      if (name === "nginx.conf") continue;
      const secret = mount.kind === "Secret";
      (secret ? secrets : files).set(name, content);
      moves.set(`${mount.path}/${name}`, `${secret ? CREDENTIALS : EDGE_FOLDER}/${name}`);
    }
  }
  const text = edge.mounts.map(({ files }) => files.get("nginx.conf")).find((one) => one);
  if (text === undefined) throw new Error("the edge's pod has no nginx.conf");
  return {
    configuration: onMachine(text, place, moves),
    unit: edgeUnit(edge, [...secrets.keys()]),
    secrets,
    files,
  };
}

function onMachine(
  text: string,
  { workers, gatewayPorts }: EdgePlace,
  moves: ReadonlyMap<string, string>,
): string {
  const servers = [
    // What one worker finds out of a gateway holds for all: else each would fail calls of its own.
    "zone gateway 64k;",
    ...gatewayPorts.map((port) => `server 127.0.0.1:${port} max_fails=1 fail_timeout=2s;`),
  ];
  const steps: readonly (readonly [RegExp, string])[] = [
    [/^worker_processes \d+;$/m, `worker_processes ${workers};`],
    // The unit says it, and the service may not raise it itself.
    [/^worker_rlimit_nofile \d+;\n/m, ""],
    // Standard output is a socket here, which cannot be opened by its name.
    [
      /^( *)access_log \/dev\/stdout access;$/m,
      "$1access_log syslog:server=unix:/dev/log,nohostname,tag=edge access;",
    ],
    [/listen 8443 ssl/g, `listen ${PORTS.https} ssl`],
    [/listen 8080 default_server;/, `listen ${PORTS.http} default_server;`],
    [/return 301 https:\/\/\$host(:\d+)?\$request_uri;/, "return 301 https://$host$request_uri;"],
    [/^( *)server \S+:\d+ max_fails=0;$/m, `$1${servers.join("\n$1")}`],
    // In a cluster the Service knows who is there; here nginx finds out. A call that a gateway has
    // been sent is not sent to another one: nginx does that for methods that change nothing alone.
    [/^( *)proxy_next_upstream off;$/m, "$1proxy_next_upstream error;"],
  ];
  let result = text;
  for (const [pattern, replacement] of steps) result = replaced(result, pattern, replacement);
  for (const [from, to] of moves) result = result.replaceAll(`${from};`, `${to};`);
  return result;
}

function replaced(text: string, pattern: RegExp, replacement: string): string {
  if (!new RegExp(pattern.source, pattern.flags.replace("g", "")).test(text)) {
    throw new Error(`the edge's nginx.conf has no ${pattern.source}`);
  }
  return text.replace(pattern, replacement);
}

function edgeUnit({ terminationSeconds, memory }: Workload, credentials: readonly string[]): Unit {
  const service: Settings = [
    ["Type", "exec"],
    ["User", USER],
    ["Group", USER],
    ["ExecStartPre", `/usr/sbin/nginx -e stderr -t -q -c ${EDGE_FOLDER}/nginx.conf`],
    ["ExecStart", `/usr/sbin/nginx -e stderr -c ${EDGE_FOLDER}/nginx.conf`],
    ["ExecReload", "/bin/kill -HUP $MAINPID"],
    ...credentials.map(
      (name) => ["LoadCredential", `${name}:${EDGE_FOLDER}/secrets/${name}`] as const,
    ),
    ["Restart", "always"],
    ["RestartSec", "2s"],
    // nginx lets open answers end on QUIT; who is still there after that is cut.
    ["KillSignal", "SIGQUIT"],
    ["KillMode", "mixed"],
    ["TimeoutStopSec", `${terminationSeconds}s`],
    ["MemoryMax", systemdBytes(memory)],
    ["LimitNOFILE", "16384"],
    ...walls({ capability: "CAP_NET_BIND_SERVICE", makesCode: false }),
  ];
  return {
    comment: "The edge: nginx, which ends TLS in front of this machine's gateways.",
    unit: [
      ["Description", "DeepSeek edge (nginx)"],
      ["Documentation", "man:nginx(8)"],
      ["Wants", "network-online.target deepseek-gateways.target"],
      // Stopped in the opposite order: nobody loses a gateway under an open answer.
      ["After", "network-online.target deepseek-gateways.target"],
      ["StartLimitIntervalSec", "0"],
    ],
    service,
    install: [["WantedBy", "multi-user.target"]],
  };
}

/** Beside nginx as in its pod: it reads nginx' counters on loopback, and nginx serves what it says. */
export function exporterUnit({ args, environment, memory }: Workload): Unit {
  const service: Settings = [
    ["Type", "exec"],
    ["DynamicUser", "yes"],
    ["ExecStart", ["/usr/bin/prometheus-nginx-exporter", ...args.map(literal)].join(" ")],
    ...[...environment].map(([name, value]) => variable(name, literal(value))),
    ["Restart", "always"],
    ["RestartSec", "2s"],
    ["MemoryMax", systemdBytes(memory)],
    ...walls({ makesCode: false }),
  ];
  return {
    comment: "nginx' exporter, which Prometheus asks through nginx on port 9113.",
    unit: [
      ["Description", "DeepSeek edge exporter"],
      ["After", EDGE_UNIT],
      ["StartLimitIntervalSec", "0"],
    ],
    service,
    install: [["WantedBy", "multi-user.target"]],
  };
}

/** `512Mi` → `512M`: systemd's letters are powers of 1024. */
export function systemdBytes(quantity: string): string {
  const found = /^(\d+)(M|G|T)i$/.exec(quantity);
  if (found === null) throw new Error(`not a memory quantity: ${quantity}`);
  return `${found[1]}${found[2]}`;
}
