/**
 * Faults that are known and borne, stack by stack. `npm run policies` shows each with its reason; one that
 * has ended fails again, and one that nothing needs is named. Owners and approvers are offices: who holds
 * them is the customer's register. A site adds its own rows here, in a reviewed change.
 */
import type { Exemption } from "./judging/exemptions.ts";

/** The longest there may be: looked at again within a year of 2026-11-26. */
const EXPIRES = "2027-11-25";
const TRYING = ["dev", "staging"];
/** Outside of China. */
const ON_AWS = ["prod", "prod-pair", "prod-pair-standby", "staging", "dev", "hybrid-standby"];
const ONE_MACHINE = ["local", "bare-metal", "container"];
const GPU_DAEMONS = ["kubernetes:apps/v1:DaemonSet::gpu-runtime-*"];
const DEVICE_PLUGINS =
  "GPU device plugins and the exporter register with the kubelet through the host's sockets.";
const LOG_AGENT = ["kubernetes:apps/v1:DaemonSet::log-agent"];
const LOG_FILES =
  "Log files of pods lie on the node and are root's; the agent mounts that folder alone, to read only.";
const PLATFORM = {
  owner: "platform engineering",
  approver: "information security",
  expires: EXPIRES,
} as const;

export const EXEMPTIONS: readonly Exemption[] = [
  {
    ...PLATFORM,
    rule: "no-host-access",
    stacks: ["*"],
    resources: GPU_DAEMONS,
    reason: DEVICE_PLUGINS,
    ticket: "RISK-1",
  },
  {
    ...PLATFORM,
    rule: "restricted-pods",
    stacks: ["*"],
    resources: GPU_DAEMONS,
    reason: DEVICE_PLUGINS,
    ticket: "RISK-1",
  },
  {
    ...PLATFORM,
    rule: "namespace-security",
    stacks: ["*"],
    resources: ["kubernetes:core/v1:Namespace::deepseek-gpu"],
    reason:
      "Holds the device plugins and nothing else; a pod there is as good as root on the node.",
    ticket: "RISK-1",
  },
  {
    ...PLATFORM,
    rule: "resources-and-probes",
    stacks: ["*"],
    resources: [
      "kubernetes:apps/v1:DaemonSet::gpu-runtime-plugin",
      "kubernetes:apps/v1:DaemonSet::gpu-runtime-adapters",
    ],
    reason:
      "Device plugins answer the kubelet on a socket and offer nothing that a probe could ask.",
    ticket: "RISK-2",
  },
  {
    ...PLATFORM,
    rule: "resources-and-probes",
    stacks: ["prod"],
    resources: ["kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet::model-deepseek-v3"],
    reason:
      "A worker of a group has no port; its leader's probe fails with it, and both start anew.",
    ticket: "RISK-2",
  },
  {
    ...PLATFORM,
    rule: "bounded-namespaces",
    stacks: ["*"],
    resources: GPU_DAEMONS,
    reason:
      "As many pods as there are GPU nodes: a quota would leave a new node without its plugin.",
    ticket: "RISK-3",
  },
  ...["no-host-access", "restricted-pods"].map((rule) => ({
    ...PLATFORM,
    rule,
    stacks: ["onprem-bank"],
    resources: LOG_AGENT,
    reason: LOG_FILES,
    ticket: "RISK-10",
  })),
  {
    ...PLATFORM,
    rule: "namespace-security",
    stacks: ["onprem-bank"],
    resources: ["kubernetes:core/v1:Namespace::deepseek-logs"],
    reason: "Holds the agents that read log files and nothing else.",
    ticket: "RISK-10",
  },
  {
    ...PLATFORM,
    rule: "bounded-namespaces",
    stacks: ["onprem-bank"],
    resources: LOG_AGENT,
    reason: "As many pods as there are nodes: a quota would leave a new node without its agent.",
    ticket: "RISK-10",
  },
  {
    ...PLATFORM,
    rule: "alerts-delivered",
    stacks: ["*"],
    resources: ["kubernetes:core/v1:Secret::alertmanager-configuration"],
    reason: "Whom alerts reach is each site's own; no address is committed with this package.",
    ticket: "RISK-4",
    riskAcceptedBy: "head of operations of the site, until a receiver is set",
  },
  {
    ...PLATFORM,
    rule: "named-flows",
    stacks: [...ON_AWS, "onprem-bank-standby"],
    resources: ["kubernetes:networking.k8s.io/v1:NetworkPolicy::deepseek-allow-model-*"],
    reason: "S3's addresses change. The VPC has no way out but its endpoints, on port 443.",
    ticket: "RISK-5",
  },
  {
    ...PLATFORM,
    rule: "named-flows",
    stacks: [...ON_AWS, "onprem-bank-standby"],
    resources: ["kubernetes:networking.k8s.io/v1:NetworkPolicy::deepseek-allow-gateway"],
    reason:
      "The audit trail goes to S3, whose addresses change; the VPC's own are left out of the range.",
    ticket: "RISK-5",
  },
  {
    ...PLATFORM,
    rule: "replicated-state",
    stacks: ["*"],
    resources: [
      "kubernetes:apps/v1:StatefulSet::prometheus",
      "kubernetes:apps/v1:StatefulSet::alertmanager",
    ],
    reason:
      "Both keep what watches the service, no record of it; a new pod goes on with its volume.",
    ticket: "RISK-6",
  },
  {
    ...PLATFORM,
    rule: "replicated-state",
    stacks: ["*"],
    resources: ["kubernetes:apps/v1:StatefulSet::restore-test"],
    reason:
      "Two would restore everything twice. What is lost with its volume are records of tests, which a new pod begins again at once.",
    ticket: "RISK-6",
  },
  {
    ...PLATFORM,
    rule: "replicated-state",
    stacks: ["hybrid-standby", "onprem-bank-standby", "prod-pair-standby"],
    resources: ["kubernetes:apps/v1:StatefulSet::redis"],
    reason:
      "It is the replica of the other site's Redis until it takes over; quotas then begin anew.",
    ticket: "RISK-6",
  },
  {
    ...PLATFORM,
    rule: "restored-backups",
    stacks: ["onprem-hospital", "onprem-hospital-b"],
    resources: ["kubernetes:postgresql.cnpg.io/v1:Cluster::patients"],
    reason:
      "Nothing of the service comes near patients' data: the hospital restores it itself and hands in its record.",
    ticket: "RISK-11",
    riskAcceptedBy: "medical records of the hospital",
  },
  ...trying(),
  ...oneMachine(),
  ...examples(),
];

/** dev and staging are for trying and are destroyed as a whole; production is refused without all this. */
function trying(): Exemption[] {
  const reason = "Holds no data of customers, and is destroyed as a whole.";
  const row = (rule: string, resources: readonly string[], stacks: readonly string[] = TRYING) => ({
    ...PLATFORM,
    ...{ rule, stacks, resources, reason, ticket: "RISK-7" },
  });
  return [
    row("deletion-protection", [
      "aws:rds/instance:Instance::database",
      "aws:eks/cluster:Cluster::eks",
      "aws:lb/loadBalancer:LoadBalancer::balancer",
      "aws:s3/bucket:Bucket::weights",
      "aws:backup/vault:Vault::backups",
    ]),
    row("deletion-protection", ["aws:s3/bucket:Bucket::audit"], ["dev"]),
    row(
      "deletion-protection",
      ["kubernetes:storage.k8s.io/v1:StorageClass::volumes-gp3-encrypted"],
      ["dev"],
    ),
    row("deletion-protection", ["kubernetes:apps/v1:StatefulSet::*"], ["dev", "local"]),
    row("backups", ["aws:elasticache/replicationGroup:ReplicationGroup::cache"]),
    row("restored-backups", ["aws:rds/instance:Instance::database"]),
    row(
      "replicated-state",
      [
        "aws:rds/instance:Instance::database",
        "aws:elasticache/replicationGroup:ReplicationGroup::cache",
      ],
      ["dev"],
    ),
    {
      ...row("audit-worm", ["aws:s3/bucket:Bucket::audit"], ["dev", "staging", "hybrid-standby"]),
      riskAcceptedBy: "audit office: no call of a customer is recorded there",
    },
    {
      ...row("audit-worm", ["aws:backup/vault:Vault::backups"]),
      riskAcceptedBy: "audit office: no call of a customer is recorded there",
    },
  ];
}

/** One machine, or two: for trying, for a laptop, for a pilot. */
function oneMachine(): Exemption[] {
  const row = (
    rule: string,
    resources: readonly string[],
    reason: string,
    stacks = ONE_MACHINE,
  ) => ({
    ...PLATFORM,
    ...{ rule, stacks, resources, reason, ticket: "RISK-8" },
  });
  return [
    {
      ...row(
        "backups",
        ["kubernetes:apps/v1:StatefulSet::postgres"],
        "A pilot without a second store; nothing of record may be kept there.",
      ),
      riskAcceptedBy: "owner of the pilot",
    },
    row(
      "replicated-state",
      ["kubernetes:apps/v1:StatefulSet::postgres", "kubernetes:apps/v1:StatefulSet::redis"],
      "A pilot on one or two machines has nowhere for a second copy.",
    ),
    {
      ...row(
        "encrypted-volumes",
        ["kubernetes:*::*"],
        "Volumes are folders of the machine, whose disk its owner encrypts.",
        ["local"],
      ),
      riskAcceptedBy: "owner of the machine",
    },
    {
      ...row(
        "admin-mfa",
        ["kubernetes:apps/v1:StatefulSet::gateway"],
        "Answers on loopback alone, to its own user.",
        ["local"],
      ),
      riskAcceptedBy: "owner of the machine",
    },
  ];
}

/** Stacks that show a shape, and wait for a site's own values. */
function examples(): Exemption[] {
  const row = (
    rule: string,
    resources: readonly string[],
    stacks: readonly string[],
    reason: string,
  ) => ({
    ...PLATFORM,
    ...{ rule, stacks, resources, reason, ticket: "RISK-9" },
  });
  return [
    {
      ...row(
        "encrypted-volumes",
        ["kubernetes:*::*"],
        ["hybrid", "bare-metal", "container"],
        "The example names no storage class; a site sets deepseek:storage.class.",
      ),
      riskAcceptedBy: "owner of the site, until it names its class",
    },
    row(
      "sealed-weights",
      ["kubernetes:apps/v1:Deployment::model-*"],
      ["hybrid", "bare-metal"],
      "Open weights of an example; they are verified, and hold no secret.",
    ),
    {
      ...row(
        "region-fence",
        [
          "aws:kms/replicaKey:ReplicaKey::keys-weights",
          "aws:iam/rolePolicy:RolePolicy::weights-replication",
          "aws:s3/bucketReplicationConfig:BucketReplicationConfig::weights-replication",
        ],
        ["prod-pair", "prod-pair-standby"],
        "Weights alone are copied between the example's two regions; a pair in China names two of China.",
      ),
      riskAcceptedBy:
        "data protection officer: weights hold no personal data, and no data follows them",
    },
    {
      ...row(
        "region-fence",
        ["pulumi:providers:aws::aws"],
        ON_AWS,
        "The committed stacks name an example region; a site in China sets cn-north-1 or cn-northwest-1.",
      ),
      riskAcceptedBy:
        "data protection officer: no data of persons in China before the region is set",
    },
  ];
}
