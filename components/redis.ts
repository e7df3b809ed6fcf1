/** Redis, which counts quotas: TLS only, named users, one pod with one volume. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type CertificateHandle, TLS_FOLDER } from "./certificates.ts";
import { after, Component, labelsOf } from "./component.ts";
import { metricsService, redisExporter } from "./exporters.ts";
import type { Program, Resources } from "./pod-template.ts";
import { GATEWAY_USER, PROBE_USER, redisConfiguration, redisUsers } from "./redis-configuration.ts";
import {
  checksumOf,
  type PasswordPlace,
  passwordSecret,
  randomPassword,
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
}

/** How a client reaches it. */
export interface RedisHandle {
  readonly host: pulumi.Output<string>;
  readonly port: number;
  readonly user: string;
  readonly password: pulumi.Output<string>;
}

export const REDIS = "redis";
export const REDIS_PORT = 6379;
const USERS = "redis-users";
const CONFIGURATION = "redis-configuration";
const CONFIGURATION_FOLDER = "/etc/redis/configuration";
const ACL_FOLDER = "/etc/redis/acl";
const DATA_FOLDER = "/data";
const SOCKETS = { name: "sockets", path: "/run/redis" } as const;
/** A start with some hundred MB of log takes seconds. */
const START_SECONDS = 10;

export class Redis extends Component implements RedisHandle {
  readonly host: pulumi.Output<string>;
  readonly port = REDIS_PORT;
  readonly user = GATEWAY_USER;
  readonly password: pulumi.Output<string>;

  constructor(name: string, args: RedisArgs, options?: pulumi.ComponentResourceOptions) {
    super("data:Redis", name, options);
    const parent = { parent: this };
    const probe = randomPassword(`${name}-probe`, parent);
    const exporter = passwordSecret(`${name}-exporter`, args.namespace, REDIS, parent);
    this.password = randomPassword(`${name}-gateway`, parent);

    const users = pulumi
      .all([this.password, probe, exporter.password])
      .apply(([gateway, probing, reading]) =>
        redisUsers({ gateway, probe: probing, exporter: reading }),
      );
    const secret = new k8s.core.v1.Secret(
      `${name}-users`,
      {
        metadata: { name: USERS, namespace: args.namespace, labels: labelsOf(REDIS) },
        data: secretData({ "users.acl": users, "probe-password": probe }),
      },
      parent,
    );
    const text = redisConfiguration(
      { tls: TLS_FOLDER, acl: ACL_FOLDER, data: DATA_FOLDER, sockets: SOCKETS.path },
      redisMemoryMebibytes(args.resources.memory),
    );
    const configuration = new k8s.core.v1.ConfigMap(
      `${name}-configuration`,
      {
        metadata: {
          name: CONFIGURATION,
          namespace: args.namespace,
          labels: labelsOf(REDIS),
        },
        data: { "redis.conf": text },
      },
      parent,
    );
    const checksum = checksumOf(text, users, args.certificate.checksum);
    const names = {
      users: after(secret, USERS),
      exporter: exporter.place,
      configuration: after(configuration, CONFIGURATION),
    };
    new k8s.apps.v1.StatefulSet(
      name,
      statefulSet(args.namespace, program(args, names, checksum), args.volume),
      parent,
    );
    const front = new k8s.core.v1.Service(
      name,
      service({
        name: REDIS,
        namespace: args.namespace,
        program: REDIS,
        ports: [{ name: "redis", port: REDIS_PORT }],
      }),
      parent,
    );
    new k8s.core.v1.Service(`${name}-metrics`, metricsService(REDIS, args.namespace), parent);
    this.host = after(front, hostOf(REDIS, args.namespace));
    this.registerOutputs({ host: this.host });
  }
}

function program(
  args: RedisArgs,
  names: {
    users: pulumi.Output<string>;
    exporter: PasswordPlace;
    configuration: pulumi.Output<string>;
  },
  checksum: pulumi.Output<string>,
): Program {
  return {
    name: REDIS,
    image: args.image,
    command: ["redis-server", `${CONFIGURATION_FOLDER}/redis.conf`],
    // redis-cli takes the password from here; an argument would be seen in the process list.
    secrets: { REDISCLI_AUTH: { name: names.users, key: "probe-password" } },
    ports: { redis: REDIS_PORT },
    resources: args.resources,
    mounts: [
      { name: "configuration", path: CONFIGURATION_FOLDER, configMap: names.configuration },
      { name: "users", path: ACL_FOLDER, secret: names.users },
      { name: "tls", path: TLS_FOLDER, secret: args.certificate.secret },
      { ...SOCKETS, scratch: "1Mi" },
      { name: DATA_VOLUME, path: DATA_FOLDER, claim: true },
    ],
    health: { budget: probeBudget(START_SECONDS), ready: { command: PING } },
    companions: [redisExporter(args.exporterImage, names.exporter, SOCKETS)],
    terminationSeconds: 30,
    checksum,
  };
}

const PING = [
  "redis-cli",
  "-e",
  "--no-auth-warning",
  "--tls",
  "--cacert",
  `${TLS_FOLDER}/ca.crt`,
  "--user",
  PROBE_USER,
  "ping",
];
