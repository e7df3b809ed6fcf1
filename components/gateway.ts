/**
 * The gateway: several equal pods, each with a volume for what it still owes and for its audit
 * trail; their keys, routes, tiers and secrets as files; and the Services.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { type CertificateHandle, TLS_FOLDER } from "./certificates.ts";
import { after, Component, labelsOf } from "./component.ts";
import type { FineTuningHandle } from "./fine-tuning.ts";
import {
  ARCHIVE_PORT,
  ARCHIVE_STOP_SECONDS,
  ARCHIVED_SEGMENT_SECONDS,
  type Archive,
  archiveSidecar,
} from "./gateway-archive.ts";
import { FILES, type FilesArgs, gatewayFiles, type OwnFiles } from "./gateway-files.ts";
import { type Outside, type OutsideFiles, outsideFiles } from "./gateway-outside.ts";
import {
  ADMINISTRATOR,
  type EdgeTrust,
  edgeTrust,
  type GatewaySecrets,
  type Generations,
  gatewaySecrets,
  SECRET_FILES,
  TRUST_FILES,
} from "./gateway-secrets.ts";
import type { Program, Resources } from "./pod-template.ts";
import type { PostgresHandle } from "./postgres.ts";
import type { RedisHandle } from "./redis.ts";
import { disruptionBudget } from "./replicated-program.ts";
import { drainOf } from "./sizing/drain.ts";
import { probeBudget } from "./sizing/probes.ts";
import { nodeHeap } from "./sizing/quantity.ts";
import {
  DATA_VOLUME,
  hostOf,
  service,
  statefulSet,
  type VolumeSettings,
} from "./stateful-program.ts";

export interface GatewayArgs extends FilesArgs {
  /** Its name, in every record; and the part of each quota that it grants, 1 where it is alone. */
  readonly site: { readonly name: string; readonly quotaShare: number };
  readonly image: string;
  readonly replicas: number;
  readonly resources: Resources;
  readonly certificate: CertificateHandle;
  readonly logLevel: string;
  readonly longestStreamSeconds: number;
  readonly cache: { readonly entriesMax: number; readonly ttlSeconds: number };
  readonly generations?: Generations | undefined;
  readonly prompts: "none" | "hash" | "sealed";
  readonly jobsAtOnce: number;
  /** How long a gateway keeps its own part of the audit trail, 90 or more. */
  readonly auditDays: number;
  /** "required": administrators need an authenticator before anything else. */
  readonly adminTotp: "optional" | "required";
  /** Where its audit trail is kept beyond its own volume; absent: nowhere. */
  readonly archive?: Archive | undefined;
  /** The edge verifies callers' certificates and passes them on. */
  readonly clientCertificates: boolean;
  readonly outside: Outside;
  /** How models are trained on local records; absent: they are not. */
  readonly fineTuning?: FineTuningHandle | undefined;
  /** Pages whose browsers may call. */
  readonly origins: readonly string[];
  readonly redis: RedisHandle;
  readonly postgres: PostgresHandle;
  /** The answer of calls while Redis is away: 503, or a part of each quota for each pod. */
  readonly quotasWithoutRedis: "refuse" | "localShare";
  readonly volume: VolumeSettings;
}

export interface GatewayHandle {
  readonly host: pulumi.Output<string>;
  readonly port: number;
  /** null: nobody is believed who speaks of client certificates. */
  readonly edgeTrust: EdgeTrust | null;
}

export const GATEWAY = "gateway";
export const GATEWAY_METRICS = "gateway-metrics";
export const GATEWAY_PORTS = { api: 8080, metrics: 9464 } as const;
const KEYS_FOLDER = "/etc/gateway/keys";
const ROUTES_FOLDER = "/etc/gateway/routes";
const PASSWORDS_FOLDER = "/etc/gateway/passwords";
const SECRETS_FOLDER = "/etc/gateway/secrets";
const TRUST_FOLDER = "/etc/gateway/edge";
const DATA_FOLDER = "/data";
/** A bundled Node program listens within a second or two. */
const START_SECONDS = 5;

export class Gateway extends Component implements GatewayHandle {
  readonly host: pulumi.Output<string>;
  readonly port = GATEWAY_PORTS.api;
  readonly edgeTrust: EdgeTrust | null;
  /** The first administrator, who must change the password at once. */
  readonly administrator = ADMINISTRATOR;
  readonly administratorPassword: pulumi.Output<string>;

  constructor(name: string, args: GatewayArgs, options?: pulumi.ComponentResourceOptions) {
    super("gateway:Gateway", name, options);
    const parent = { parent: this };
    const secrets = gatewaySecrets(name, args.namespace, GATEWAY, args.generations, parent);
    this.administratorPassword = secrets.administratorPassword;
    this.edgeTrust = args.clientCertificates
      ? edgeTrust(name, args.namespace, GATEWAY, parent)
      : null;
    const outside = outsideFiles(args.outside, name, args.namespace, GATEWAY, parent);
    const files = {
      ...gatewayFiles(name, GATEWAY, args, parent),
      edgeTrust: this.edgeTrust,
      outside,
    };
    const program = {
      ...gatewayProgram(args, files, secrets),
      ...accountOf(this, name, args),
    };
    const replicated = {
      namespace: args.namespace,
      name: GATEWAY,
      program,
      replicas: args.replicas,
      startSeconds: START_SECONDS,
      surge: 0,
    };
    new k8s.apps.v1.StatefulSet(
      name,
      statefulSet(args.namespace, program, args.volume, args.replicas),
      parent,
    );
    const budget = disruptionBudget(replicated);
    if (budget !== undefined) new k8s.policy.v1.PodDisruptionBudget(name, budget, { parent: this });
    const front = new k8s.core.v1.Service(
      name,
      service({
        name: GATEWAY,
        namespace: args.namespace,
        program: GATEWAY,
        ports: [{ name: "api", port: GATEWAY_PORTS.api }],
      }),
      { parent: this },
    );
    new k8s.core.v1.Service(
      `${name}-metrics`,
      service({
        name: GATEWAY_METRICS,
        namespace: args.namespace,
        program: GATEWAY,
        ports: [
          { name: "metrics", port: GATEWAY_PORTS.metrics },
          ...(args.archive === undefined ? [] : [{ name: "archive", port: ARCHIVE_PORT }]),
        ],
        headless: "all",
      }),
      { parent: this },
    );
    this.host = after(front, hostOf(GATEWAY, args.namespace));
    this.registerOutputs({ host: this.host });
  }
}

interface Files extends OwnFiles {
  readonly edgeTrust: EdgeTrust | null;
  readonly outside: OutsideFiles;
}

function gatewayProgram(args: GatewayArgs, files: Files, secrets: GatewaySecrets): Program {
  const drain = drainOf(args.longestStreamSeconds).gateway;
  const heap = nodeHeap(args.resources.memory);
  return {
    name: GATEWAY,
    image: args.image,
    environment: {
      ...gatewayEnvironment(args),
      ...(files.edgeTrust === null ? {} : TRUST),
      ...files.outside.environment,
      ...args.fineTuning?.environment,
      GW_STREAM_TIMEOUT_MS: String(args.longestStreamSeconds * 1_000),
      GW_DRAIN_GRACE_MS: String(drain.graceMs),
      GW_DRAIN_TIMEOUT_MS: String(drain.timeoutMs),
      NODE_OPTIONS: `--max-old-space-size=${heap.oldMebibytes} --max-semi-space-size=${heap.semiSpaceMebibytes}`,
    },
    fields: { GW_INSTANCE: "metadata.name" },
    ports: { api: GATEWAY_PORTS.api, metrics: GATEWAY_PORTS.metrics },
    resources: args.resources,
    mounts: [
      { name: "tls", path: TLS_FOLDER, secret: args.certificate.secret },
      { name: "keys", path: KEYS_FOLDER, secret: files.keys },
      { name: "routes", path: ROUTES_FOLDER, configMap: files.routes },
      { name: "passwords", path: PASSWORDS_FOLDER, secret: files.passwords },
      { name: "secrets", path: SECRETS_FOLDER, secret: secrets.name },
      ...(files.edgeTrust === null
        ? []
        : [{ name: "edge-trust", path: TRUST_FOLDER, secret: files.edgeTrust.secret }]),
      ...files.outside.mounts,
      ...(args.fineTuning?.mounts ?? []),
      { name: DATA_VOLUME, path: DATA_FOLDER, claim: true },
    ],
    health: {
      budget: probeBudget(START_SECONDS),
      ready: { https: "/readyz", port: GATEWAY_PORTS.api },
      alive: { https: "/livez", port: GATEWAY_PORTS.api },
    },
    ...archived(args, drain.terminationSeconds),
  };
}

function archived({ archive }: GatewayArgs, terminationSeconds: number) {
  if (archive === undefined) return { terminationSeconds };
  return {
    sidecars: [archiveSidecar(archive)],
    terminationSeconds: terminationSeconds + ARCHIVE_STOP_SECONDS,
  };
}

/** Who it is to the cluster where it makes Jobs, and to a cloud where it keeps its trail there. */
function accountOf(parent: Gateway, name: string, { namespace, fineTuning, archive }: GatewayArgs) {
  if (fineTuning !== undefined) return { serviceAccount: fineTuning.serviceAccount };
  if (archive?.place.kind !== "cloud") return {};
  const account = new k8s.core.v1.ServiceAccount(
    name,
    {
      metadata: { name: GATEWAY, namespace, labels: labelsOf(GATEWAY) },
      automountServiceAccountToken: false,
    },
    { parent },
  );
  return { serviceAccount: after(account, GATEWAY) };
}

const TRUST = {
  GW_CLIENT_CERTIFICATE_HEADER: "x-client-certificate",
  GW_EDGE_TOKEN_FILE: `${TRUST_FOLDER}/${TRUST_FILES.token}`,
};

/** Names and meanings: gateway-image/README.md; checked against its config.schema.json. */
function gatewayEnvironment(args: GatewayArgs): Record<string, pulumi.Input<string>> {
  // The first byte of an answer must come before the edge gives up at 120 s.
  const answerSeconds = Math.min(110, args.longestStreamSeconds);
  return {
    GW_SITE: args.site.name,
    GW_QUOTA_SHARE_PERCENT: String(Math.round(args.site.quotaShare * 100)),
    GW_LOG_LEVEL: args.logLevel,
    GW_PORT: String(GATEWAY_PORTS.api),
    GW_METRICS_PORT: String(GATEWAY_PORTS.metrics),
    GW_TLS_CERT_FILE: `${TLS_FOLDER}/tls.crt`,
    GW_TLS_KEY_FILE: `${TLS_FOLDER}/tls.key`,
    GW_CA_FILE: `${TLS_FOLDER}/ca.crt`,
    ...(args.storesAuthority === undefined
      ? {}
      : { GW_STORES_CA_FILE: `${ROUTES_FOLDER}/${FILES.storesAuthority}` }),
    GW_CLIENT_ADDRESS_HEADER: "x-real-ip",
    ...(args.origins.length === 0 ? {} : { GW_CORS_ORIGINS: args.origins.join(",") }),
    GW_KEYS_FILE: `${KEYS_FOLDER}/${FILES.keys}`,
    GW_ROUTES_FILE: `${ROUTES_FOLDER}/${FILES.routes}`,
    GW_TIERS_FILE: `${ROUTES_FOLDER}/${FILES.tiers}`,
    ...((args.wordLists ?? []).length === 0
      ? {}
      : { GW_DIRECTORY_FILE: `${ROUTES_FOLDER}/${FILES.directory}` }),
    ...((args.tokenIssuers ?? []).length === 0
      ? {}
      : { GW_OIDC_FILE: `${ROUTES_FOLDER}/${FILES.tokenIssuers}` }),
    GW_CACHE_ENTRIES_MAX: String(args.cache.entriesMax),
    GW_CACHE_TTL_SECONDS: String(args.cache.ttlSeconds),
    GW_PROMPTS: args.prompts,
    GW_JOBS_AT_ONCE: String(args.jobsAtOnce),
    GW_AUDIT_RETENTION_DAYS: String(args.auditDays),
    ...(args.archive === undefined
      ? {}
      : { GW_AUDIT_SEGMENT_SECONDS: String(ARCHIVED_SEGMENT_SECONDS) }),
    ...redisEnvironment(args.redis),
    ...(args.quotasWithoutRedis === "refuse"
      ? {}
      : { GW_SHARED_STORE_DOWN: "local-share", GW_REPLICAS: String(args.replicas) }),
    GW_REDIS_USERNAME: args.redis.user,
    GW_REDIS_PASSWORD_FILE: `${PASSWORDS_FOLDER}/${FILES.redisPassword}`,
    GW_POSTGRES_HOST: args.postgres.host,
    GW_POSTGRES_PORT: String(args.postgres.port),
    GW_POSTGRES_DATABASE: args.postgres.user,
    GW_POSTGRES_USERNAME: args.postgres.user,
    GW_POSTGRES_PASSWORD_FILE: `${PASSWORDS_FOLDER}/${FILES.postgresPassword}`,
    GW_DATA_FOLDER: DATA_FOLDER,
    GW_DATA_KEY_FILE: `${SECRETS_FOLDER}/${SECRET_FILES.dataKeys}`,
    GW_JWT_SECRET_FILE: `${SECRETS_FOLDER}/${SECRET_FILES.tokenSecrets}`,
    GW_AUDIT_SEAL_KEY_FILE: `${SECRETS_FOLDER}/${SECRET_FILES.auditSeal}`,
    GW_ADMIN_TOTP: args.adminTotp,
    GW_ADMIN_PASSWORD_FILE: `${SECRETS_FOLDER}/${SECRET_FILES.administratorPassword}`,
    GW_ANSWER_TIMEOUT_MS: String(answerSeconds * 1_000),
  };
}

/** The sentinels where there are some: they know who of several is the primary. */
function redisEnvironment({ sentinels, host, port }: RedisHandle) {
  if (sentinels === undefined) return { GW_REDIS_HOST: host, GW_REDIS_PORT: String(port) };
  return {
    GW_REDIS_SENTINELS: sentinels.addresses.apply((addresses) => addresses.join(",")),
    GW_REDIS_MASTER: sentinels.master,
  };
}
