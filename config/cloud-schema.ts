/**
 * A site on AWS: its network, cluster, node groups and managed stores. Absent where the cluster is
 * given. What stands here as a default is what a production site should have; dev asks for less.
 */
import { z } from "zod";
import { CLOSED, WHOLE_GPUS } from "./sources.ts";
import { addressRange, arn, authorities, label, time } from "./values.ts";
import versions from "./versions.json" with { type: "json" };

const { kubernetes, machineImage, addons } = versions.eks;

const zone = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/)
  .meta({ right: "an availability zone, as in us-east-1a" });

const resourceId = (kind: string) =>
  z
    .string()
    .regex(new RegExp(`^${kind}-[0-9a-f]{8,17}$`))
    .meta({ right: `an id, as in ${kind}-0123456789abcdef0` });

const version = z
  .string()
  .regex(/^v?\d+\.\d+(\.\d+)?([.-][0-9a-z.-]+)?$/)
  .meta({ right: "a version, as in 1.34 or v1.20.4-eksbuild.2" });

const network = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("new").describe("A network of the site's own, without a way to the internet."),
    range: z
      .cidrv4()
      .default("10.40.0.0/16")
      .meta({
        source:
          "vendor: the largest range that a VPC takes, https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html",
      })
      .meta({ right: "an address range of 16 to 20 bits" })
      .describe("Its addresses; the subnets of all zones are cut from it."),
  }),
  z.strictObject({
    kind: z.literal("given").describe("A network that exists."),
    vpc: resourceId("vpc").describe("Its id."),
    range: z.cidrv4().meta({ right: "an address range" }).describe("Its addresses."),
    subnets: z
      .array(
        z.strictObject({
          id: resourceId("subnet").describe("Its id."),
          zone: zone.describe("The zone it lies in."),
        }),
      )
      .min(2)
      .max(6)
      .describe("Private subnets, one for each zone."),
  }),
]);

const endpoint = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("private").describe("Only from inside of the network: so does `up` run there."),
  }),
  z.strictObject({
    kind: z.literal("public").describe("Also from the internet."),
    ranges: z.array(addressRange).min(1).describe("Who may ask."),
  }),
]);

const control = z.strictObject({
  version: version
    .default(kubernetes)
    .meta({
      source:
        "ours: pinned in config/versions.json, and raised by a person: EKS upgrades a control plane, and never back",
    })
    .describe("Kubernetes, as EKS names it."),
  endpoint: endpoint
    .default({ kind: "private" })
    .meta({
      source: "ours: nothing of the control plane is on the internet unless a stack says so",
    })
    .describe("Where the API server answers."),
  callers: z
    .array(z.cidrv4())
    .default([])
    .meta({ source: CLOSED })
    .meta({ right: "address ranges of IPv4" })
    .describe("Networks joined to this one that may ask the API server, as the builders'."),
  administrators: z
    .array(arn)
    .min(1)
    .describe(
      "IAM roles that administer the cluster; whoever runs `up` is one of them, of the site's account.",
    ),
  addons: z
    .strictObject({
      "vpc-cni": version
        .default(addons["vpc-cni"])
        .meta({
          source:
            "ours: pinned in config/versions.json, and asked of no account: `aws eks describe-addon-versions` lists what there is",
        })
        .describe("Network, with its policies."),
      coredns: version
        .default(addons.coredns)
        .meta({
          source:
            "ours: pinned in config/versions.json, and asked of no account: `aws eks describe-addon-versions` lists what there is",
        })
        .describe("Names."),
      "kube-proxy": version
        .default(addons["kube-proxy"])
        .meta({
          source:
            "ours: pinned in config/versions.json, and asked of no account: `aws eks describe-addon-versions` lists what there is",
        })
        .describe("Services."),
      "aws-ebs-csi-driver": version
        .default(addons["aws-ebs-csi-driver"])
        .meta({
          source:
            "ours: pinned in config/versions.json, and asked of no account: `aws eks describe-addon-versions` lists what there is",
        })
        .describe("Volumes."),
      "eks-pod-identity-agent": version
        .default(addons["eks-pod-identity-agent"])
        .meta({
          source:
            "ours: pinned in config/versions.json, and asked of no account: `aws eks describe-addon-versions` lists what there is",
        })
        .describe("Roles of pods."),
    })
    .prefault({})
    .describe("Versions of the add-ons; `aws eks describe-addon-versions` lists them."),
});

const capacity = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("onDemand").describe("What is free when it is asked for.") }),
  z.strictObject({
    kind: z.literal("reservation").describe("A capacity reservation."),
    id: resourceId("cr").describe("Its id."),
  }),
  z.strictObject({
    kind: z.literal("capacityBlock").describe("A capacity block for ML: bought for a time."),
    id: resourceId("cr").describe("Its id."),
    start: time.describe("When it begins; before it the group is empty."),
    end: time.describe("When it ends; AWS ends its nodes half an hour before."),
    zone: zone.describe("The zone it lies in."),
  }),
]);

const sizes = z.strictObject({
  min: z.int().min(0).max(1_000).describe("Fewest nodes."),
  max: z.int().min(1).max(1_000).describe("Most nodes."),
  first: z
    .int()
    .min(0)
    .max(1_000)
    .optional()
    .describe("Nodes at the start; without it the fewest."),
});

const systemPool = z.strictObject({
  kind: z.literal("system").describe("Processors only: everything but model servers."),
  name: label.describe("Its name; nodes carry it as deepseek.local/pool."),
  instanceType: z
    .string()
    .regex(/^[a-z][a-z0-9-]+\.[a-z0-9]+$/)
    .meta({ right: "an instance type, as in m6i.2xlarge" })
    .default("m6i.2xlarge")
    .meta({ source: "guide: machines of 8 cores and 32 GB" })
    .describe("Instance type."),
  nodes: sizes.describe("How many."),
  release: version
    .default(machineImage)
    .meta({
      source:
        "ours: pinned in config/versions.json, and asked of no account: EKS names the newest in its public parameters",
    })
    .describe("Release of the machine image: pinned, so that a preview never finds another one."),
  diskGibibytes: z
    .int()
    .min(30)
    .max(16_384)
    .default(100)
    .meta({ source: "ours: images and logs; weights lie on a node's own NVMe disks" })
    .describe("Root volume, encrypted."),
});

const gpuPool = systemPool.extend({
  kind: z.literal("gpu").describe("Nodes of eight A100."),
  instanceType: z
    .enum(["p4d.24xlarge", "p4de.24xlarge"])
    .describe("p4d: 8 × A100 40 GB; p4de: 8 × A100 80 GB."),
  zone: zone.describe("One zone: GPUs of a group talk to each other all the time."),
  capacity: capacity
    .default({ kind: "onDemand" })
    .meta({ source: "ours: nothing is bought ahead unless a stack says so" })
    .describe("Where the machines come from."),
  fabric: z
    .enum(["none", "separate", "shared"])
    .default("none")
    .meta({ source: "ours: only a group over several nodes needs it" })
    .describe(
      "EFA, which groups over several nodes need: the first card plain and all adapters apart (AWS' advice), or the first adapter shared.",
    ),
  slices: z
    .enum(["none", "1g", "2g", "3g"])
    .default("none")
    .meta({ source: WHOLE_GPUS })
    .describe("MIG: GPUs cut into slices of 1, 2 or 3 compute units each."),
});

const database = z.strictObject({
  instanceClass: z
    .string()
    .regex(/^db\.[a-z0-9]+\.[a-z0-9]+$/)
    .meta({ right: "a class, as in db.m6i.large" })
    .default("db.m6i.large")
    .meta({
      source: "ours: the smallest class of a general purpose whose processors are never throttled",
    })
    .describe("Class of the PostgreSQL instances."),
  version: version
    .default("17.6")
    .meta({
      source:
        "ours: the version of config/versions.json's postgres-cluster, so that sites of a pair run the same",
    })
    .describe("PostgreSQL, 16 or newer: older ones know no TLS 1.3 on RDS."),
  storageGibibytes: z
    .int()
    .min(20)
    .max(65_536)
    .default(100)
    .meta({ source: "ours: a start; RDS grows a volume while it runs" })
    .describe("Its storage."),
  multiZone: z
    .boolean()
    .default(true)
    .meta({ source: "law: GB/T 22239-2019, 8.1.4.9 c: hot redundancy of what processes data" })
    .describe("A second instance in another zone."),
  backupDays: z
    .int()
    .min(1)
    .max(35)
    .default(35)
    .meta({
      source:
        "vendor: the most that RDS keeps, https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html",
    })
    .describe("How long backups are kept."),
});

const cache = z.strictObject({
  nodeType: z
    .string()
    .regex(/^cache\.[a-z0-9]+\.[a-z0-9]+$/)
    .meta({ right: "a type, as in cache.m7g.large" })
    .default("cache.m7g.large")
    .meta({ source: "ours: the smallest type whose processors are never throttled" })
    .describe("Type of the Redis nodes."),
  version: version
    .default("7.1")
    .meta({
      source:
        "vendor: the last Redis OSS of ElastiCache, https://docs.aws.amazon.com/AmazonElastiCache/latest/red-ug/supported-engine-versions.html",
    })
    .describe("Redis, as ElastiCache names it."),
  replicas: z
    .int()
    .min(0)
    .max(5)
    .default(1)
    .meta({ source: "law: GB/T 22239-2019, 8.1.4.9 c: hot redundancy of what processes data" })
    .describe("Copies beside the primary, in other zones."),
});

const weightsCopy = z.strictObject({
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/)
    .meta({ right: "a region, as in us-west-2" })
    .describe("The standby's region."),
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)
    .meta({ right: "a bucket's name" })
    .describe("Its bucket of weights, in the same account: its output `site` tells it."),
  key: arn.describe("Its key of weights, under which the copy is kept."),
});

export const cloud = z
  .strictObject({
    partition: z
      .enum(["aws", "aws-cn"])
      .default("aws")
      .meta({ source: "ours: where it is not said to be China" })
      .describe("aws-cn: the regions of mainland China."),
    account: z
      .string()
      .regex(/^[0-9]{12}$/)
      .meta({ right: "a quoted account of twelve digits" })
      .describe("The account; nothing is made in another one."),
    region: z
      .string()
      .regex(/^[a-z]{2}(-[a-z]+)+-\d$/)
      .meta({ right: "a region, as in us-east-1" })
      .describe("Region of everything."),
    zones: z.array(zone).min(2).max(4).describe("Zones of the network and of what is not a GPU."),
    network: network
      .default({ kind: "new", range: "10.40.0.0/16" })
      .meta({ source: "ours: a network of its own, with no way to the internet" })
      .describe("Where it all lies."),
    control: control.describe("The control plane."),
    pools: z
      .array(z.discriminatedUnion("kind", [systemPool, gpuPool]))
      .min(1)
      .max(32)
      .describe("Node groups."),
    database: database.prefault({}).describe("PostgreSQL by RDS."),
    cache: cache.prefault({}).describe("Redis by ElastiCache."),
    logDays: z
      .union(
        [30, 90, 180, 365, 400, 545, 731, 1827, 2192, 2557, 3653].map((days) => z.literal(days)),
      )
      .meta({ right: "one of 30, 90, 180, 365, 400, 545, 731, 1827, 2192, 2557, 3653" })
      .default(400)
      .meta({
        source:
          "law: a year for banks, guideline [2009] 19, art. 27(2); 400 is the next number that CloudWatch takes, https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html",
      })
      .describe("Days that logs of the control plane and of the network are kept."),
    auditLock: z
      .enum(["compliance", "governance", "none"])
      .default("compliance")
      .meta({
        source:
          "law: GB/T 22239-2019, 8.1.4.3 c: records are kept from deletion, change and overwriting",
      })
      .describe(
        "Object Lock of the audit archive; in compliance mode nobody can shorten it, nor destroy the stack before its end.",
      ),
    authorities: authorities
      .optional()
      .describe(
        "Authorities of the managed stores' certificates: the region's RDS bundle and Amazon's roots, PEM. Needed before an `up` that is not simulated.",
      ),
    weightsCopy: weightsCopy
      .optional()
      .describe("A standby on AWS has a copy of the weights, which S3 makes within 15 minutes."),
    weightsKeyOf: arn
      .optional()
      .describe(
        "On such a standby: the primary's key of weights. This site's is then its replica, and opens what was sealed there.",
      ),
    protect: z
      .boolean()
      .default(true)
      .meta({ source: "ours: what is lost with them does not come back" })
      .describe("Databases, archives and keys refuse to be destroyed by mistake."),
  })
  .optional();
