/**
 * The gateways of a machine without a cluster: one service of which there are several instances, told
 * the same as the pod is, with files in other places. Pure.
 */
import { systemdBytes } from "./edge-files.ts";
import { literal, type Settings, type Unit, variable, walls } from "./unit-file.ts";
import type { Workload } from "./workload.ts";

export const GATEWAY_UNIT = "deepseek-gateway@.service";
export const GATEWAYS_TARGET = "deepseek-gateways.target";
export const GATEWAY_FOLDER = "/etc/deepseek/gateway";
const PROGRAM_FOLDER = "/opt/deepseek/gateway";
const USER = "deepseek-gateway";
/** Instance 1 has 8081 and 9465, and so on: the pod's ports and the number. */
const FIRST_PORTS = { api: 8_080, metrics: 9_464 } as const;
/** These differ from instance to instance, so a file of each says them. */
const OF_INSTANCE = ["GW_PORT", "GW_METRICS_PORT"];

export interface GatewayFiles {
  readonly unit: Unit;
  readonly target: Unit;
  /** Of each instance, by its number. */
  readonly instances: ReadonlyMap<number, string>;
  readonly ports: readonly number[];
  readonly secrets: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, string>;
  /** Names of other programs that must be found under this name, as their certificates say it. */
  readonly hosts: readonly string[];
}

export function gatewayFiles(gateway: Workload, instances: number): GatewayFiles {
  const secrets = new Map<string, string>();
  const files = new Map<string, string>();
  const moves = new Map<string, string>();
  for (const mount of gateway.mounts) {
    // A folder of keys is read by the names of its files, so those must stay.
    const isFolder = [...gateway.environment.values()].includes(mount.path);
    for (const [name, content] of mount.files) {
      const secret = mount.kind === "Secret";
      const own = secret && !isFolder ? `${mount.object}.${name}` : name;
      (secret ? secrets : files).set(own, content);
      moves.set(`${mount.path}/${name}`, secret ? `%d/${own}` : `${GATEWAY_FOLDER}/${own}`);
    }
    if (isFolder) moves.set(mount.path, "%d");
  }
  const numbers = Array.from({ length: instances }, (_, index) => index + 1);
  return {
    unit: gatewayUnit(gateway, moves, [...secrets.keys()]),
    target: targetUnit(numbers),
    instances: new Map(numbers.map((number) => [number, instanceFile(number)])),
    ports: numbers.map((number) => FIRST_PORTS.api + number),
    secrets,
    files,
    hosts: hostsOf(gateway, files),
  };
}

function gatewayUnit(
  { environment, terminationSeconds, memory }: Workload,
  moves: ReadonlyMap<string, string>,
  credentials: readonly string[],
): Unit {
  const told = [...environment]
    .filter(([name]) => !OF_INSTANCE.includes(name) && name !== "GW_DATA_FOLDER")
    .map(([name, value]) => variable(name, moves.get(value) ?? literal(value)));
  const service: Settings = [
    ["Type", "exec"],
    ["User", USER],
    ["Group", USER],
    ["ExecStart", `${PROGRAM_FOLDER}/node --enable-source-maps ${PROGRAM_FOLDER}/main.mjs`],
    ["StateDirectory", "deepseek-gateway-%i"],
    ["StateDirectoryMode", "0700"],
    variable("NODE_ENV", "production"),
    variable("MALLOC_ARENA_MAX", "2"),
    variable("MALLOC_TRIM_THRESHOLD_", "131072"),
    // Its audit trail and its share of the ledger carry this name: never the same on two machines.
    variable("GW_INSTANCE", "%l-%i"),
    // The edge of the machine is the only one who asks it.
    variable("GW_HOST", "127.0.0.1"),
    variable("GW_DATA_FOLDER", "%S/deepseek-gateway-%i"),
    ...told,
    ["EnvironmentFile", `${GATEWAY_FOLDER}/instance-%i.env`],
    ...credentials.map(
      (name) => ["LoadCredential", `${name}:${GATEWAY_FOLDER}/secrets/${name}`] as const,
    ),
    ["Restart", "always"],
    ["RestartSec", "2s"],
    // It ends what runs, writes what it owes, and leaves with 0.
    ["KillSignal", "SIGTERM"],
    ["TimeoutStopSec", `${terminationSeconds}s`],
    ["MemoryMax", systemdBytes(memory)],
    ["LimitNOFILE", "16384"],
    ...walls({ makesCode: true }),
  ];
  return {
    comment: "One gateway of this machine; its number is the instance's name.",
    unit: [
      ["Description", "DeepSeek gateway %i"],
      ["Wants", "network-online.target"],
      ["After", "network-online.target"],
      ["PartOf", GATEWAYS_TARGET],
      ["StartLimitIntervalSec", "0"],
    ],
    service,
    install: [["WantedBy", GATEWAYS_TARGET]],
  };
}

function targetUnit(numbers: readonly number[]): Unit {
  const services = numbers.map((number) => GATEWAY_UNIT.replace("@", `@${number}`)).join(" ");
  return {
    comment: "All gateways of this machine.",
    unit: [
      ["Description", "DeepSeek gateways"],
      ["Wants", services],
      ["After", services],
    ],
    install: [["WantedBy", "multi-user.target"]],
  };
}

function instanceFile(number: number): string {
  return `GW_PORT=${FIRST_PORTS.api + number}\nGW_METRICS_PORT=${FIRST_PORTS.metrics + number}\n`;
}

/** Stores by the settings that name them, model servers by the routes. */
function hostsOf({ environment }: Workload, files: ReadonlyMap<string, string>): readonly string[] {
  const stores = [...environment]
    .filter(([name]) => /^GW_(REDIS_HOST|REDIS_SENTINELS|POSTGRES_HOST)$/.test(name))
    // Several, and with their ports, where Redis has sentinels.
    .flatMap(([, value]) => value.split(",").map((place) => place.replace(/:\d+$/, "")));
  const routes: unknown = JSON.parse(files.get("routes.json") ?? "{}");
  const urls = JSON.stringify(routes).match(/https:\/\/[^"]+/g) ?? [];
  return [...new Set([...stores, ...urls.map((url) => new URL(url).hostname)])];
}
