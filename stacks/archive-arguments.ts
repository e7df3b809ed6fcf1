/** What the archiver beside each gateway is told by the settings, and how the walls let it out. Pure. */
import { GATEWAY } from "../components/gateway.ts";
import type { Archive } from "../components/gateway-archive.ts";
import type { FlowPlaces } from "../components/service-flows.ts";
import { imageReference } from "../config/images.ts";
import type { CloudSettings, Settings } from "../config/schema.ts";
import { httpsPort, SERVICE } from "./places.ts";

/** undefined: none, or that of the cloud (below). */
export function archiveArguments(settings: Settings): Archive | undefined {
  const { archive } = settings.retention;
  if (archive === undefined) return undefined;
  return { image: imageReference(settings, "audit-archive"), place: archive };
}

/** An archiver runs beside each gateway. */
export function isArchived({ cloud, retention }: Settings): boolean {
  return cloud !== undefined || retention.archive !== undefined;
}

/** The stack adds the bucket and its key. */
export function cloudArchive(settings: Settings, { region }: CloudSettings) {
  return { image: imageReference(settings, "audit-archive"), region };
}

/** Who may add to the cloud's archive. */
export const ARCHIVE_WRITERS = [{ namespace: SERVICE, serviceAccount: GATEWAY }];

/**
 * S3 has no addresses in a network of AWS: what leaves such a network without internet reaches the
 * region's S3 alone, through an endpoint that lets only the account's own buckets pass. The network's
 * own addresses are left out; in a given one S3 may be among them.
 */
export function archiveFlow({ cloud, retention }: Settings): FlowPlaces["archive"] {
  if (cloud !== undefined) {
    const { kind, range } = cloud.network;
    const except = kind === "new" ? [range] : [];
    return { podIdentity: true, ranges: ["0.0.0.0/0"], except, ports: [443] };
  }
  const { archive } = retention;
  if (archive?.kind !== "bucket") return undefined;
  const { ranges, endpoint } = archive;
  return { podIdentity: false, ranges, except: [], ports: [httpsPort(endpoint)] };
}
