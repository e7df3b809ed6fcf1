/**
 * What the parts of a site on a cluster of one's own are told by the settings: patients' data and
 * fine-tuning. Pure; null where the settings name none.
 */
import { FINE_TUNING } from "../components/fine-tuning-template.ts";
import { MODEL_SERVER } from "../components/serving/model-component.ts";
import { imageReference } from "../config/images.ts";
import type { Settings } from "../config/schema.ts";
import { mirrorArguments } from "./mirror-arguments.ts";
import { PATIENT_NAMESPACE, SERVICE } from "./places.ts";
import { backupFlow, backupOf } from "./store-arguments.ts";
import { volumeOf } from "./volumes.ts";

const SHARED_MEMORY = "16Gi";
/** As often as KMS rotates by itself. */
const ROTATION_DAYS = 365;

export function onpremArguments(settings: Settings) {
  return {
    patientStore: patientStore(settings),
    fineTuning: fineTuning(settings),
    openBao: openBao(settings),
    weightsMirror: mirrorArguments(settings),
    kubernetesEncryption: kubernetesEncryption(settings),
  };
}

/** Documents for whoever administers the OpenBao that opens the site's weights. */
function openBao({ weightsKey }: Settings) {
  if (weightsKey?.kind !== "transit") return null;
  const account = { namespace: SERVICE, name: MODEL_SERVER };
  return {
    namespace: SERVICE,
    address: weightsKey.address,
    mount: weightsKey.mount,
    authMount: "kubernetes",
    audience: "openbao",
    rotationDays: ROTATION_DAYS,
    grants: [{ purpose: "weights" as const, account, may: ["open" as const] }],
  };
}

/** Documents for whoever administers the cluster: a kubeconfig cannot set what they say. */
function kubernetesEncryption({ weightsKey }: Settings) {
  if (weightsKey?.kind !== "transit") return null;
  const socket = "/var/run/kms/deepseek.sock";
  return { namespace: SERVICE, plugin: "deepseek", socket, resources: ["secrets", "configmaps"] };
}

function patientStore(settings: Settings) {
  const { patientData, postgres, network } = settings;
  if (patientData === undefined) return null;
  const { groups, auditors, resources } = patientData;
  return {
    namespace: PATIENT_NAMESPACE,
    database: {
      image: imageReference(settings, "postgres-cluster"),
      instances: Math.max(postgres.instances, 2),
      resources,
      volume: volumeOf(settings, patientData.storage, patientData.storageClass),
      backup: postgres.backups === undefined ? undefined : backupOf(postgres.backups, "patients"),
    },
    flows: {
      operatorNamespace: postgres.operatorNamespace,
      clients: [],
      clientRanges: patientData.clientRanges,
      apiServer: network.apiServer,
      ...backupFlow(settings),
      watchers: [],
    },
    dnsRanges: network.dnsRanges,
    silent: [FINE_TUNING],
    roles: { operators: groups, auditors },
  };
}

function fineTuning(settings: Settings) {
  const { fineTuning: wanted, inventory } = settings;
  if (wanted === undefined) return null;
  const product = inventory.find(({ name }) => name === wanted.pool)?.product ?? "";
  const volume = (size: string) => volumeOf(settings, size, wanted.storageClass);
  const { image, command, gpus, resources, longestHours } = wanted;
  return {
    namespace: PATIENT_NAMESPACE,
    gatewayNamespace: SERVICE,
    settings: {
      image,
      command,
      gpuProduct: product,
      gpus,
      resources,
      sharedMemory: SHARED_MEMORY,
      longestHours,
    },
    volumes: {
      datasets: volume(wanted.storage.datasets),
      models: volume(wanted.storage.models),
      output: volume(wanted.storage.output),
    },
  };
}
