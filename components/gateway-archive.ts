/**
 * The program beside a gateway that ships its audit trail to where nobody can delete it: a native
 * sidecar (Kubernetes 1.29), which is told to stop after the gateway has ended and sealed its last
 * segment. It has the trail to read only, and a small folder of its own on the same volume. Pure.
 */
import * as pulumi from "@pulumi/pulumi";
import { TLS_FOLDER } from "./certificates.ts";
import type { Container, Mount } from "./pod-template.ts";
import { probeBudget } from "./sizing/probes.ts";
import { DATA_VOLUME } from "./stateful-program.ts";

export type ArchivePlace =
  /** A bucket of the cloud, written under the role of the gateway's service account. */
  | {
      readonly kind: "cloud";
      readonly bucket: pulumi.Input<string>;
      readonly region: string;
      readonly key: pulumi.Input<string>;
    }
  /** A bucket of an object store of one's own. */
  | {
      readonly kind: "bucket";
      /** s3://bucket/prefix. */
      readonly destination: string;
      readonly endpoint: string;
      readonly region: string;
      /** Secret with ACCESS_KEY_ID and ACCESS_SECRET_KEY. */
      readonly secret: string;
      /** Secret whose ca.crt it is verified with; absent: a public authority's. */
      readonly authority?: string | undefined;
    }
  /** A volume that its storage makes write-once, by its claim. */
  | { readonly kind: "volume"; readonly claim: string };

export interface Archive {
  readonly image: string;
  readonly place: ArchivePlace;
}

const ARCHIVE = "audit-archive";
export const ARCHIVE_PORT = 9465;
/**
 * How old a segment grows before it is sealed, so that it can be archived: with the archiver's round of
 * a minute, what a lost volume takes with it is the last six minutes.
 */
export const ARCHIVED_SEGMENT_SECONDS = 300;
/** Its last round has 20 s (tools/audit-archive/limits.ts); five more to begin and to end. */
export const ARCHIVE_STOP_SECONDS = 25;

/** A peak of 151 MiB was measured with twelve segments of 16 MiB in a row, two at a time. */
const RESOURCES = { cpu: "10m", memory: "192Mi" };
/** V8 may take a third of it; the rest is Node.js itself and pieces of files on their way. */
const HEAP_MEBIBYTES = 64;
const START_SECONDS = 5;
const TRAIL_FOLDER = "/audit";
const STATE_FOLDER = "/state";
const VOLUME = { name: "archive", path: "/archive" } as const;
const KEYS = { name: "archive-keys", path: "/etc/archive-keys" } as const;
const AUTHORITY = { name: "archive-authority", path: "/etc/archive-authority" } as const;

export function archiveSidecar({ image, place }: Archive): Container {
  return {
    name: ARCHIVE,
    image,
    environment: {
      ARCHIVE_FOLDER: TRAIL_FOLDER,
      ARCHIVE_STATE: STATE_FOLDER,
      ARCHIVE_PORT: String(ARCHIVE_PORT),
      ARCHIVE_TLS_CERT_FILE: `${TLS_FOLDER}/tls.crt`,
      ARCHIVE_TLS_KEY_FILE: `${TLS_FOLDER}/tls.key`,
      NODE_OPTIONS: `--max-old-space-size=${HEAP_MEBIBYTES}`,
      ...placeVariables(place),
    },
    ports: { archive: ARCHIVE_PORT },
    resources: RESOURCES,
    mounts: [
      { name: DATA_VOLUME, path: TRAIL_FOLDER, claim: true, subPath: "audit", readOnly: true },
      { name: DATA_VOLUME, path: STATE_FOLDER, claim: true, subPath: "archive-state" },
      { name: "tls", path: TLS_FOLDER, shared: true },
      ...placeMounts(place),
    ],
    health: {
      budget: probeBudget(START_SECONDS),
      ready: { https: "/readyz", port: ARCHIVE_PORT },
      alive: { https: "/livez", port: ARCHIVE_PORT },
    },
  };
}

function placeVariables(place: ArchivePlace): Record<string, pulumi.Input<string>> {
  if (place.kind === "volume") return { ARCHIVE_TO: `file://${VOLUME.path}` };
  if (place.kind === "cloud") {
    return {
      ARCHIVE_TO: pulumi.interpolate`s3://${place.bucket}/audit`,
      ARCHIVE_KMS_KEY: place.key,
      AWS_REGION: place.region,
    };
  }
  return {
    ARCHIVE_TO: place.destination,
    AWS_REGION: place.region,
    AWS_ENDPOINT_URL_S3: place.endpoint,
    ARCHIVE_KEYS_FOLDER: KEYS.path,
    ...(place.authority === undefined ? {} : { NODE_EXTRA_CA_CERTS: `${AUTHORITY.path}/ca.crt` }),
  };
}

function placeMounts(place: ArchivePlace): Mount[] {
  if (place.kind === "volume") return [{ ...VOLUME, volume: place.claim, readOnly: false }];
  if (place.kind === "cloud") return [];
  const keys = { ...KEYS, secret: place.secret };
  if (place.authority === undefined) return [keys];
  return [keys, { ...AUTHORITY, secret: place.authority }];
}
