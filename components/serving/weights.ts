/**
 * Where a model's weights come from and where the engine finds them: an init container of our own
 * takes them from their place, opens them if they are sealed, and compares every file with the
 * manifest before the engine may start (tools/weights). Pure.
 */
import type * as pulumi from "@pulumi/pulumi";
import type { Mount, Preparation } from "../pod-template.ts";
import type { PasswordPlace } from "../secret-data.ts";
import { volumeFor } from "../sizing/model-resources.ts";
import { mebibytes } from "../sizing/quantity.ts";

export type WeightsPlace =
  /** s3://bucket/prefix, read under the role of the pod's service account. */
  | { readonly bucket: pulumi.Input<string>; readonly region: string }
  /** A volume that is there, and the model's folder in it. */
  | { readonly claim: pulumi.Input<string>; readonly folder: string };

/** Who opens the data key of sealed weights. */
export type WeightsKey =
  | { readonly kms: pulumi.Input<string> }
  | {
      readonly transit: string;
      readonly mount: string;
      readonly key: string;
      readonly token: PasswordPlace;
      /** A Secret whose ca.crt it is verified with; absent: a public authority's. */
      readonly authority?: pulumi.Input<string>;
    }
  | { readonly file: PasswordPlace };

/**
 * What the engine reads them from. `disk` is the node's own, empty for every new pod: on AWS the
 * NVMe of the instance, which its hardware encrypts; a `claim` outlives pods; `memory` no disk sees.
 */
export type WeightsCache =
  | { readonly kind: "disk"; readonly encrypted: boolean }
  | { readonly kind: "claim"; readonly claim: pulumi.Input<string>; readonly encrypted: boolean }
  | { readonly kind: "memory" };

export interface Weights {
  readonly image: string;
  readonly place: WeightsPlace;
  /** Of all files. */
  readonly bytes: number;
  /**
   * SHA-256 of the manifest. null: sealed weights are proved by their key; those in clear are refused
   * when they shall be fetched, since nothing else proves them.
   */
  readonly manifest: string | null;
  readonly key: WeightsKey | null;
  readonly cache: WeightsCache;
  /** Has the role that reads the bucket and uses the key. */
  readonly serviceAccount?: pulumi.Input<string>;
}

export interface PreparedWeights {
  /** Below it, a folder of the model's name. */
  readonly path: string;
  readonly mount: Mount;
  readonly preparation: Preparation;
}

const FOLDER = "/models";
const VOLUME = "weights";
const SOURCE = { name: "weights-source", path: "/source" } as const;
const KEY = { name: "weights-key", path: "/etc/weights" } as const;
const AUTHORITY = { name: "weights-authority", path: "/etc/weights-authority" } as const;

/** Of its threads some run at once anyway: a node that is about to load a model has processors. */
const PROCESSORS = "2";
/** Eight threads of some 60 MiB, and their buffers. */
const BUFFERS_GIBIBYTES = 1;
const THREADS = 8;

/** What contradicts itself, in words for whoever set it. */
function weightsFaults({ place, key, cache, serviceAccount }: Weights): string[] {
  const faults: string[] = [];
  if (key !== null && cache.kind !== "memory" && !cache.encrypted) {
    faults.push("sealed weights are opened onto memory or an encrypted disk only");
  }
  const asks = "bucket" in place || (key !== null && "kms" in key);
  if (asks && serviceAccount === undefined) {
    faults.push("a bucket and a key of KMS need a service account whose role may use them");
  }
  return faults;
}

export function prepareWeights(weights: Weights, model: string): PreparedWeights {
  const faults = weightsFaults(weights);
  if (faults.length > 0) throw new Error(`weights of ${model}: ${faults.join("; ")}`);
  const cache = cacheMount(weights);
  const path = `${FOLDER}/${model}`;
  return {
    path,
    mount: { name: VOLUME, path: FOLDER, shared: true },
    preparation: {
      name: "weights",
      image: weights.image,
      environment: {
        WEIGHTS_TO: path,
        WEIGHTS_PARALLEL: String(THREADS),
        ...(weights.manifest === null
          ? {}
          : { WEIGHTS_MANIFEST_SHA256: weights.manifest.replace(/^sha256:/, "") }),
        ...placeVariables(weights.place),
        ...keyVariables(weights.key),
      },
      resources: { cpu: PROCESSORS, memory: memoryOf(weights) },
      mounts: [cache, ...placeMounts(weights.place), ...keyMounts(weights.key)],
    },
  };
}

/** What is written to memory counts against whoever writes it, then against the pod. */
function memoryOf({ cache, bytes }: Weights): string {
  const weights = cache.kind === "memory" ? mebibytes(volumeFor(bytes)) : 0;
  return `${weights / 1_024 + BUFFERS_GIBIBYTES}Gi`;
}

function cacheMount({ cache, bytes }: Weights): Mount {
  const at = { name: VOLUME, path: FOLDER };
  if (cache.kind === "claim") return { ...at, volume: cache.claim, readOnly: false };
  const size = volumeFor(bytes);
  return cache.kind === "memory" ? { ...at, memory: size } : { ...at, scratch: size };
}

function placeVariables(place: WeightsPlace): Record<string, pulumi.Input<string>> {
  if ("bucket" in place) return { WEIGHTS_FROM: place.bucket, AWS_REGION: place.region };
  return { WEIGHTS_FROM: `${SOURCE.path}/${place.folder}` };
}

function placeMounts(place: WeightsPlace): Mount[] {
  return "claim" in place ? [{ ...SOURCE, volume: place.claim, readOnly: true }] : [];
}

export function keyVariables(key: WeightsKey | null): Record<string, pulumi.Input<string>> {
  if (key === null) return {};
  if ("kms" in key) return { WEIGHTS_KMS_KEY: key.kms };
  if ("file" in key) return { WEIGHTS_KEY_FILE: `${KEY.path}/${key.file.key}` };
  return {
    WEIGHTS_TRANSIT_URL: key.transit,
    WEIGHTS_TRANSIT_MOUNT: key.mount,
    WEIGHTS_TRANSIT_KEY: key.key,
    WEIGHTS_TRANSIT_TOKEN_FILE: `${KEY.path}/${key.token.key}`,
    ...(key.authority === undefined ? {} : { NODE_EXTRA_CA_CERTS: `${AUTHORITY.path}/ca.crt` }),
  };
}

export function keyMounts(key: WeightsKey | null): Mount[] {
  if (key === null || "kms" in key) return [];
  if ("file" in key) return [{ ...KEY, secret: key.file.name }];
  const token = { ...KEY, secret: key.token.name };
  if (key.authority === undefined) return [token];
  return [token, { ...AUTHORITY, secret: key.authority }];
}
