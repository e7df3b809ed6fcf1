/** What must hold of a site that is one of a pair: it can follow, and both are what the other believes. */
import { authorityDigest } from "./certificate-faults.ts";
import { at, type Fault } from "./fault.ts";
import type { Settings } from "./schema.ts";

type Part = Partial<Settings>;

export const PAIR_RELATIONS: readonly ((settings: Part) => readonly Fault[])[] = [
  standby,
  failover,
  bothServe,
  standbyRotates,
  otherKnown,
  otherApart,
  sameAuthority,
  sameWeights,
];

function standby({ site, cloud, postgres, redis }: Part): Fault[] {
  if (site === undefined) return [];
  if (site.role === "standby" && site.other === undefined) {
    const wrong = "missing, and a standby without copies has nothing to serve from";
    return [
      at("site.other", wrong, "an object with name, postgres, redis, ranges, or stack, read"),
    ];
  }
  if (site.role === "standby" && redis !== undefined && redis.replicas > 1) {
    const wrong = `is ${redis.replicas}, and a Redis that follows another site's is one`;
    return [at("redis.replicas", wrong, "1")];
  }
  if (site.other !== undefined && cloud === undefined && postgres?.kind === "pod") {
    const wrong = "is pod, and one pod is followed by no other site";
    return [at("postgres.kind", wrong, "operator, on both sites")];
  }
  return [];
}

/** Quotas are shared by halves and not copied, so that a call waits for no other site. */
function bothServe({ site, cloud }: Part): Fault[] {
  if (site?.other?.serves !== true) return [];
  return [
    ...(site.role === "standby"
      ? [at("site.other.serves", "is true, and this site stands by", "false, or site.role primary")]
      : []),
    ...(site.quotaShare === 1
      ? [
          at(
            "site.quotaShare",
            "is 1, and both sites grant: each quota would be granted twice",
            "parts of both sites that are 1 together, as in 0.5",
          ),
        ]
      : []),
    ...(cloud === undefined
      ? []
      : [
          at(
            "site.other.serves",
            "is true, and RDS keeps no such copy",
            "on clusters of one's own",
          ),
        ]),
  ];
}

function failover({ site, cloud }: Part): Fault[] {
  if (site?.failover === undefined || cloud !== undefined) return [];
  const wrong = "is given, and the site has no cloud whose name service could do it";
  return [at("site.failover", wrong, "on the site that stands on AWS")];
}

const NEEDED = ["postgres", "redis", "ranges"] as const;

/** Roles are the same at both sites of a pair, so that callers need not know which one serves. */
function standbyRotates({ site, rotation }: Part): Fault[] {
  if (site?.role !== "standby" || rotation === undefined || rotation.ledger === 0) return [];
  const wrong = `is ${rotation.ledger}, and a standby's ledger has the primary's password`;
  return [at("rotation.ledger", wrong, "0; rotate at the primary, then `npm run sites -- pin`")];
}

/** What may be read is looked for there first (stacks/other-stack.ts). */
function otherKnown({ site }: Part): Fault[] {
  const { other } = site ?? {};
  if (other === undefined) return [];
  if (other.read) {
    if (other.stack !== undefined) return [];
    const wrong = "missing, and what is left out shall be read from it";
    return [at("site.other.stack", wrong, "the other site's stack, as in onprem-bank")];
  }
  const way =
    other.stack === undefined
      ? "or site.other.stack and read"
      : "or `npm run sites -- pin`, which writes down what that stack tells";
  return NEEDED.filter(
    (name) => other[name] === undefined && !(name === "redis" && other.serves),
  ).map((name) => {
    const right = name === "ranges" ? "address ranges" : "a host name";
    return at(`site.other.${name}`, "missing, and nothing is read", `${right}, ${way}`);
  });
}

/** One cluster cannot be lost and stand by at the same time; and both stacks would own its objects. */
function otherApart({ site, cluster }: Part): Fault[] {
  const { other } = site ?? {};
  if (other === undefined || cluster === undefined) return [];
  return [
    ...(other.name === site?.name
      ? [at("site.other.name", `is ${other.name}, as this site's own`, "a name of its own")]
      : []),
    ...(other.clusterIdentifier === cluster.clusterIdentifier
      ? [
          at(
            "cluster.clusterIdentifier",
            `is ${cluster.clusterIdentifier}, as the other site's`,
            "another cluster, under a name of its own",
          ),
        ]
      : []),
  ];
}

/** Stores of the two verify each other by it. cert-manager's is not known before it is there. */
function sameAuthority({ site, certificates }: Part): Fault[] {
  const other = site?.other?.authority;
  if (other === undefined || certificates === undefined) return [];
  const own = authorityDigest(certificates.ca);
  if (own === undefined || own === other) return [];
  const wrong = `is ${short(own)}, and certificates of ${site?.other?.name} are of ${short(other)}`;
  return [at("certificates.ca", wrong, "the authority of both sites")];
}

/** After a failover the same question has the same answer only where the weights are the same. */
function sameWeights({ site, models }: Part): Fault[] {
  const known = site?.other?.weights;
  if (known === undefined) return [];
  return (models ?? []).flatMap(({ name, server }, index) => {
    if (server.engine === "simulator") return [];
    const [own, other] = [server.weights.manifest, known[name] ?? null];
    if (own === null || other === null || own === other) return [];
    const wrong = `is ${short(own)}, and ${site?.other?.name} serves ${short(other)}`;
    const right = `${other}, once those weights are here; or the other site's brought up to date`;
    return [at(`models[${index}].server.weights.manifest`, wrong, right)];
  });
}

/** So many digits tell two digests apart for a reader. */
const SHOWN = "sha256:".length + 12;

function short(digest: string): string {
  return `${digest.slice(0, SHOWN)}…`;
}
