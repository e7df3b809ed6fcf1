/** PostgreSQL, which keeps the ledger: TLS only, one pod with one volume, and the roles that come in. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { webConfiguration } from "../observability/prometheus-files.ts";
import { type CertificateHandle, TLS_FOLDER } from "./certificates.ts";
import { after, Component, labelsOf } from "./component.ts";
import { metricsService, postgresExporter } from "./exporters.ts";
import type { Program, Resources } from "./pod-template.ts";
import {
  exporterStatements,
  postgresAccess,
  postgresConfiguration,
  roleStatements,
  scramVerifier,
} from "./postgres-configuration.ts";
import {
  checksumOf,
  ofGeneration,
  type PasswordPlace,
  passwordSecret,
  randomPassword,
  secretData,
} from "./secret-data.ts";
import { probeBudget } from "./sizing/probes.ts";
import { postgresSharedMebibytes } from "./sizing/quantity.ts";
import {
  DATA_VOLUME,
  hostOf,
  service,
  statefulSet,
  type VolumeSettings,
} from "./stateful-program.ts";

export interface PostgresArgs {
  readonly namespace: string;
  readonly image: string;
  readonly exporterImage: string;
  readonly certificate: CertificateHandle;
  readonly resources: Resources;
  readonly volume: VolumeSettings;
  /** How often the gateway's password was rotated. */
  readonly generation?: number | undefined;
}

/** How a client reaches it; database and user are called the same. */
export interface PostgresHandle {
  readonly host: pulumi.Output<string>;
  readonly port: number;
  readonly user: string;
  readonly password: pulumi.Output<string>;
}

export const POSTGRES = "postgres";
export const POSTGRES_PORT = 5432;
const GATEWAY_ROLE = "gateway";
const ROLES = "postgres-roles";
const CONFIGURATION = "postgres-configuration";
const CONFIGURATION_FOLDER = "/etc/postgres/configuration";
const FILES = { name: "configuration", path: CONFIGURATION_FOLDER } as const;
const ROLES_FOLDER = "/etc/postgres/roles";
const SOCKETS = { name: "sockets", path: "/run/postgresql" } as const;
const DATA_FOLDER = "/var/lib/postgresql/data";
/** initdb on a slow disk, or the replay of the log after a crash. */
const START_SECONDS = 30;

export class Postgres extends Component implements PostgresHandle {
  readonly host: pulumi.Output<string>;
  readonly port = POSTGRES_PORT;
  readonly user = GATEWAY_ROLE;
  readonly password: pulumi.Output<string>;

  constructor(name: string, args: PostgresArgs, options?: pulumi.ComponentResourceOptions) {
    super("data:Postgres", name, options);
    const parent = { parent: this };
    this.password = randomPassword(ofGeneration(`${name}-gateway`, args.generation), parent);
    const salt = randomPassword(`${name}-salt`, parent);
    const exporter = passwordSecret(`${name}-exporter`, args.namespace, POSTGRES, parent);
    const statements = pulumi
      .all([this.password, exporter.password, salt])
      .apply(([gateway, reading, some]) => allRoles(gateway, reading, some));
    const roles = new k8s.core.v1.Secret(
      `${name}-roles`,
      {
        metadata: metadata(args, ROLES),
        data: secretData({ "roles.sql": statements }),
      },
      parent,
    );
    const files = configurationFiles(args);
    const configuration = new k8s.core.v1.ConfigMap(
      `${name}-configuration`,
      { metadata: metadata(args, CONFIGURATION), data: files },
      parent,
    );
    const names = {
      roles: after(roles, ROLES),
      exporter: exporter.place,
      configuration: after(configuration, CONFIGURATION),
    };
    const checksum = checksumOf(...Object.values(files), statements, args.certificate.checksum);
    const program = postgresProgram(args, names, checksum);
    new k8s.apps.v1.StatefulSet(name, statefulSet(args.namespace, program, args.volume), parent);
    const front = new k8s.core.v1.Service(
      name,
      service({
        name: POSTGRES,
        namespace: args.namespace,
        program: POSTGRES,
        ports: [{ name: "postgres", port: POSTGRES_PORT }],
      }),
      parent,
    );
    new k8s.core.v1.Service(`${name}-metrics`, metricsService(POSTGRES, args.namespace), parent);
    this.host = after(front, hostOf(POSTGRES, args.namespace));
    this.registerOutputs({ host: this.host });
  }
}

/** The gateway's last: its statements end inside its own database. */
function allRoles(gateway: string, exporter: string, salt: string): string {
  const reading = exporterStatements(scramVerifier(exporter, salt));
  return reading + roleStatements(GATEWAY_ROLE, scramVerifier(gateway, salt));
}

function metadata(args: PostgresArgs, name: string) {
  return { name, namespace: args.namespace, labels: labelsOf(POSTGRES) };
}

function configurationFiles(args: PostgresArgs): Record<string, string> {
  const paths = { tls: TLS_FOLDER, configuration: CONFIGURATION_FOLDER, sockets: SOCKETS.path };
  const shared = postgresSharedMebibytes(args.resources.memory);
  return {
    "postgresql.conf": postgresConfiguration(paths, shared),
    "pg_hba.conf": postgresAccess(),
    "web.yml": webConfiguration(TLS_FOLDER),
  };
}

function postgresProgram(
  args: PostgresArgs,
  names: {
    roles: pulumi.Output<string>;
    exporter: PasswordPlace;
    configuration: pulumi.Output<string>;
  },
  checksum: pulumi.Output<string>,
): Program {
  return {
    name: POSTGRES,
    image: args.image,
    args: ["-c", `config_file=${CONFIGURATION_FOLDER}/postgresql.conf`],
    environment: {
      // A folder below the volume: initdb refuses one that holds a lost+found.
      PGDATA: `${DATA_FOLDER}/cluster`,
      // Run at every start before anyone can connect, so that a new password needs no second way.
      POSTGRES_SQL_FILE: `${ROLES_FOLDER}/roles.sql`,
    },
    ports: { postgres: POSTGRES_PORT },
    resources: args.resources,
    mounts: [
      { ...FILES, configMap: names.configuration },
      { name: "roles", path: ROLES_FOLDER, secret: names.roles },
      { name: "tls", path: TLS_FOLDER, secret: args.certificate.secret },
      { ...SOCKETS, scratch: "1Mi" },
      { name: "temporary", path: "/tmp", scratch: "64Mi" },
      { name: DATA_VOLUME, path: DATA_FOLDER, claim: true },
    ],
    health: {
      budget: probeBudget(START_SECONDS),
      ready: { command: ["pg_isready", "--quiet", "--host", "127.0.0.1"] },
    },
    companions: [postgresExporter(args.exporterImage, names.exporter, SOCKETS, FILES)],
    // A fast shutdown writes one checkpoint.
    terminationSeconds: 120,
    checksum,
  };
}
