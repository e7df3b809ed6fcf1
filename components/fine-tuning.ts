/**
 * What the gateway needs to have models trained on local records: an account that may make, see and
 * delete Jobs of one namespace and list its pods, the template of those Jobs, and its volumes. The
 * namespace is that of the patients' data, and its Jobs reach nobody.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { after, Component, labelsOf } from "./component.ts";
import { guardSpec } from "./fine-tuning-guard.ts";
import {
  FINE_TUNING,
  type FineTuningSettings,
  fineTuningTemplate,
} from "./fine-tuning-template.ts";
import type { Mount } from "./pod-template.ts";
import type { VolumeSettings } from "./stateful-program.ts";

export interface FineTuningArgs {
  /** Where Jobs run. */
  readonly namespace: string;
  /** Where the gateways run. */
  readonly gatewayNamespace: string;
  readonly settings: Omit<
    FineTuningSettings,
    "datasetClaim" | "modelsClaim" | "outputClaim" | "serviceAccount"
  >;
  /** Shared by all Jobs, so of a class that several pods can mount. */
  readonly volumes: {
    readonly datasets: VolumeSettings;
    readonly models: VolumeSettings;
    readonly output: VolumeSettings;
  };
}

/** What the gateway is told. */
export interface FineTuningHandle {
  /** Its service account, in its own namespace. */
  readonly serviceAccount: pulumi.Output<string>;
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
}

const ACCOUNT = "gateway";
const FILES = "gateway-fine-tuning";
const TEMPLATE_FOLDER = "/etc/gateway/fine-tuning";
const ACCOUNT_FOLDER = "/etc/gateway/kubernetes";
const TEMPLATE = "template.json";
/** Renewed by the kubelet at four fifths; the shortest that it gives is ten minutes. */
const TOKEN_SECONDS = 3_600;

export class FineTuning extends Component implements FineTuningHandle {
  readonly serviceAccount: pulumi.Output<string>;
  readonly environment = {
    GW_FINE_TUNING: "kubernetes",
    GW_FINE_TUNING_TEMPLATE_FILE: `${TEMPLATE_FOLDER}/${TEMPLATE}`,
    GW_KUBERNETES_FOLDER: ACCOUNT_FOLDER,
  };
  readonly mounts: readonly Mount[];

  constructor(name: string, args: FineTuningArgs, options?: pulumi.ComponentResourceOptions) {
    super("serving:FineTuning", name, options);
    const parent = { parent: this };
    this.serviceAccount = gatewayAccount(name, args, parent);
    const claims = Object.entries(args.volumes).map(
      ([what, volume]) => [what, claimOf(name, args.namespace, what, volume, parent)] as const,
    );
    const trainer = new k8s.core.v1.ServiceAccount(
      `${name}-trainer`,
      {
        metadata: { name: FINE_TUNING, namespace: args.namespace, labels: labelsOf(FINE_TUNING) },
        automountServiceAccountToken: false,
      },
      parent,
    );
    const template = fineTuningTemplate({
      ...args.settings,
      datasetClaim: claimName("datasets"),
      modelsClaim: claimName("models"),
      outputClaim: claimName("output"),
      serviceAccount: FINE_TUNING,
    });
    const files = new k8s.core.v1.ConfigMap(
      `${name}-files`,
      {
        metadata: {
          name: FILES,
          namespace: args.gatewayNamespace,
          labels: labelsOf(FINE_TUNING),
        },
        data: {
          [TEMPLATE]: `${JSON.stringify(template, null, 2)}\n`,
          // Read instead of the pod's own: Jobs are made over there.
          namespace: args.namespace,
        },
      },
      { ...parent, dependsOn: [trainer, ...claims.map(([, claim]) => claim)] },
    );
    guard(name, args, parent);
    this.mounts = mounts(after(files, FILES));
    this.registerOutputs({});
  }
}

/** Of the whole cluster, as such policies are; it looks at one account's Jobs in one namespace. */
function guard(
  name: string,
  { namespace, gatewayNamespace, settings, volumes }: FineTuningArgs,
  options: pulumi.CustomResourceOptions,
): void {
  const own = `${namespace}-fine-tuning`;
  const metadata = { name: own, labels: labelsOf(FINE_TUNING) };
  const policy = new k8s.admissionregistration.v1.ValidatingAdmissionPolicy(
    `${name}-guard`,
    {
      metadata,
      spec: guardSpec({
        namespace,
        account: { namespace: gatewayNamespace, name: ACCOUNT },
        image: settings.image,
        claims: Object.keys(volumes).map(claimName),
        serviceAccount: FINE_TUNING,
      }),
    },
    options,
  );
  new k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
    `${name}-guard`,
    { metadata, spec: { policyName: own, validationActions: ["Deny"] } },
    { ...options, dependsOn: [policy] },
  );
}

function mounts(files: pulumi.Output<string>): Mount[] {
  return [
    { name: "fine-tuning", path: TEMPLATE_FOLDER, configMap: files },
    {
      name: "kubernetes",
      path: ACCOUNT_FOLDER,
      projected: [
        { serviceAccountToken: { path: "token", expirationSeconds: TOKEN_SECONDS } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { configMap: { name: files, items: [{ key: "namespace", path: "namespace" }] } },
      ],
    },
  ];
}

/** The gateway's, at home in its own namespace; its rights are over there, and nowhere else. */
function gatewayAccount(
  name: string,
  { namespace, gatewayNamespace }: FineTuningArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const account = new k8s.core.v1.ServiceAccount(
    `${name}-account`,
    {
      metadata: { name: ACCOUNT, namespace: gatewayNamespace, labels: labelsOf(ACCOUNT) },
      automountServiceAccountToken: false,
    },
    options,
  );
  const metadata = { name: "gateway-fine-tuning", namespace, labels: labelsOf(FINE_TUNING) };
  const role = new k8s.rbac.v1.Role(
    `${name}-role`,
    {
      metadata,
      rules: [
        { apiGroups: ["batch"], resources: ["jobs"], verbs: ["create", "get", "delete"] },
        { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
      ],
    },
    options,
  );
  new k8s.rbac.v1.RoleBinding(
    `${name}-binding`,
    {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: metadata.name },
      subjects: [{ kind: "ServiceAccount", name: ACCOUNT, namespace: gatewayNamespace }],
    },
    { ...options, dependsOn: [role, account] },
  );
  return after(account, ACCOUNT);
}

function claimName(what: string): string {
  return `${FINE_TUNING}-${what}`;
}

/** Kept when the stack goes, unless it is said otherwise: records and models are nobody's scratch. */
function claimOf(
  name: string,
  namespace: string,
  what: string,
  { storage, storageClass, onDestroy }: VolumeSettings,
  options: pulumi.CustomResourceOptions,
): k8s.core.v1.PersistentVolumeClaim {
  return new k8s.core.v1.PersistentVolumeClaim(
    `${name}-${what}`,
    {
      metadata: {
        name: claimName(what),
        namespace,
        labels: labelsOf(FINE_TUNING),
        // A class may bind a claim only when its first pod comes, which may be in months.
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: {
        accessModes: ["ReadWriteMany"],
        ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
        resources: { requests: { storage } },
      },
    },
    { ...options, retainOnDelete: onDestroy === "retain" },
  );
}
