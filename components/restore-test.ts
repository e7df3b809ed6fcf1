/**
 * Tries the backups of a cluster of CloudNativePG, again and again: a backup that was never restored is a
 * hope. The newest copy and its log are brought from the archive into a volume of this pod's own, and
 * PostgreSQL in the cluster's own image reads them there, without a network. A pod that stays, and no
 * CronJob: its records need a place that nobody else writes to, and Prometheus somebody who answers.
 * It has no right in the cluster, and the live database is not reached.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { type CertificateHandle, TLS_FOLDER } from "./certificates.ts";
import { after, Component, labelsOf } from "./component.ts";
import { ed25519Pem } from "./gateway-secrets.ts";
import type { Container, Mount, Program, Resources } from "./pod-template.ts";
import { RESTORE_DATABASE } from "./restore-database-script.ts";
import { checksumOf, secretData } from "./secret-data.ts";
import { probeBudget } from "./sizing/probes.ts";
import { DATA_VOLUME, service, statefulSet, type VolumeSettings } from "./stateful-program.ts";

export interface RestoreTestArgs {
  readonly namespace: string;
  readonly image: string;
  /** The cluster's: a copy is read by the version that wrote it. */
  readonly databaseImage: string;
  readonly certificate: CertificateHandle;
  readonly archive: {
    /** s3://bucket/folder of one cluster. */
    readonly from: string;
    readonly endpoint: string | undefined;
    readonly region: string;
    /** Secret with access-key-id and secret-access-key, which the operator's backups have, too. */
    readonly secret: string;
  };
  readonly database: string;
  readonly everyHours: number;
  readonly volume: VolumeSettings;
  readonly databaseResources: Resources;
}

export const RESTORE_TEST = "restore-test";
export const RESTORE_TEST_PORT = 9467;

/** An estimate: files go through as streams; listing a year of a log holds some 100,000 names. */
const RESOURCES = { cpu: "10m", memory: "256Mi" };
const HEAP_MEBIBYTES = 128;
const START_SECONDS = 5;
const SEAL_FILE = "seal.pem";
const KEY_BYTES = 32;
const SEAL = { name: "seal", path: "/etc/restore-test" } as const;
const KEYS = { name: "archive-keys", path: "/etc/archive-keys" } as const;
const STATE_FOLDER = "/state";
const SCRATCH_FOLDER = "/scratch";
const SCRATCH: Mount = { name: DATA_VOLUME, path: SCRATCH_FOLDER, claim: true, subPath: "scratch" };

export class RestoreTest extends Component {
  constructor(name: string, args: RestoreTestArgs, options?: pulumi.ComponentResourceOptions) {
    super("data:RestoreTest", name, options);
    const parent = { parent: this };
    const { namespace } = args;
    const seed = new random.RandomBytes(`${name}-seal`, { length: KEY_BYTES }, parent).base64;
    const own = `${RESTORE_TEST}-seal`;
    const seal = new k8s.core.v1.Secret(
      `${name}-seal`,
      {
        metadata: { name: own, namespace, labels: labelsOf(RESTORE_TEST) },
        data: secretData({ [SEAL_FILE]: seed.apply(ed25519Pem) }),
      },
      parent,
    );
    const program = restoreProgram(args, after(seal, own), checksumOf(seed));
    new k8s.apps.v1.StatefulSet(name, statefulSet(namespace, program, args.volume), parent);
    new k8s.core.v1.Service(
      name,
      service({
        name: RESTORE_TEST,
        namespace,
        program: RESTORE_TEST,
        ports: [{ name: "metrics", port: RESTORE_TEST_PORT }],
        headless: "all",
      }),
      parent,
    );
    this.registerOutputs({});
  }
}

function restoreProgram(
  args: RestoreTestArgs,
  seal: pulumi.Output<string>,
  checksum: pulumi.Output<string>,
): Program {
  const { from, endpoint, region, secret } = args.archive;
  const keys = [
    { key: "access-key-id", path: "ACCESS_KEY_ID" },
    { key: "secret-access-key", path: "ACCESS_SECRET_KEY" },
  ];
  return {
    name: RESTORE_TEST,
    image: args.image,
    environment: {
      RESTORE_FROM: from,
      RESTORE_KEYS_FOLDER: KEYS.path,
      RESTORE_SCRATCH: SCRATCH_FOLDER,
      RESTORE_STATE: STATE_FOLDER,
      RESTORE_SEAL_KEY_FILE: `${SEAL.path}/${SEAL_FILE}`,
      RESTORE_DATABASE: args.database,
      RESTORE_EVERY_HOURS: String(args.everyHours),
      RESTORE_PORT: String(RESTORE_TEST_PORT),
      RESTORE_TLS_CERT_FILE: `${TLS_FOLDER}/tls.crt`,
      RESTORE_TLS_KEY_FILE: `${TLS_FOLDER}/tls.key`,
      AWS_REGION: region,
      ...(endpoint === undefined ? {} : { AWS_ENDPOINT_URL_S3: endpoint }),
      NODE_OPTIONS: `--max-old-space-size=${HEAP_MEBIBYTES}`,
    },
    ports: { metrics: RESTORE_TEST_PORT },
    resources: RESOURCES,
    mounts: [
      { name: DATA_VOLUME, path: STATE_FOLDER, claim: true, subPath: "records" },
      SCRATCH,
      { ...SEAL, secret: seal },
      { ...KEYS, projected: [{ secret: { name: secret, items: keys } }] },
      { name: "tls", path: TLS_FOLDER, secret: args.certificate.secret },
    ],
    health: {
      budget: probeBudget(START_SECONDS),
      ready: { https: "/readyz", port: RESTORE_TEST_PORT },
      alive: { https: "/livez", port: RESTORE_TEST_PORT },
    },
    companions: [database(args)],
    // A fast shutdown of a server that nobody uses; what is half done is done again.
    terminationSeconds: 30,
    checksum,
  };
}

/** Idle but for the hours of a test; the scratch folder is all that it shares, and its socket lies in it. */
function database({ databaseImage, databaseResources }: RestoreTestArgs): Container {
  return {
    name: "database",
    image: databaseImage,
    command: ["sh", "-c", RESTORE_DATABASE, "restore-database", SCRATCH_FOLDER],
    ports: {},
    resources: databaseResources,
    mounts: [SCRATCH],
    health: {
      budget: probeBudget(START_SECONDS),
      ready: { command: ["test", "-d", SCRATCH_FOLDER] },
    },
  };
}
