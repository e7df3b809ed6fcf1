/**
 * What a look at the local stack needs before the engine runs: the cluster and the images that are
 * there, and certificates. Nothing is started or kept; local-cluster.ts makes what is missing.
 */
import { access, constants } from "node:fs/promises";
import path from "node:path";
import { clusterLayout, podLogsDir } from "../cluster/layout.ts";
import type { ConfigValue } from "../engine/values.ts";
import { type ImagesLock, readImagesLock } from "../images/lock.ts";
import type { CertificateStore } from "./certificates.ts";
import type { Environment } from "./environment.ts";
import { configuration, type Session } from "./session.ts";

/** The images of the local stack's pods; `tester` belongs to the cluster's tests. */
const STACK_IMAGES = [
  "gateway",
  "simulator",
  "edge",
  "redis",
  "postgres",
  "prometheus",
  "alertmanager",
  "alert-relay",
  "edge-exporter",
  "redis-exporter",
  "postgres-exporter",
] as const;

const MONITORING_KEY = "deepseek:monitoring";

export const IMAGES_KEY = "deepseek:images";
export const CERTIFICATES_KEY = "deepseek:certificates";
/** Kept beside the stack's certificates; the program never sees the authority's key. */
export const AUTHORITY_KEY = "deepseek-cli:authority";

/** The cluster that the stack was last deployed to. */
export const CLUSTER_KEY = "deepseek-cli:cluster";

export interface Prepared {
  readonly config: Readonly<Record<string, ConfigValue>>;
  readonly environment: Readonly<Record<string, string>>;
  /** No cluster can be asked: changes are judged by table. */
  readonly renderOnly: boolean;
  /** The state may not be what runs: read every resource first. */
  readonly refresh: boolean;
  /** The cluster's identity, where one was made ready. */
  readonly cluster?: string;
}

interface Collecting {
  readonly logs?: object;
  readonly traces?: object;
  readonly collector?: { readonly agent?: object };
}

/** What the settings ask for; the Collector takes minutes to build, and most stacks have none. */
export function stackImages(values: Readonly<Record<string, ConfigValue>>): string[] {
  return [...STACK_IMAGES, ...(collects(collecting(values)) ? ["collector"] : [])];
}

/**
 * The one-node cluster keeps the pods' lines in a folder of its own, so as to leave the machine's alone, and has room for
 * one Collector: several stand on nodes apart.
 */
export function onOwnCluster(
  values: Readonly<Record<string, ConfigValue>>,
  environment: Environment,
): Readonly<Record<string, ConfigValue>> {
  const given = values[MONITORING_KEY];
  const monitoring = collecting(values);
  if (given === undefined || !collects(monitoring)) return values;
  const { collector } = monitoring;
  const folder = podLogsDir(clusterLayout(clusterDir(environment)));
  const agent = { folder, ...collector?.agent };
  const own = { replicas: 1, ...collector, agent };
  const value = JSON.stringify({ ...monitoring, collector: own });
  return { ...values, [MONITORING_KEY]: { ...given, value } };
}

function collects({ logs, traces }: Collecting): boolean {
  return logs !== undefined || traces !== undefined;
}

function collecting(values: Readonly<Record<string, ConfigValue>>): Collecting {
  return JSON.parse(values[MONITORING_KEY]?.value ?? "{}");
}

export function clusterDir(environment: Environment): string {
  return path.join(environment.stateDir, "cluster");
}

/** For `preview`, `render` and the rest: what exists is used, nothing is started or kept. */
export async function inspectLocal(session: Session): Promise<Prepared> {
  const { environment } = session;
  const kubeconfig = kubeconfigOf(session);
  const reachable = await access(kubeconfig, constants.R_OK).then(
    () => true,
    () => false,
  );
  const given = await configuration(session);
  const own = givenKubeconfig(session) === undefined;
  const values = own ? onOwnCluster(given, environment) : given;
  const certificates = values[CERTIFICATES_KEY] === undefined ? await passingOnes() : undefined;
  return {
    config: withLocalValues(values, await readImagesLock(environment.stateDir), certificates),
    environment: {
      ...environment.variables,
      ...(reachable ? { KUBECONFIG: kubeconfig } : {}),
    },
    renderOnly: !reachable,
    refresh: false,
  };
}

/** Drawn for this look only; what draws them is loaded only here. */
async function passingOnes(): Promise<CertificateStore> {
  const { ensureCertificates } = await import("./certificates.ts");
  return ensureCertificates(undefined, []);
}

export function withLocalValues(
  values: Readonly<Record<string, ConfigValue>>,
  lock: ImagesLock | undefined,
  certificates: CertificateStore | undefined,
): Readonly<Record<string, ConfigValue>> {
  const images = Object.fromEntries(
    stackImages(values).map((name) => {
      const built = lock?.images.find((image) => image.name === name);
      const { tag, digest, inputHash } = built ?? notBuilt(name);
      return [name, { tag, digest, ...(inputHash === undefined ? {} : { inputHash }) }];
    }),
  );
  const { [AUTHORITY_KEY]: _authority, [CLUSTER_KEY]: _cluster, ...visible } = values;
  return {
    [IMAGES_KEY]: { value: JSON.stringify(images), secret: false },
    ...visible,
    ...(certificates === undefined
      ? {}
      : {
          [CERTIFICATES_KEY]: { value: JSON.stringify(certificates.certificates), secret: true },
        }),
  };
}

/** A preview before the first build: the tag says so, and nothing can be pulled by it. */
function notBuilt(name: string) {
  return { tag: `deepseek.local/${name}:not-built`, digest: null, inputHash: undefined };
}

/** The one that was given, else that of the one-node cluster, whether or not it is there. */
export function kubeconfigOf(session: Session): string {
  return givenKubeconfig(session) ?? path.join(clusterDir(session.environment), "kubeconfig");
}

export function givenKubeconfig(session: Session): string | undefined {
  const file = session.call.flags.text("kubeconfig");
  return file === undefined ? undefined : path.resolve(file);
}
