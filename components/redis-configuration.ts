/**
 * redis.conf and the access list: TLS 1.3 only (and a socket inside the pod), no default user, data
 * on disk every second. Pure.
 */
import { createHash } from "node:crypto";

/** What the gateway's quota script needs, as its README lists it, and nothing else. */
export const GATEWAY_COMMANDS = [
  "+eval +evalsha +script|load",
  "+zadd +zrem +zcard +zcount +zremrangebyscore +hset +hmget +pexpire +pttl +time",
  "+set +get +del +scan +incr",
  "+ping +info +hello +auth",
].join(" ");

/**
 * What the gateway's scripts leave in the log on the disk. At a start Redis reads it as its default user,
 * and drops in silence each transaction that this one may not write; nobody else is ever that user.
 */
const LOGGED_COMMANDS = "+@write +select -@dangerous";

/** Numbers only: `slowlog|get` would show callers' commands. */
const EXPORTER_COMMANDS = "+auth +info +latency|latest +latency|histogram +slowlog|len";

export const GATEWAY_USER = "gateway";
export const PROBE_USER = "probe";
export const EXPORTER_USER = "exporter";

export interface RedisPaths {
  readonly tls: string;
  readonly acl: string;
  readonly data: string;
  readonly sockets: string;
}

export interface RedisPasswords {
  readonly gateway: string;
  /** Of the gateway, before the last rotation. */
  readonly former?: string | undefined;
  readonly probe: string;
  readonly exporter: string;
}

/** For the exporter beside it: in the pod's own memory, so without TLS. */
export function redisSocket(folder: string): string {
  return `${folder}/redis.sock`;
}

export function redisConfiguration(paths: RedisPaths, memoryMebibytesMax: number): string {
  return `# TLS only: the plain port stays closed.
port 0
tls-port 6379
bind 0.0.0.0
protected-mode no
tls-protocols "TLSv1.3"
tls-cert-file ${paths.tls}/tls.crt
tls-key-file ${paths.tls}/tls.key
tls-ca-cert-file ${paths.tls}/ca.crt
# Callers prove themselves by user and password (access list), not by certificate.
tls-auth-clients no
# The exporter's way in, from the same pod; users and passwords hold there as well.
unixsocket ${redisSocket(paths.sockets)}
unixsocketperm 770
tcp-keepalive 60
timeout 0
maxclients 1024

aclfile ${paths.acl}/users.acl

dir ${paths.data}
appendonly yes
appendfsync everysec
# The append-only log is the one copy on disk; a snapshot beside it would double the writes.
save ""

# A quota that is dropped to make room would be a quota that is not kept: refuse instead.
maxmemory ${memoryMebibytesMax}mb
maxmemory-policy noeviction

daemonize no
logfile ""
loglevel notice
shutdown-timeout 10
enable-debug-command no
enable-module-command no
`;
}

/** Passwords appear as SHA-256 only; the file itself is a Secret all the same. */
export function redisUsers(passwords: RedisPasswords): string {
  const { gateway, former, probe, exporter } = passwords;
  return `user default off resetpass resetkeys resetchannels ~gw:* -@all ${LOGGED_COMMANDS}
user ${GATEWAY_USER} on ${eitherOf(gateway, former)} resetchannels ~gw:* -@all ${GATEWAY_COMMANDS}
user ${PROBE_USER} on #${sha256(probe)} resetkeys resetchannels -@all +ping +auth +hello +quit
user ${EXPORTER_USER} on #${sha256(exporter)} resetkeys resetchannels -@all ${EXPORTER_COMMANDS}
`;
}

/** As the access list writes passwords, any of which will do. */
export function eitherOf(...passwords: readonly (string | undefined)[]): string {
  return passwords
    .flatMap((password) => (password === undefined ? [] : [`#${sha256(password)}`]))
    .join(" ");
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
