/**
 * What may be unknown while a stack is planned, and must be given before it is deployed: digests of
 * images, authorities of stores that a cloud keeps, what a standby follows the primary with.
 */
import type { Fault } from "./fault.ts";
import { unlockedImages } from "./images.ts";
import type { ImageName, Settings } from "./schema.ts";
import { PRODUCTION } from "./site-relations.ts";

/** Elsewhere a tag may do: dev and staging are for trying what is not released. */
export function needsForUp(settings: Settings, images: readonly ImageName[]): Fault[] {
  const { environment, cloud, site, replicationPasswords } = settings;
  const unlocked = PRODUCTION.includes(environment ?? "") ? unlockedImages(settings, images) : [];
  return [
    ...unlocked.map((name) => ({
      path: `deepseek:images.${name}`,
      wrong: "has no digest: whoever owns its tag decides what runs",
      right: "what `npm run images -- push` and `npm run images -- lock` print",
    })),
    ...(cloud !== undefined && site.other === undefined && cloud.authorities === undefined
      ? [
          {
            path: "deepseek:cloud.authorities",
            wrong: "missing, and gateways verify the stores that AWS keeps",
            right: "the region's RDS bundle and Amazon's root authorities, PEM",
          },
        ]
      : []),
    ...(site.role === "standby" &&
    site.other?.read === true &&
    PRODUCTION.includes(environment ?? "")
      ? [
          {
            path: "deepseek:site.other.read",
            wrong:
              "is true: when the other site and its state are lost, this one could not be changed",
            right: "false, with what `npm run sites -- pin` writes down",
          },
        ]
      : []),
    ...(site.role === "standby" && replicationPasswords === undefined
      ? [
          {
            path: "deepseek:replicationPasswords",
            wrong: "missing, and the primary's stores are followed with them",
            right: "the primary's output replication, set with --secret, or `npm run sites -- pin`",
          },
        ]
      : []),
  ];
}
