/**
 * Redis, which counts quotas: TLS only, named users. One pod with one volume; or three, one primary
 * and two replicas, with a sentinel in each that elects another primary when it is gone.
 */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type CertificateHandle, TLS_FOLDER } from "./certificates.ts";
import { after, Component, labelsOf } from "./component.ts";
import { metricsService, redisExporter } from "./exporters.ts";
import type { Container, Mount, Program, Resources } from "./pod-template.ts";
import { GATEWAY_USER, PROBE_USER, redisConfiguration, redisUsers } from "./redis-configuration.ts";
import {
  linkConfiguration,
  MASTER,
  MEMBERS,
  memberHosts,
  memberScript,
  REDIS_PORT,
  type ReplicationPasswords,
  replicationConfiguration,
  replicationSecrets,
  replicationUsers,
  replicaUser,
  SENTINEL_PORT,
  sentinelConfiguration,
  sentinelScript,
  sentinelSecrets,
  sentinelUsers,
} from "./redis-replication.ts";
import { disruptionBudget } from "./replicated-program.ts";
import {
  checksumOf,
  type PasswordPlace,
  passwordSecret,
  randomPassword,
  rotatedPassword,
  secretData,
} from "./secret-data.ts";
import { probeBudget } from "./sizing/probes.ts";
import { redisMemoryMebibytes } from "./sizing/quantity.ts";
import {
  DATA_VOLUME,
  hostOf,
  service,
  statefulSet,
  type VolumeSettings,
} from "./stateful-program.ts";

export interface RedisArgs {
  readonly namespace: string;
  readonly image: string;
  readonly exporterImage: string;
  readonly certificate: CertificateHandle;
  readonly resources: Resources;
  readonly volume: VolumeSettings;
  /** Three are a primary and two replicas, each on a node of its own. */
  readonly replicas: 1 | 3;
  /** A machine of one's own has one node: the three stand on it, and go with it. */
  readonly oneNode?: boolean;
  /** How often the gateway's password was rotated. */
  readonly generation?: number | undefined;
  /** Another site's Redis follows this one, or this one follows another site's; absent: neither. */
  readonly link?: RedisLink | undefined;
}

/**
 * One pod follows. It takes no writes until it is made `primary`, and then has what it had heard. Both
 * sites' certificates are of one authority; Redis verifies that, and no host name.
 */
export type RedisLink =
  | { readonly role: "primary" }
  | {
      readonly role: "standby";
      /** Where the primary's primary is reached, whichever of its pods that is. */
      readonly host: string;
      readonly port: number;
      /** The primary's `replicaPassword`. */
      readonly password: pulumi.Input<string>;
    };

/** How a client reaches it. */
export interface RedisHandle {
  readonly host: pulumi.Output<string>;
  readonly port: number;
  readonly user: string;
  readonly password: pulumi.Output<string>;
  /** Where one of several is the primary: who knows it. They are asked, and not `host`. */
  readonly sentinels?: RedisSentinels | undefined;
}

export interface RedisSentinels {
  /** `host:port` each. */
  readonly addresses: pulumi.Output<readonly string[]>;
  /** What they call the primary. */
  readonly master: string;
}

export const REDIS = "redis";
const SENTINEL = "sentinel";
const USERS = "redis-users";
const CONFIGURATION = "redis-configuration";
const FOLDERS = {
  tls: TLS_FOLDER,
  acl: "/etc/redis/acl",
  configuration: "/etc/redis/configuration",
  data: "/data",
} as const;
const SOCKETS = { name: "sockets", path: "/run/redis" } as const;
const FILES = { name: "configuration", path: FOLDERS.configuration } as const;
const ACCESS = { name: "users", path: FOLDERS.acl } as const;
const TLS = { name: "tls", path: TLS_FOLDER } as const;
const DATA: Mount = { name: DATA_VOLUME, path: FOLDERS.data, claim: true };
/** A start with some hundred MB of log takes seconds. */
const START_SECONDS = 10;
/** A sentinel holds a handful of names; estimated, with room for TLS. */
const SENTINEL_RESOURCES = { cpu: "20m", memory: "48Mi" } as const;

export class Redis extends Component implements RedisHandle {
  readonly host: pulumi.Output<string>;
  readonly port = REDIS_PORT;
  readonly user = GATEWAY_USER;
  readonly password: pulumi.Output<string>;
  readonly sentinels: RedisSentinels | undefined;
  /** By which another site's may follow this one; undefined: none may. */
  readonly replicaPassword: pulumi.Output<string> | undefined;

  constructor(name: string, args: RedisArgs, options?: pulumi.ComponentResourceOptions) {
    super("data:Redis", name, options);
    const parent = { parent: this };
    const replicated = args.replicas === MEMBERS;
    if (replicated && args.link?.role === "standby") {
      throw new Error(`${name}: one pod follows another site; its replicas would elect it away`);
    }
    const exporter = passwordSecret(`${name}-exporter`, args.namespace, REDIS, parent);
    const access = accessFiles(name, args, exporter.password, parent);
    this.password = access.password;
    this.replicaPassword = args.link === undefined ? undefined : access.replica;
    const metadata = (object: string) => ({
      name: object,
      namespace: args.namespace,
      labels: labelsOf(REDIS),
    });
    const secret = new k8s.core.v1.Secret(
      `${name}-users`,
      { metadata: metadata(USERS), data: secretData(access.files) },
      parent,
    );
    const files = configurationFiles(args, replicated);
    const configuration = new k8s.core.v1.ConfigMap(
      `${name}-configuration`,
      { metadata: metadata(CONFIGURATION), data: files },
      parent,
    );
    const checksum = checksumOf(
      ...Object.values(files),
      ...Object.values(access.files),
      args.certificate.checksum,
    );
    const names = {
      users: after(secret, USERS),
      exporter: exporter.place,
      configuration: after(configuration, CONFIGURATION),
    };
    const program = replicated
      ? memberProgram(args, names, checksum)
      : singleProgram(args, names, checksum);
    const { replicas } = args;
    new k8s.apps.v1.StatefulSet(
      name,
      statefulSet(args.namespace, program, args.volume, replicas),
      parent,
    );
    const sized = { namespace: args.namespace, name: REDIS, program, replicas };
    const budget = disruptionBudget({ ...sized, startSeconds: START_SECONDS, surge: 0 });
    if (budget !== undefined) new k8s.policy.v1.PodDisruptionBudget(name, budget, parent);
    const front = new k8s.core.v1.Service(name, frontService(args, replicated), parent);
    new k8s.core.v1.Service(`${name}-metrics`, metricsService(REDIS, args.namespace), parent);
    this.host = after(front, hostOf(REDIS, args.namespace));
    this.sentinels = replicated
      ? { addresses: after(front, sentinelAddresses(args.namespace)), master: MASTER }
      : undefined;
    this.registerOutputs({ host: this.host });
  }
}

/** By which names the members of a replicated Redis are called; its certificate carries them. */
function redisMembers(namespace: string) {
  return { program: REDIS, service: hostOf(REDIS, namespace) };
}

function sentinelAddresses(namespace: string): readonly string[] {
  return memberHosts(redisMembers(namespace)).map((host) => `${host}:${SENTINEL_PORT}`);
}

interface Access {
  readonly password: pulumi.Output<string>;
  readonly replica: pulumi.Output<string> | undefined;
  /** Of the Secret. */
  readonly files: Record<string, pulumi.Output<string>>;
}

function accessFiles(
  name: string,
  { replicas, link, generation }: RedisArgs,
  exporter: pulumi.Output<string>,
  options: pulumi.CustomResourceOptions,
): Access {
  const probe = randomPassword(`${name}-probe`, options);
  const { current: password, former } = rotatedPassword(`${name}-gateway`, generation, options);
  const gateways = pulumi.all([password, former ?? pulumi.output(undefined)]);
  const users = pulumi
    .all([gateways, probe, exporter])
    .apply(([[gateway, old], probing, reading]) =>
      redisUsers({ gateway, former: old, probe: probing, exporter: reading }),
    );
  const own = { "users.acl": users, "probe-password": probe };
  if (replicas !== MEMBERS && link === undefined) {
    return { password, replica: undefined, files: own };
  }
  const replica = pulumi.secret(
    link?.role === "standby" ? link.password : randomPassword(`${name}-replica`, options),
  );
  const following = {
    ...own,
    "replication.conf": replica.apply((known) => replicationSecrets({ replica: known })),
  };
  if (replicas !== MEMBERS) {
    const line = replica.apply((known) => replicaUser({ replica: known }));
    const files = { ...following, "users.acl": pulumi.interpolate`${users}${line}` };
    return { password, replica, files };
  }
  const sentinel = randomPassword(`${name}-sentinel`, options);
  const all = (text: (passwords: ReplicationPasswords) => string): pulumi.Output<string> =>
    pulumi
      .all([gateways, probe, replica, sentinel])
      .apply(([[gateway, old], probing, follower, watching]) =>
        text({ gateway, former: old, probe: probing, replica: follower, sentinel: watching }),
      );
  const files = {
    ...following,
    "users.acl": pulumi.interpolate`${users}${all(replicationUsers)}`,
    "sentinel.acl": all(sentinelUsers),
    "sentinel-secrets.conf": all(sentinelSecrets),
  };
  return { password, replica, files };
}

function configurationFiles(args: RedisArgs, replicated: boolean): Record<string, string> {
  const memory = redisMemoryMebibytes(args.resources.memory);
  const text = redisConfiguration({ ...FOLDERS, sockets: SOCKETS.path }, memory);
  if (!replicated) {
    if (args.link === undefined) return { "redis.conf": text };
    const follows = args.link.role === "standby" ? args.link : undefined;
    return { "redis.conf": `${text}${linkConfiguration(FOLDERS, follows)}` };
  }
  const members = redisMembers(args.namespace);
  return {
    "redis.conf": `${text}${replicationConfiguration(FOLDERS, memory)}`,
    "sentinel.conf": sentinelConfiguration(FOLDERS),
    "start-redis.sh": memberScript(FOLDERS, members),
    "start-sentinel.sh": sentinelScript(FOLDERS, members),
  };
}

interface Names {
  readonly users: pulumi.Output<string>;
  readonly exporter: PasswordPlace;
  readonly configuration: pulumi.Output<string>;
}

function singleProgram(args: RedisArgs, names: Names, checksum: pulumi.Output<string>): Program {
  return {
    name: REDIS,
    image: args.image,
    command: ["redis-server", `${FOLDERS.configuration}/redis.conf`],
    // redis-cli takes the password from here; an argument would be seen in the process list.
    secrets: { REDISCLI_AUTH: { name: names.users, key: "probe-password" } },
    ports: { redis: REDIS_PORT },
    resources: args.resources,
    mounts: [
      { ...FILES, configMap: names.configuration },
      { ...ACCESS, secret: names.users },
      { ...TLS, secret: args.certificate.secret },
      { ...SOCKETS, scratch: "1Mi" },
      DATA,
    ],
    health: { budget: probeBudget(START_SECONDS), ready: { command: ping(REDIS_PORT) } },
    companions: [redisExporter(args.exporterImage, names.exporter, SOCKETS)],
    terminationSeconds: 30,
    checksum,
  };
}

function memberProgram(args: RedisArgs, names: Names, checksum: pulumi.Output<string>): Program {
  const single = singleProgram(args, names, checksum);
  return {
    ...single,
    command: ["sh", `${FOLDERS.configuration}/start-redis.sh`],
    fields: { POD_NAME: "metadata.name" },
    companions: [...(single.companions ?? []), sentinel(args, names)],
    // Two members on one node would go together, and with them the majority.
    ...(args.oneNode === true ? {} : { apart: true }),
  };
}

function sentinel(args: RedisArgs, names: Names): Container {
  return {
    name: SENTINEL,
    image: args.image,
    command: ["sh", `${FOLDERS.configuration}/start-sentinel.sh`],
    fields: { POD_NAME: "metadata.name" },
    secrets: { REDISCLI_AUTH: { name: names.users, key: "probe-password" } },
    ports: { [SENTINEL]: SENTINEL_PORT },
    resources: SENTINEL_RESOURCES,
    mounts: [
      { ...FILES, shared: true },
      { ...ACCESS, shared: true },
      { ...TLS, shared: true },
      DATA,
    ],
    health: { budget: probeBudget(1), ready: { command: ping(SENTINEL_PORT) } },
  };
}

/**
 * One address for each pod, also where there is one: a Service is made with an address of its own or
 * without, for good, and one pod may become three. Pods are named while they are not ready yet: the
 * sentinels must meet before they are, and a name that is gone for a moment is missed for longer, since
 * name servers keep that, too.
 */
function frontService(args: RedisArgs, replicated: boolean): k8s.core.v1.ServiceArgs {
  const redis = { name: "redis", port: REDIS_PORT };
  const sentinels = replicated ? [{ name: SENTINEL, port: SENTINEL_PORT }] : [];
  return service({
    ...{ name: REDIS, namespace: args.namespace, program: REDIS },
    ports: [redis, ...sentinels],
    headless: "all",
  });
}

function ping(port: number): string[] {
  return [
    "redis-cli",
    "-e",
    "--no-auth-warning",
    "--tls",
    "--cacert",
    `${TLS_FOLDER}/ca.crt`,
    ...(port === REDIS_PORT ? [] : ["-p", String(port)]),
    "--user",
    PROBE_USER,
    "ping",
  ];
}
