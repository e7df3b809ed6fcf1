/**
 * Who may do what with a key, by its purpose. The account administers every key through IAM but
 * cannot use one by that alone: use is only possible through the service that the key is for, and
 * where that service tells what it encrypts, only for that. Pure.
 */
import {
  type AwsSite,
  accountRoot,
  arn,
  bucketArn,
  names,
  roleArn,
  servicePrincipal,
  viaService,
} from "./place.ts";
import { type Condition, policyDocument, type Statement } from "./policy.ts";

export const KEY_PURPOSES = [
  "cluster",
  "volumes",
  "database",
  "cache",
  "weights",
  "audit",
  "images",
  "logs",
  "patient",
] as const;

export type KeyPurpose = (typeof KEY_PURPOSES)[number];

/**
 * What AWS' own default gives administrators, but for `kms:Create*`: it would hold grants, which are
 * use by another name (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
 */
const ADMINISTER = [
  "kms:CreateAlias",
  "kms:Describe*",
  "kms:Enable*",
  "kms:List*",
  "kms:Put*",
  "kms:Update*",
  "kms:Disable*",
  "kms:Get*",
  "kms:Delete*",
  "kms:Revoke*",
  "kms:TagResource",
  "kms:UntagResource",
  "kms:ScheduleKeyDeletion",
  "kms:CancelKeyDeletion",
  "kms:RotateKeyOnDemand",
  "kms:ReplicateKey",
  "kms:UpdatePrimaryRegion",
] as const;

const GRANT = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"] as const;

const USE = [
  "kms:Encrypt",
  "kms:Decrypt",
  "kms:ReEncrypt*",
  "kms:GenerateDataKey*",
  "kms:DescribeKey",
] as const;

export function keyPolicy(purpose: KeyPurpose, site: AwsSite): string {
  return policyDocument([administration(site), ...USERS[purpose](site)]);
}

function administration(site: AwsSite): Statement {
  return {
    Sid: "Administration",
    Effect: "Allow",
    Principal: { AWS: accountRoot(site) },
    Action: ADMINISTER,
    Resource: "*",
  };
}

const USERS: Readonly<Record<KeyPurpose, (site: AwsSite) => Statement[]>> = {
  cluster: (site) => [
    {
      Sid: "ControlPlane",
      Effect: "Allow",
      Principal: { AWS: accountRoot(site) },
      Action: ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey", "kms:ListGrants"],
      Resource: "*",
      Condition: { ArnEquals: { "aws:PrincipalArn": roleArn(site, names.clusterRole(site)) } },
    },
    {
      // EKS makes its grant as whoever creates the cluster, and does not say that it is for AWS:
      // kms:GrantIsForAWSResource would refuse every cluster (EKS user guide, create-cluster).
      Sid: "CreateCluster",
      Effect: "Allow",
      Principal: { AWS: accountRoot(site) },
      Action: ["kms:CreateGrant"],
      Resource: "*",
      Condition: { StringEquals: { "kms:CallerAccount": site.account } },
    },
  ],
  volumes: (site) => [...throughService(site, ["ec2"]), ...autoscaling(site)],
  // Backups of the database are kept in a vault under the same key.
  database: (site) => throughService(site, ["rds", "backup"]),
  cache: (site) => throughService(site, ["elasticache"]),
  weights: (site) => [objects(site, names.bucket(site, "weights"))],
  audit: (site) => [objects(site, names.bucket(site, "audit"))],
  images: (site) => throughService(site, ["ecr"]),
  logs: (site) => [logGroups(site)],
  patient: (site) => throughService(site, ["ec2"]),
};

/** For callers whom IAM allows as well, and only while the service acts for them. */
function throughService(site: AwsSite, services: readonly string[]): Statement[] {
  const through: Condition = {
    StringEquals: {
      "kms:ViaService": viaService(site, services),
      "kms:CallerAccount": site.account,
    },
  };
  const shared = { Effect: "Allow", Principal: { AWS: accountRoot(site) }, Resource: "*" } as const;
  return [
    { Sid: "Use", ...shared, Action: USE, Condition: through },
    {
      Sid: "Attach",
      ...shared,
      Action: GRANT,
      Condition: { ...through, Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
  ];
}

/**
 * Node groups start instances through a role of Auto Scaling's own, whom no policy of IAM allows a
 * key (https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html).
 * It is told by a condition, since a policy that names a principal is refused until there is one.
 */
function autoscaling(site: AwsSite): Statement[] {
  const role = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
  const who = {
    ArnEquals: { "aws:PrincipalArn": roleArn(site, role) },
    StringEquals: { "kms:CallerAccount": site.account },
  };
  const shared = { Effect: "Allow", Principal: { AWS: "*" }, Resource: "*" } as const;
  return [
    { Sid: "StartNodes", ...shared, Action: USE, Condition: who },
    {
      Sid: "AttachToNodes",
      ...shared,
      Action: "kms:CreateGrant",
      Condition: { ...who, Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
  ];
}

/** With a bucket key, S3's encryption context is the bucket; without, the object. */
function objects(site: AwsSite, bucket: string): Statement {
  const own = bucketArn(site, bucket);
  return {
    Sid: "Objects",
    Effect: "Allow",
    Principal: { AWS: accountRoot(site) },
    Action: USE.filter((action) => action !== "kms:DescribeKey"),
    Resource: "*",
    Condition: {
      StringEquals: {
        "kms:ViaService": viaService(site, ["s3"]),
        "kms:CallerAccount": site.account,
      },
      ArnLike: { "kms:EncryptionContext:aws:s3:arn": [own, `${own}/*`] },
    },
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html */
function logGroups(site: AwsSite): Statement {
  const groups = names.logGroups(site);
  const own = [groups.controlPlane, groups.flows, groups.database("*")];
  return {
    Sid: "LogGroups",
    Effect: "Allow",
    Principal: { Service: servicePrincipal(site, "logs") },
    Action: [
      "kms:Encrypt",
      "kms:Decrypt",
      "kms:ReEncrypt*",
      "kms:GenerateDataKey*",
      "kms:Describe*",
    ],
    Resource: "*",
    Condition: {
      ArnLike: {
        "kms:EncryptionContext:aws:logs:arn": own.map((name) =>
          arn(site, "logs", `log-group:${name}`),
        ),
      },
    },
  };
}
