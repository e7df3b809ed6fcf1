/**
 * Redis as one primary and two replicas, each with a sentinel beside it: what is added to redis.conf,
 * the sentinels' configuration and access list, and the two scripts that begin a container. Pure.
 *
 * Who is the primary is the sentinels' word alone, at every start: a member asks them, believes the
 * latest election, and waits while fewer than two answer. What sentinels must not forget (who they
 * are, whom they watch, which election was the last) outlives their pod; all else comes from the
 * configuration of the moment.
 */
import { eitherOf, GATEWAY_USER, PROBE_USER, sha256 } from "./redis-configuration.ts";

export const MEMBERS = 3;
export const REDIS_PORT = 6379;
export const SENTINEL_PORT = 26_379;
/** What the sentinels call the primary. */
export const MASTER = "main";
const REPLICA_USER = "replica";
const SENTINEL_USER = "sentinel";

/** More than half of three, so that no two elections can end differently. */
const QUORUM = 2;
/** Ten times a slow pause of a busy node, and short beside what a caller waits for. */
const DOWN_AFTER_MS = 5_000;
/** Another try after this; the default of three minutes is for stores with many gigabytes. */
const FAILOVER_TIMEOUT_MS = 30_000;
/** Replicas acknowledge each second: ten missed ones are a replica that is gone. */
const LAG_SECONDS = 10;

/** A primary that came back elsewhere is knocked at where it was for so long: nothing answers there. */
const LINK_SECONDS = 10;

/** Of the user by which replicas follow; `sentinel` is also how sentinels prove themselves to each other. */
export interface ReplicationPasswords {
  readonly gateway: string;
  /** Of the gateway, before the last rotation. */
  readonly former?: string | undefined;
  readonly probe: string;
  readonly replica: string;
  readonly sentinel: string;
}

export interface ReplicationPaths {
  readonly tls: string;
  readonly acl: string;
  readonly configuration: string;
  readonly data: string;
}

/** By which names the members know each other: `<program>-<n>.<service>`. */
export interface Members {
  readonly program: string;
  readonly service: string;
}

export function memberHosts({ program, service }: Members): string[] {
  return Array.from({ length: MEMBERS }, (_, index) => `${program}-${index}.${service}`);
}

/** A sixth of the data at most: what a slow replica may be owed before it starts over. */
export function replicationConfiguration(
  { acl }: ReplicationPaths,
  memoryMebibytesMax: number,
): string {
  const owed = Math.max(8, Math.floor(memoryMebibytesMax / 6));
  return `
tls-replication yes
# The replicas' user and password.
include ${acl}/replication.conf
# A primary that no replica follows refuses writes: one that was cut off must not count quotas that
# the elected one counts as well.
min-replicas-to-write 1
min-replicas-max-lag ${LAG_SECONDS}
repl-timeout ${LINK_SECONDS}
repl-ping-replica-period 2
# It refuses writes meanwhile: the first that asks for all of it does not wait for others that may.
repl-diskless-sync-delay 1
repl-backlog-size ${Math.floor(owed / 2)}mb
client-output-buffer-limit replica ${owed}mb ${owed}mb 60
`;
}

/** For one that another site's follows, or that follows another site's. */
export function linkConfiguration(
  { acl }: ReplicationPaths,
  follows: { readonly host: string; readonly port: number } | undefined,
): string {
  const origin = follows === undefined ? "" : `replicaof ${follows.host} ${follows.port}\n`;
  return `
tls-replication yes
include ${acl}/replication.conf
${origin}`;
}

/** What Redis' documentation asks for the user of its sentinels: no key, and one channel. */
const SENTINEL_COMMANDS = [
  "+multi +exec +slaveof +ping +subscribe +publish +config|rewrite +role +info",
  "+client|setname +client|kill +script|kill +auth +hello",
].join(" ");

/** A line of Redis' own access list: who follows it gets all keys by PSYNC, and no other command. */
export function replicaUser({ replica }: Pick<ReplicationPasswords, "replica">): string {
  return `user ${REPLICA_USER} on #${sha256(replica)} resetkeys resetchannels -@all +psync +replconf +ping +auth +hello\n`;
}

/** Lines of Redis' own access list. */
export function replicationUsers({ replica, sentinel }: ReplicationPasswords): string {
  return `${replicaUser({ replica })}user ${SENTINEL_USER} on #${sha256(sentinel)} resetkeys resetchannels &__sentinel__:hello -@all ${SENTINEL_COMMANDS}
`;
}

/** What the gateway needs of a sentinel, as its README lists it. */
const GATEWAY_COMMANDS =
  "-@all +sentinel|get-master-addr-by-name +sentinel|sentinels +ping +hello +auth";

/** Nobody may have a sentinel elect, forget or watch another: its own reasons move it. */
export function sentinelUsers({ gateway, former, probe, sentinel }: ReplicationPasswords): string {
  const peers = "+ping +publish +client|setname +sentinel|is-master-down-by-addr +auth +hello";
  return `user default off resetpass resetkeys resetchannels -@all
user ${GATEWAY_USER} on ${eitherOf(gateway, former)} resetkeys resetchannels ${GATEWAY_COMMANDS}
user ${PROBE_USER} on #${sha256(probe)} resetkeys resetchannels -@all +ping +sentinel|master +auth +hello
user ${SENTINEL_USER} on #${sha256(sentinel)} resetkeys resetchannels &__sentinel__:hello -@all ${peers}
`;
}

/** A Secret's file; it is included by redis.conf. */
export function replicationSecrets({ replica }: Pick<ReplicationPasswords, "replica">): string {
  return `masteruser ${REPLICA_USER}\nmasterauth ${replica}\n`;
}

/** A Secret's file. The sentinel writes these lines into its own file on the volume as well. */
export function sentinelSecrets({ sentinel }: ReplicationPasswords): string {
  return `sentinel auth-user ${MASTER} ${SENTINEL_USER}
sentinel auth-pass ${MASTER} ${sentinel}
sentinel sentinel-user ${SENTINEL_USER}
sentinel sentinel-pass ${sentinel}
`;
}

export function sentinelConfiguration({ tls, acl, data }: ReplicationPaths): string {
  return `# TLS only, as Redis.
port 0
tls-port ${SENTINEL_PORT}
bind 0.0.0.0
protected-mode no
tls-protocols "TLSv1.3"
tls-cert-file ${tls}/tls.crt
tls-key-file ${tls}/tls.key
tls-ca-cert-file ${tls}/ca.crt
tls-auth-clients no
# Sentinels call Redis and each other with TLS, too.
tls-replication yes
aclfile ${acl}/sentinel.acl
dir ${data}
daemonize no
logfile ""
# Names stay when a pod comes back with another address, and certificates carry them.
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel deny-scripts-reconfig yes
sentinel down-after-milliseconds ${MASTER} ${DOWN_AFTER_MS}
sentinel failover-timeout ${MASTER} ${FAILOVER_TIMEOUT_MS}
sentinel parallel-syncs ${MASTER} 1
`;
}

/**
 * In POD_NAME the pod's own name. Only builtins of the shell, and mv. Where three became one and are three
 * again, volumes remember replicas and elections of another time; its sentinels had another password.
 */
export function sentinelScript(paths: ReplicationPaths, members: Members): string {
  const [first] = memberHosts(members);
  return `# Begins the sentinel with what it must not forget and what is configured now.
set -eu
umask 077
kept=${paths.data}/sentinel.conf
first="sentinel monitor ${MASTER} ${first} ${REDIS_PORT} ${QUORUM}"
monitor=$first memory='' ours='' known=no
while IFS= read -r line; do
  case $line in "sentinel sentinel-pass "*) ours=$line ;; esac
done < ${paths.acl}/sentinel-secrets.conf
if [ -f "$kept" ]; then
  while IFS= read -r line; do
    case $line in
      "$ours") known=yes ;;
      "sentinel monitor ${MASTER} "*) monitor=$line ;;
      "sentinel myid "* | "sentinel config-epoch "* | "sentinel leader-epoch "* | \\
      "sentinel current-epoch "* | "sentinel known-replica "* | "sentinel known-sentinel "*)
        memory="$memory$line
" ;;
    esac
  done < "$kept"
  if [ "$known" = no ]; then monitor=$first memory=''; fi
fi
{
  for file in ${paths.configuration}/sentinel.conf ${paths.acl}/sentinel-secrets.conf; do
    while IFS= read -r line; do printf '%s\\n' "$line"; done < "$file"
  done
  printf 'sentinel announce-ip %s\\n' "$POD_NAME.${members.service}"
  printf '%s\\n%s' "$monitor" "$memory"
} > "$kept.new"
mv "$kept.new" "$kept"
exec redis-server "$kept" --sentinel
`;
}

/** In POD_NAME the pod's own name, in REDISCLI_AUTH the probe's password. */
export function memberScript(paths: ReplicationPaths, members: Members): string {
  return `# Begins Redis as what the sentinels say that it is.
set -eu
own="$POD_NAME.${members.service}"
if [ -e ${paths.data}/appendonlydir ]; then empty=no; else empty=yes; fi
while :; do
  answers=0 latest=-1 primary='' followers=0
  for host in ${memberHosts(members).join(" ")}; do
    # Its name, then its value, a line each.
    told=$(timeout 3 redis-cli -e --no-auth-warning --tls --cacert ${paths.tls}/ca.crt \\
      -h "$host" -p ${SENTINEL_PORT} --user ${PROBE_USER} sentinel master ${MASTER} 2>/dev/null) || continue
    ip='' epoch='' known=0
    while read -r name && read -r value; do
      case $name in
        ip) ip=$value ;;
        config-epoch) epoch=$value ;;
        num-slaves) known=$value ;;
      esac
    done <<END
$told
END
    if [ -z "$ip" ] || [ -z "$epoch" ]; then continue; fi
    answers=$((answers + 1))
    if [ "$epoch" -gt "$latest" ]; then latest=$epoch primary=$ip; fi
    if [ "$known" -gt "$followers" ]; then followers=$known; fi
  done
  if [ "$answers" -ge ${QUORUM} ]; then
    if [ "$primary" != "$own" ]; then
      set -- --replicaof "$primary" ${REDIS_PORT}
      break
    fi
    # A primary that lost its data would empty its replicas: it waits until one of them is elected.
    if [ "$empty" = no ] || [ "$followers" -eq 0 ]; then
      set --
      break
    fi
  fi
  sleep 1
done
exec redis-server ${paths.configuration}/redis.conf --replica-announce-ip "$own" "$@"
`;
}
