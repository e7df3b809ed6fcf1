/**
 * The Job that a fine-tuning job becomes: a program of the hospital's with GPUs, the records to read,
 * the base model to read, and a folder of its own to write. It talks to nobody: no service account, no
 * network. The contract is in gateway-image/README.md. Pure.
 */
import type { Resources } from "./pod-template.ts";

/** Label of Jobs and their pods; the gateway sets it, whatever the template says. */
export const FINE_TUNING = "fine-tuning";

export interface FineTuningSettings {
  readonly image: string;
  readonly command: readonly string[];
  /** As `nvidia.com/gpu.product` names it. */
  readonly gpuProduct: string;
  readonly gpus: number;
  readonly resources: Resources;
  /** Shared memory of the processes of one Job: it counts against its memory. */
  readonly sharedMemory: string;
  readonly longestHours: number;
  /** Claims that are there already: records and base models are read, new models are written. */
  readonly datasetClaim: string;
  readonly modelsClaim: string;
  readonly outputClaim: string;
  readonly serviceAccount: string;
}

const FINE_TUNING_FOLDERS = {
  records: "/records",
  models: "/models",
  output: "/output",
  scratch: "/tmp",
} as const;

/** Uid and gid that the program's files are read and written by; the volumes must let them. */
const USER = 10_001;
/** A day, so that the gateway and people see the end; it asks for an hour at least. */
const KEPT_SECONDS = 86_400;
/** Compilers and tokenizers write here; models go to the output. */
const SCRATCH = "20Gi";

export function fineTuningTemplate(settings: FineTuningSettings): object {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { labels: { "app.kubernetes.io/part-of": "deepseek" } },
    spec: {
      // A run that failed is begun again by people who have seen why.
      backoffLimit: 0,
      activeDeadlineSeconds: settings.longestHours * 3_600,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        metadata: { labels: { "app.kubernetes.io/part-of": "deepseek" } },
        spec: podSpec(settings),
      },
    },
  };
}

function podSpec(settings: FineTuningSettings): object {
  return {
    restartPolicy: "Never",
    serviceAccountName: settings.serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    // It resolves no name and needs no search path; a wall stands behind that as well.
    dnsPolicy: "None",
    dnsConfig: { nameservers: ["127.0.0.1"] },
    nodeSelector: { "nvidia.com/gpu.product": settings.gpuProduct },
    tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [container(settings)],
    volumes: volumes(settings),
  };
}

function container(settings: FineTuningSettings): object {
  const { resources, gpus } = settings;
  const devices = { "nvidia.com/gpu": String(gpus) };
  const { records, models, output, scratch } = FINE_TUNING_FOLDERS;
  const variables = {
    RECORDS_FOLDER: records,
    MODELS_FOLDER: models,
    OUTPUT_FOLDER: output,
    HF_HUB_OFFLINE: "1",
    HOME: scratch,
  };
  return {
    name: FINE_TUNING,
    image: settings.image,
    imagePullPolicy: "IfNotPresent",
    command: [...settings.command],
    env: Object.entries(variables).map(([name, value]) => ({ name, value })),
    resources: {
      requests: { cpu: resources.cpu, memory: resources.memory, ...devices },
      limits: { memory: resources.memory, ...devices },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ["ALL"] },
    },
    // What the program tells is shown to callers; its log may quote records and is not.
    terminationMessagePolicy: "File",
    volumeMounts: [
      { name: "records", mountPath: records, readOnly: true },
      { name: "models", mountPath: models, readOnly: true },
      // A folder for each job: none sees another one's model, or writes over it.
      { name: "output", mountPath: output, subPathExpr: "$(JOB_ID)" },
      { name: "shared-memory", mountPath: "/dev/shm" },
      { name: "scratch", mountPath: scratch },
    ],
  };
}

function volumes(settings: FineTuningSettings): object[] {
  const claim = (claimName: string, readOnly: boolean) => ({
    persistentVolumeClaim: { claimName, ...(readOnly ? { readOnly } : {}) },
  });
  return [
    { name: "records", ...claim(settings.datasetClaim, true) },
    { name: "models", ...claim(settings.modelsClaim, true) },
    { name: "output", ...claim(settings.outputClaim, false) },
    {
      name: "shared-memory",
      emptyDir: { medium: "Memory", sizeLimit: settings.sharedMemory },
    },
    { name: "scratch", emptyDir: { sizeLimit: SCRATCH } },
  ];
}
