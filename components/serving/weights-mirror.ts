/**
 * Copies of another site's weights on volumes of this one: a CronJob per model that fetches what is not
 * there, proves every file by the pinned manifest and lets it appear whole (tools/weights). Engines load
 * from the volume alone, so that nothing that serves waits for the other site, or knows of it.
 */
import { createHash } from "node:crypto";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component, labelsOf } from "../component.ts";
import type { Flow } from "../flows.ts";
import { type Mount, type Program, podTemplate } from "../pod-template.ts";
import { keyMounts, keyVariables, type WeightsKey } from "./weights.ts";

export interface MirroredModel {
  readonly model: string;
  /** That engines mount to read; this program writes to it, so its class lets several pods mount it. */
  readonly claim: string;
  readonly folder: string;
  /** As both sites pin it. */
  readonly manifest: string;
  /** null: its files lie in clear. */
  readonly key: WeightsKey | null;
}

export interface WeightsMirrorArgs {
  readonly namespace: string;
  readonly image: string;
  /** s3://bucket/prefix; below it, the models' folders. */
  readonly from: string;
  readonly endpoint: string;
  readonly region: string;
  /** Secret with ACCESS_KEY_ID and ACCESS_SECRET_KEY, of a user that may read objects and no more. */
  readonly secret: string;
  /** Secret whose ca.crt the store is verified with; absent: a public authority's. */
  readonly authority?: string | undefined;
  readonly schedule: string;
  readonly models: readonly MirroredModel[];
}

const WEIGHTS_MIRROR = "weights-mirror";
const TO = { name: "weights", path: "/models" } as const;
const KEYS = { name: "mirror-keys", path: "/etc/weights-mirror" } as const;
const AUTHORITY = { name: "mirror-authority", path: "/etc/weights-mirror-authority" } as const;
/** One file at a time is digested, in pieces of 4 MiB; Node.js itself has some 80 MiB. */
const RESOURCES = { cpu: "500m", memory: "512Mi" };
/** What is on the disk stays: the next run goes on there. */
const STOP_SECONDS = 10;
/** A line that is away for longer is tried again at the next time of the schedule. */
const ATTEMPTS = 3;
/** A controller that was away for longer does not make up for what it missed. */
const LATE_SECONDS = 3_600;

export class WeightsMirror extends Component {
  constructor(name: string, args: WeightsMirrorArgs, options?: pulumi.ComponentResourceOptions) {
    super("serving:WeightsMirror", name, options);
    for (const model of args.models) {
      const own = mirrorName(model.model);
      new k8s.batch.v1.CronJob(
        `${name}-${model.model}`,
        {
          metadata: { name: own, namespace: args.namespace, labels: labelsOf(WEIGHTS_MIRROR) },
          spec: {
            schedule: args.schedule,
            timeZone: "Etc/UTC",
            // Two would write the same files.
            concurrencyPolicy: "Forbid",
            startingDeadlineSeconds: LATE_SECONDS,
            successfulJobsHistoryLimit: 1,
            failedJobsHistoryLimit: 3,
            jobTemplate: {
              metadata: { labels: labelsOf(WEIGHTS_MIRROR) },
              spec: { backoffLimit: ATTEMPTS, template: jobPod(args, model) },
            },
          },
        },
        { parent: this },
      );
    }
    this.registerOutputs({});
  }
}

/** Kubernetes puts eleven characters behind it for each Job, and refuses a longer one. */
const NAME_MAX = 52;
const DIGEST_DIGITS = 6;

export function mirrorName(model: string): string {
  const name = `mirror-${model.replaceAll(".", "-")}`;
  if (name.length <= NAME_MAX && !model.includes(".")) return name;
  const digest = createHash("sha256").update(model).digest("hex").slice(0, DIGEST_DIGITS);
  return `${name.slice(0, NAME_MAX - DIGEST_DIGITS - 1)}-${digest}`;
}

function jobPod(args: WeightsMirrorArgs, model: MirroredModel) {
  const template = podTemplate(mirrorProgram(args, model));
  return { ...template, spec: { ...Object(template.spec), restartPolicy: "Never" } };
}

function mirrorProgram(args: WeightsMirrorArgs, model: MirroredModel): Program {
  const { authority } = args;
  const trust: Mount[] = authority === undefined ? [] : [{ ...AUTHORITY, secret: authority }];
  return {
    name: WEIGHTS_MIRROR,
    image: args.image,
    environment: {
      WEIGHTS_MIRROR: "true",
      WEIGHTS_FROM: `${args.from.replace(/\/$/, "")}/${model.folder}`,
      WEIGHTS_TO: `${TO.path}/${model.folder}`,
      WEIGHTS_MANIFEST_SHA256: model.manifest.replace(/^sha256:/, ""),
      WEIGHTS_KEYS_FOLDER: KEYS.path,
      AWS_REGION: args.region,
      AWS_ENDPOINT_URL_S3: args.endpoint,
      ...keyVariables(model.key),
      ...(authority === undefined ? {} : { NODE_EXTRA_CA_CERTS: `${AUTHORITY.path}/ca.crt` }),
    },
    ports: {},
    health: null,
    resources: RESOURCES,
    mounts: [
      { ...TO, volume: model.claim, readOnly: false },
      { ...KEYS, secret: args.secret },
      ...trust,
      ...keyMounts(model.key),
    ],
    terminationSeconds: STOP_SECONDS,
  };
}

/** The store of the other site, and who opens data keys at this one; nothing of the service. */
export function mirrorFlows(
  namespace: string,
  ways: readonly { readonly ranges: readonly string[]; readonly port: number }[],
): Flow[] {
  const from = { namespace, program: WEIGHTS_MIRROR };
  return ways.map(({ ranges, port }, index) => ({
    name: index === 0 ? WEIGHTS_MIRROR : `${WEIGHTS_MIRROR}-key`,
    from,
    to: { ranges },
    ports: [port],
  }));
}
