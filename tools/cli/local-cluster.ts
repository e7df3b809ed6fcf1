/**
 * What `up local` needs before the engine runs: a cluster with the images in it, and certificates.
 * All of it is kept from one run to the next, so a second run finds it ready.
 */
import { access, constants } from "node:fs/promises";
import { isPortFree, portHolder } from "../base/ports.ts";
import { runOrThrow } from "../base/process.ts";
import { type Progress, silentProgress } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { ensureBinaries } from "../cluster/binaries.ts";
import { importImages, startCluster } from "../cluster/cluster.ts";
import type { ConfigValue } from "../engine/values.ts";
import { buildImages } from "../images/build.ts";
import { type CertificateStore, ensureCertificates } from "./certificates.ts";
import {
  AUTHORITY_KEY,
  CERTIFICATES_KEY,
  CLUSTER_KEY,
  clusterDir,
  givenKubeconfig,
  IMAGES_KEY,
  onOwnCluster,
  type Prepared,
  stackImages,
  withLocalValues,
} from "./local-stack.ts";
import { configuration, type Session } from "./session.ts";

const KUBECTL_TIMEOUT_MS = 30_000;

/** Everything is made that is missing. */
export async function prepareLocal(session: Session, progress: Progress): Promise<Prepared> {
  const { environment } = session;
  const given = givenKubeconfig(session);
  const asked = await configuration(session);
  const values = given === undefined ? onOwnCluster(asked, environment) : asked;
  if (given === undefined) await refuseTakenPorts(values);
  const [lock, kubeconfig] = await Promise.all([
    // Images that the settings name (pushed to a registry) need no building.
    values[IMAGES_KEY] === undefined
      ? buildImages({ names: stackImages(values), stateDir: environment.stateDir, progress })
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
