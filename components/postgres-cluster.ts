/**
 * PostgreSQL as a cluster of CloudNativePG: three instances of which one is written to and one more
 * has every commit, backups and the log in an object store, and a replica at another site where there
 * is one. The operator and its Barman Cloud plugin are there already; their API is checked before.
 */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { CertificateHandle } from "./certificates.ts";
import { after, Component, labelsOf, type Transform } from "./component.ts";
import { METRICS_PORTS } from "./exporters.ts";
import type { Resources } from "./pod-template.ts";
import { POSTGRES_PORT, type PostgresHandle } from "./postgres.ts";
import {
  type BackupSettings,
  CLUSTER_API,
  CLUSTER_LABEL,
  clusterSpec,
  OBJECT_STORE_API,
  objectStoreSpec,
  type RestoreSettings,
  type SiteSettings,
  scheduleSpec,
} from "./postgres-cluster-objects.ts";
import { ofGeneration, randomPassword, secretData } from "./secret-data.ts";
import { hostOf, type VolumeSettings } from "./stateful-program.ts";

export interface PostgresClusterArgs {
  readonly namespace: string;
  /** The Cluster's name, with which those of its Services and pods begin. */
  readonly cluster: string;
  /** Of the role that comes in, and of its database. */
  readonly role: string;
  readonly image: pulumi.Input<string>;
  readonly instances: number;
  readonly resources: Resources;
  readonly volume: VolumeSettings;
  /** How often the role's password was rotated. */
  readonly generation?: number | undefined;
  /** The server's, which carries `<cluster>-rw.<namespace>.svc` and by what the other site calls it. */
  readonly certificate: CertificateHandle;
  readonly backup?: (BackupSettings & (StoreAccess | GivenAccess)) | undefined;
  /** Begins with what an archive holds, instead of empty. */
  readonly restore?: RestoreSettings | undefined;
  readonly site?: (SiteSettings & SiteAccess) | undefined;
  /** Another site follows this one by a certificate of this authority, and this one follows nobody. */
  readonly followers?: CertificateHandle | undefined;
  /** Our Prometheus asks each instance. */
  readonly watched?: boolean;
  readonly transform?: { readonly cluster?: Transform<k8s.apiextensions.CustomResourceArgs> };
}

/** A Secret that is there, with access-key-id and secret-access-key. */
export interface GivenAccess {
  readonly secret: string;
}

/** Of the object store. */
export interface StoreAccess {
  readonly accessKeyId: pulumi.Input<string>;
  readonly secretAccessKey: pulumi.Input<string>;
  /** Verifies it, PEM; absent: the public authorities. */
  readonly authority?: string | undefined;
}

export interface SiteAccess {
  /** A client's certificate for `streaming_replica`, of an authority that both sites have. */
  readonly replication: CertificateHandle;
  /**
   * The other site's: roles are the same on both, so that callers need not know which one serves.
   * Absent on the primary, which draws it.
   */
  readonly password?: pulumi.Input<string> | undefined;
}

export class PostgresCluster extends Component implements PostgresHandle {
  readonly host: pulumi.Output<string>;
  readonly port = POSTGRES_PORT;
  readonly user: string;
  readonly password: pulumi.Output<string>;

  constructor(name: string, args: PostgresClusterArgs, options?: pulumi.ComponentResourceOptions) {
    super("data:PostgresCluster", name, options);
    refuseMixedArchives(name, args);
    const parent = { parent: this };
    this.user = args.role;
    this.password = pulumi.secret(
      args.site?.password ??
        randomPassword(ofGeneration(`${name}-${args.role}`, args.generation), parent),
    );
    const password = roleSecret(name, args, this.password, parent);
    const store = args.backup === undefined ? [] : createStore(name, args, args.backup, parent);
    const transform = args.transform?.cluster ?? ((same) => same);
    const cluster = new k8s.apiextensions.CustomResource(
      name,
      transform({
        apiVersion: CLUSTER_API,
        kind: "Cluster",
        metadata: metadata(args, args.cluster),
        spec: clusterSpec(
          {
            cluster: args.cluster,
            role: args.role,
            image: args.image,
            password,
            certificate: args.certificate.secret,
            replication: (args.site?.replication ?? args.followers)?.secret,
          },
          {
            instances: args.instances,
            resources: args.resources,
            storage: args.volume.storage,
            storageClass: args.volume.storageClass,
            backup: args.backup,
            restore: args.restore,
            site: args.site,
          },
        ),
      }),
      // The operator deletes its volumes with the Cluster: what keeps them keeps the Cluster.
      { ...parent, dependsOn: store, retainOnDelete: args.volume.onDestroy === "retain" },
    );
    if (args.backup !== undefined) {
      new k8s.apiextensions.CustomResource(
        `${name}-backup`,
        {
          apiVersion: CLUSTER_API,
          kind: "ScheduledBackup",
          metadata: metadata(args, args.cluster),
          spec: scheduleSpec(args.cluster, args.backup),
        },
        { ...parent, dependsOn: [cluster] },
      );
    }
    if (args.watched === true) {
      new k8s.core.v1.Service(`${name}-metrics`, metricsOfInstances(args), parent);
    }
    this.host = after(cluster, hostOf(clusterService(args.cluster), args.namespace));
    this.registerOutputs({ host: this.host });
  }
}

/** One address for each instance; the operator's own Services have one for all. */
export function clusterMetricsService(cluster: string): string {
  return `${cluster}-metrics`;
}

function metricsOfInstances({ namespace, cluster }: PostgresClusterArgs): k8s.core.v1.ServiceArgs {
  return {
    metadata: { name: clusterMetricsService(cluster), namespace, labels: labelsOf(cluster) },
    spec: {
      clusterIP: "None",
      // An instance that is not ready is a target that is down, not one that is not there.
      publishNotReadyAddresses: true,
      selector: { [CLUSTER_LABEL]: cluster, ...INSTANCE },
      ports: [{ name: "metrics", port: METRICS_PORTS.postgres }],
    },
  };
}

/** Jobs that make an instance carry the cluster's label, too. */
const INSTANCE = { "cnpg.io/podRole": "instance" };

/** The Service that the operator keeps in front of the instance that is written to. */
export function clusterService(cluster: string): string {
  return `${cluster}-rw`;
}

/** Two histories in one folder would be one that nobody can restore. */
function refuseMixedArchives(name: string, { backup, restore, site }: PostgresClusterArgs): void {
  if (restore === undefined) return;
  if (site !== undefined && site.primary !== site.self) {
    throw new Error(`${name}: what stands by follows the primary, and is not restored`);
  }
  if (backup === undefined) throw new Error(`${name}: a restore needs the store that it reads`);
  if (backup.archive === restore.archive) {
    throw new Error(
      `${name}: after a restore the archive goes to another folder than it came from`,
    );
  }
}

function metadata({ namespace, cluster }: PostgresClusterArgs, name: string) {
  return { name, namespace, labels: labelsOf(cluster) };
}

/** The operator takes a new password over when the Secret changes. */
function roleSecret(
  name: string,
  args: PostgresClusterArgs,
  password: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const own = `${args.cluster}-${args.role}`;
  const { labels, ...rest } = metadata(args, own);
  const secret = new k8s.core.v1.Secret(
    `${name}-role`,
    {
      metadata: { ...rest, labels: { ...labels, "cnpg.io/reload": "true" } },
      type: "kubernetes.io/basic-auth",
      data: secretData({ username: args.role, password }),
    },
    options,
  );
  return after(secret, own);
}

function createStore(
  name: string,
  args: PostgresClusterArgs,
  backup: BackupSettings & (StoreAccess | GivenAccess),
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const secret = "secret" in backup ? backup.secret : accessSecret(name, args, backup, options);
  const authority = "secret" in backup || backup.authority === undefined ? undefined : secret;
  const store = new k8s.apiextensions.CustomResource(
    `${name}-store`,
    {
      apiVersion: OBJECT_STORE_API,
      kind: "ObjectStore",
      metadata: metadata(args, args.cluster),
      spec: objectStoreSpec(backup, secret, authority),
    },
    options,
  );
  return [store];
}

function accessSecret(
  name: string,
  args: PostgresClusterArgs,
  { accessKeyId, secretAccessKey, authority }: StoreAccess,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const access = `${args.cluster}-backup`;
  const credentials = new k8s.core.v1.Secret(
    `${name}-backup-access`,
    {
      metadata: metadata(args, access),
      data: secretData({
        "access-key-id": accessKeyId,
        "secret-access-key": secretAccessKey,
        ...(authority === undefined ? {} : { "ca.crt": authority }),
      }),
    },
    options,
  );
  return after(credentials, access);
}
