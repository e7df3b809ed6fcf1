/**
 * What the local stack needs before the engine runs: a cluster with the images in it, and
 * certificates. All of it is kept from one run to the next, so a second run finds it ready.
 */
import { access, constants } from "node:fs/promises";
import path from "node:path";
import { isPortFree, portHolder } from "../base/ports.ts";
import { runOrThrow } from "../base/process.ts";
import { type Progress, silentProgress } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { ensureBinaries } from "../cluster/binaries.ts";
import { importImages, startCluster } from "../cluster/cluster.ts";
import type { ConfigValue } from "../engine/operation.ts";
import { buildImages } from "../images/build.ts";
import { type ImagesLock, readImagesLock } from "../images/lock.ts";
import { type CertificateStore, ensureCertificates } from "./certificates.ts";
import type { Environment } from "./environment.ts";
import { configuration, type Session } from "./session.ts";

/** The images of the local stack's pods; `tester` belongs to the cluster's tests. */
export const STACK_IMAGES = [
  "gateway",
  "simulator",
  "edge",
  "redis",
  "postgres",
  "prometheus",
  "alertmanager",
  "edge-exporter",
  "redis-exporter",
  "postgres-exporter",
] as const;

const IMAGES_KEY = "deepseek:images";
const CERTIFICATES_KEY = "deepseek:certificates";
/** Kept beside the stack's certificates; the program never sees the authority's key. */
const AUTHORITY_KEY = "deepseek-cli:authority";

/** The cluster that the stack was last deployed to. */
const CLUSTER_KEY = "deepseek-cli:cluster";
const KUBECTL_TIMEOUT_MS = 30_000;

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

export function clusterDir(environment: Environment): string {
  return path.join(environment.stateDir, "cluster");
}

/** For `up`: everything is made that is missing. */
export async function prepareLocal(session: Session, progress: Progress): Promise<Prepared> {
  const { environment } = session;
  const values = await configuration(session);
  const given = givenKubeconfig(session);
  if (given === undefined) await refuseTakenPorts(values);
  const [lock, kubeconfig] = await Promise.all([
    // Images that the settings name (pushed to a registry) need no building.
    values[IMAGES_KEY] === undefined
      ? buildImages({ names: [...STACK_IMAGES], stateDir: environment.stateDir, progress })
      : undefined,
    given === undefined ? startOwnCluster(session, progress) : readable(given),
  ]);
  if (given === undefined && lock !== undefined) {
    const archives = lock.images.map((image) => image.archive);
    await importImages(archives, { dir: clusterDir(environment), progress });
  }
  const certificates = await keptCertificates(session);
  // A given cluster is its owner's to keep; `--refresh` reads it anew.
  const cluster = given === undefined ? await clusterIdentity(session, kubeconfig) : undefined;
  return {
    config: withLocalValues(values, lock, certificates),
    environment: { ...environment.variables, KUBECONFIG: kubeconfig },
    renderOnly: false,
    refresh: cluster !== undefined && values[CLUSTER_KEY]?.value !== cluster,
    ...(cluster === undefined ? {} : { cluster }),
  };
}

async function startOwnCluster(session: Session, progress: Progress): Promise<string> {
  const { flags } = session.call;
  // Without the option, nodes that were started by hand stay.
  const asked = flags.text("gpu-nodes") !== undefined;
  const gpuNodes = asked ? { gpuNodes: flags.integer("gpu-nodes", 0, 0, 16) } : {};
  const dir = clusterDir(session.environment);
  return (await startCluster({ dir, ...gpuNodes, progress })).kubeconfig;
}

/** For `preview`, `render` and the rest: what exists is used, nothing is started or kept. */
export async function inspectLocal(session: Session): Promise<Prepared> {
  const { environment } = session;
  const kubeconfig = givenKubeconfig(session) ?? path.join(clusterDir(environment), "kubeconfig");
  const reachable = await access(kubeconfig, constants.R_OK).then(
    () => true,
    () => false,
  );
  const values = await configuration(session);
  const certificates =
    values[CERTIFICATES_KEY] === undefined ? await ensureCertificates(undefined, []) : undefined;
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

/**
 * The node's ports are rules of its kernel, not sockets, and would silently win over a program of
 * this machine that listens on the same port.
 */
async function refuseTakenPorts(values: Readonly<Record<string, ConfigValue>>): Promise<void> {
  const edge = JSON.parse(values["deepseek:edge"]?.value ?? "{}");
  const monitoring = JSON.parse(values["deepseek:monitoring"]?.value ?? "{}");
  const ports: Readonly<Record<string, unknown>> = {
    "deepseek:edge.ports.https": edge.ports?.https,
    "deepseek:edge.ports.http": edge.ports?.http,
    "deepseek:monitoring.nodePort": monitoring.nodePort,
  };
  for (const [setting, port] of Object.entries(ports)) {
    if (typeof port !== "number" || (await isPortFree(port))) continue;
    const holder = (await portHolder(port)) ?? "another program";
    throw new UserError(`port ${port} of this machine is taken by ${holder}`, {
      where: setting,
      fix: `end that program, or take another port: --config ${setting}=${port + 100}`,
    });
  }
}

/**
 * A cluster's identity: the id of its kube-system namespace, which lives as long as the cluster.
 * Where it is not the one that the stack was last deployed to, as after a reset, what the state
 * names may be gone, and only reading it anew finds that out.
 */
async function clusterIdentity(session: Session, kubeconfig: string): Promise<string> {
  const { kube } = await ensureBinaries({ progress: silentProgress });
  const { stdout } = await runOrThrow(
    kube,
    ["kubectl", "get", "namespace", "kube-system", "--output", "jsonpath={.metadata.uid}"],
    {
      env: { ...session.environment.variables, KUBECONFIG: kubeconfig },
      signal: AbortSignal.timeout(KUBECTL_TIMEOUT_MS),
    },
  );
  return stdout.trim();
}

/** Only after an `up` that succeeded: one that was cut off must look again. */
export async function rememberCluster(session: Session, prepared: Prepared): Promise<void> {
  if (prepared.cluster === undefined || !prepared.refresh) return;
  await session.config.set(CLUSTER_KEY, prepared.cluster, { layer: "overlay", secret: false });
}

async function keptCertificates(session: Session): Promise<CertificateStore> {
  const values = await session.config.values();
  const authority = values[AUTHORITY_KEY];
  const certificates = values[CERTIFICATES_KEY];
  const kept: CertificateStore | undefined =
    authority === undefined || certificates === undefined
      ? undefined
      : { authority: JSON.parse(authority.value), certificates: JSON.parse(certificates.value) };
  const ensured = await ensureCertificates(kept, modelNames(values));
  if (kept === undefined || JSON.stringify(kept) !== JSON.stringify(ensured)) {
    const layer = { layer: "overlay", secret: true } as const;
    await session.config.set(AUTHORITY_KEY, ensured.authority, layer);
    await session.config.set(CERTIFICATES_KEY, ensured.certificates, layer);
  }
  return ensured;
}

function withLocalValues(
  values: Readonly<Record<string, ConfigValue>>,
  lock: ImagesLock | undefined,
  certificates: CertificateStore | undefined,
): Readonly<Record<string, ConfigValue>> {
  const images = Object.fromEntries(
    STACK_IMAGES.map((name) => {
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

function modelNames(values: Readonly<Record<string, ConfigValue>>): readonly string[] {
  const text = values["deepseek:models"]?.value;
  if (text === undefined) return [];
  const models: unknown = JSON.parse(text);
  if (!Array.isArray(models)) return [];
  return models.flatMap((model: unknown) => {
    const name = typeof model === "object" && model !== null ? Reflect.get(model, "name") : model;
    return typeof name === "string" ? [name] : [];
  });
}

function givenKubeconfig(session: Session): string | undefined {
  const file = session.call.flags.text("kubeconfig");
  return file === undefined ? undefined : path.resolve(file);
}

async function readable(kubeconfig: string): Promise<string> {
  try {
    await access(kubeconfig, constants.R_OK);
    return kubeconfig;
  } catch {
    throw new UserError("the kubeconfig cannot be read", {
      where: kubeconfig,
      fix: "give an existing file with --kubeconfig, or leave it out to start the one-node cluster",
    });
  }
}
