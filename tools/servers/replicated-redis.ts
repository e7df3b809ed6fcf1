/**
 * Three real Redis from Debian packages on loopback, one primary and two replicas, and three
 * sentinels that watch them: TLS, access lists and the bounds of the stack's own.
 */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../base/process.ts";
import { ensurePackages } from "../debian/packages.ts";
import { environmentFor } from "../debian/root-folder.ts";
import { type CertificateFiles, writeCertificate } from "./certificate-files.ts";
import { freePort, type SupervisedServer, supervise } from "./supervised.ts";

export interface ReplicatedRedis {
  readonly members: readonly SupervisedServer[];
  readonly sentinels: readonly SupervisedServer[];
  /** What the sentinels call the primary. */
  readonly master: string;
  readonly username: string;
  readonly password: string;
  /** Verifies every certificate, PEM. */
  readonly ca: string;
  /** The primary's port, as most sentinels say. */
  primary(): Promise<number>;
  kill(): Promise<void>;
}

export interface ReplicationSettings {
  /** The ACL rules of the user `gateway` at Redis. */
  readonly commands: string;
  /** The same at the sentinels. */
  readonly sentinelCommands: string;
  /** A primary that is silent for so long is replaced. */
  readonly downAfterMs: number;
}

const PASSWORD = "only-on-this-loopback";
const MASTER = "main";
const MEMBERS = 3;
const QUORUM = 2;
const READY_ATTEMPTS = 300;
const READY_PAUSE_MS = 100;

/** What Redis' documentation asks for the user of its sentinels. */
const SENTINEL_COMMANDS =
  "+multi +exec +slaveof +ping +subscribe +publish +config|rewrite +role +info " +
  "+client|setname +client|kill +script|kill +auth +hello";

export async function startReplicatedRedis(
  folder: string,
  settings: ReplicationSettings,
): Promise<ReplicatedRedis> {
  const { root } = await ensurePackages(["redis-server"]);
  const files = await writeCertificate(folder);
  const env = { ...environmentFor(root) };
  const program = path.join(root, "usr/bin/redis-server");
  const started: SupervisedServer[] = [];
  const start = async (name: string, port: number, text: string, mode: readonly string[]) => {
    const own = path.join(folder, name);
    mkdirSync(own);
    const config = path.join(own, "redis.conf");
    writeFileSync(config, `${tls(files, port, own)}\n${text}\n`, { mode: 0o600 });
    const words = [config, ...mode];
    const launch = () => spawn(program, words, { env, stdio: "ignore" });
    const server = await supervise(port, launch);
    started.push(server);
    return server;
  };
  const kill = async () => {
    await Promise.all(started.map((server) => server.kill()));
  };
  try {
    const ports = await Promise.all(Array.from({ length: MEMBERS * 2 }, freePort));
    const [first = 0] = ports;
    const members: SupervisedServer[] = [];
    for (const [index, port] of ports.slice(0, MEMBERS).entries()) {
      members.push(await start(`redis-${index}`, port, memberText(settings, port, first), []));
    }
    const sentinels: SupervisedServer[] = [];
    for (const [index, port] of ports.slice(MEMBERS).entries()) {
      const text = sentinelText(settings, first);
      sentinels.push(await start(`sentinel-${index}`, port, text, ["--sentinel"]));
    }
    const cli = path.join(root, "usr/bin/redis-cli");
    const ask = async (port: number, ...words: string[]) => {
      const way = ["--tls", "--cacert", files.ca, "-p", String(port), "--user", "test"];
      const asking = { ...env, REDISCLI_AUTH: PASSWORD };
      return (await run(cli, ["--no-auth-warning", ...way, ...words], { env: asking })).stdout;
    };
    await waitUntilWatched(sentinels, ask);
    return {
      members,
      sentinels,
      master: MASTER,
      username: "gateway",
      password: PASSWORD,
      ca: files.caText,
      primary: () => primaryOf(sentinels, ask),
      kill,
    };
  } catch (error) {
    await kill();
    throw error;
  }
}

type Ask = (port: number, ...words: string[]) => Promise<string>;

function tls(files: CertificateFiles, port: number, folder: string): string {
  return [
    "bind 127.0.0.1",
    "port 0",
    `tls-port ${port}`,
    `tls-cert-file ${files.certificate}`,
    `tls-key-file ${files.key}`,
    `tls-ca-cert-file ${files.ca}`,
    "tls-auth-clients no",
    "tls-replication yes",
    "tls-protocols TLSv1.3",
    `dir ${folder}`,
    "user default off",
  ].join("\n");
}

function memberText({ commands }: ReplicationSettings, port: number, first: number): string {
  return [
    'save ""',
    "appendonly yes",
    "min-replicas-to-write 1",
    "min-replicas-max-lag 10",
    // A replica that was away for a moment asks for what it missed, not for everything.
    "repl-diskless-sync-delay 0",
    "replica-announce-ip 127.0.0.1",
    `user gateway on >${PASSWORD} ~gw:* -@all ${commands}`,
    `user replica on >${PASSWORD} -@all +psync +replconf +ping`,
    `user sentinel on >${PASSWORD} resetchannels &__sentinel__:hello -@all ${SENTINEL_COMMANDS}`,
    `user test on >${PASSWORD} -@all +info +hello +auth`,
    "masteruser replica",
    `masterauth ${PASSWORD}`,
    ...(port === first ? [] : [`replicaof 127.0.0.1 ${first}`]),
  ].join("\n");
}

function sentinelText(settings: ReplicationSettings, first: number): string {
  const peers = "+ping +publish +client|setname +sentinel|is-master-down-by-addr +auth +hello";
  return [
    `user gateway on >${PASSWORD} resetchannels ${settings.sentinelCommands}`,
    `user sentinel on >${PASSWORD} resetchannels &__sentinel__:hello -@all ${peers}`,
    `user test on >${PASSWORD} -@all +sentinel|master +hello +auth`,
    "sentinel announce-ip 127.0.0.1",
    `sentinel monitor ${MASTER} 127.0.0.1 ${first} ${QUORUM}`,
    `sentinel auth-user ${MASTER} sentinel`,
    `sentinel auth-pass ${MASTER} ${PASSWORD}`,
    "sentinel sentinel-user sentinel",
    `sentinel sentinel-pass ${PASSWORD}`,
    `sentinel down-after-milliseconds ${MASTER} ${settings.downAfterMs}`,
    `sentinel failover-timeout ${MASTER} 10000`,
    `sentinel parallel-syncs ${MASTER} 1`,
  ].join("\n");
}

/** Until each sentinel knows both replicas and both of its peers: before, none could fail over. */
async function waitUntilWatched(sentinels: readonly SupervisedServer[], ask: Ask): Promise<void> {
  for (const { port } of sentinels) {
    for (let attempt = 1; ; attempt += 1) {
      const known = fieldsOf(await ask(port, "sentinel", "master", MASTER));
      const [replicas, others] = [known.get("num-slaves"), known.get("num-other-sentinels")];
      if (Number(replicas) === MEMBERS - 1 && Number(others) === MEMBERS - 1) break;
      if (attempt === READY_ATTEMPTS) throw new Error(`a sentinel knows ${replicas} and ${others}`);
      await sleep(READY_PAUSE_MS);
    }
  }
}

async function primaryOf(sentinels: readonly SupervisedServer[], ask: Ask): Promise<number> {
  const running = sentinels.filter((sentinel) => sentinel.pid() !== 0);
  const answers = await Promise.all(
    running.map(({ port }) => ask(port, "sentinel", "master", MASTER)),
  );
  const ports = answers.map((answer) => Number(fieldsOf(answer).get("port")));
  const counted = ports.map((port) => [port, ports.filter((one) => one === port).length] as const);
  return counted.sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
}

/** redis-cli prints names and values in turn. */
function fieldsOf(answer: string): Map<string, string> {
  const lines = answer.split("\n");
  const pairs = lines.flatMap((name, index) =>
    index % 2 === 0 ? [[name, lines[index + 1] ?? ""] as const] : [],
  );
  return new Map(pairs);
}
