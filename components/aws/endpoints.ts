/**
 * The doors of a network without internet: which services have one, what it is called, and what may
 * pass. Pure.
 */
import { type AwsPlace, bucketArn } from "./place.ts";
import { policyDocument } from "./policy.ts";

/**
 * What nodes, add-ons and pods call. ecr.*: images; sts, kms, secretsmanager, logs: identities, keys,
 * secrets, logs; ec2: addresses and volumes; eks, eks-auth: nodes that join, pods' identities;
 * elasticloadbalancing, autoscaling: targets and the Cluster Autoscaler (EKS user guide, private
 * clusters).
 */
export const INTERFACE_SERVICES = [
  "ecr.api",
  "ecr.dkr",
  "sts",
  "kms",
  "logs",
  "ec2",
  "eks",
  "eks-auth",
  "elasticloadbalancing",
  "autoscaling",
  "secretsmanager",
] as const;

export type InterfaceService = (typeof INTERFACE_SERVICES)[number];

/**
 * In China some names begin otherwise; the list is what both regions answer to
 * describe-vpc-endpoint-services, as aws-cdk-lib keeps it (aws-ec2/lib/vpc-endpoint.ts).
 */
const CHINA_PREFIXED: ReadonlySet<string> = new Set([
  "autoscaling",
  "ec2",
  "ecr.api",
  "ecr.dkr",
  "eks",
  "sts",
]);

export function endpointService(place: AwsPlace, service: InterfaceService | "s3"): string {
  const china = place.partition === "aws-cn" && CHINA_PREFIXED.has(service);
  return `${china ? "cn." : ""}com.amazonaws.${place.region}.${service}`;
}

/** Services that could carry data out of the site to another account: each documents its policy. */
const HOLDING_DATA: ReadonlySet<string> = new Set(["kms", "logs", "secretsmanager"]);

/** Only for our own account's identities; undefined: AWS' own policy, which lets all pass. */
export function interfacePolicy(place: AwsPlace, service: InterfaceService): string | undefined {
  if (!HOLDING_DATA.has(service)) return undefined;
  return policyDocument([
    {
      Sid: "OwnAccount",
      Effect: "Allow",
      Principal: "*",
      Action: "*",
      Resource: "*",
      Condition: { StringEquals: { "aws:PrincipalAccount": place.account } },
    },
  ]);
}

/**
 * Our own account's buckets, and the one from which ECR hands out the layers of images
 * (https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html).
 */
export function storagePolicy(place: AwsPlace): string {
  const layers = bucketArn(place, `prod-${place.region}-starport-layer-bucket`);
  return policyDocument([
    {
      Sid: "OwnBuckets",
      Effect: "Allow",
      Principal: "*",
      Action: "s3:*",
      Resource: "*",
      Condition: {
        StringEquals: {
          "aws:ResourceAccount": place.account,
          "aws:PrincipalAccount": place.account,
        },
      },
    },
    {
      Sid: "ImageLayers",
      Effect: "Allow",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: `${layers}/*`,
    },
  ]);
}
