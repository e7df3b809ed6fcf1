/**
 * Where on AWS a site stands, and how that place writes its names: ARNs, principals of services,
 * host names. The partition reaches every one of them, so that a site may stand in China. Pure.
 */
import type { ArgumentFault } from "../argument-fault.ts";

export interface AwsPlace {
  readonly partition: "aws" | "aws-cn";
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
}

export interface AwsSite extends AwsPlace {
  /** Begins the name of everything that AWS wants named. */
  readonly prefix: string;
}

/** All that is wrong with a place and its prefix. */
export function siteFaults(site: AwsSite): ArgumentFault<keyof AwsSite>[] {
  const { partition, region, account, prefix } = site;
  const faults: ArgumentFault<keyof AwsSite>[] = [];
  const add = (argument: keyof AwsSite, wrong: string, right: string) =>
    faults.push({ argument, wrong, right });
  const own = region.startsWith("cn-") ? "aws-cn" : "aws";
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) {
    add("region", `is ${region}`, "a region, as in eu-central-1");
  } else if (own !== partition) {
    add("partition", `is ${partition}, and ${region} lies in another`, own);
  }
  if (!/^\d{12}$/.test(account)) add("account", `is ${account}`, "its twelve digits, as a text");
  // 24 characters leave room in the shortest of AWS' limits, 32 for a load balancer, and 63 for a
  // bucket with account and region in it. RDS and ElastiCache take no two hyphens in a row.
  if (!/^[a-z][a-z0-9-]{0,22}[a-z0-9]$/.test(prefix) || prefix.includes("--")) {
    const right = "2 to 24 lower-case letters, digits and single hyphens, a letter first";
    add("prefix", `is ${JSON.stringify(prefix)}, and begins the name of all that AWS makes`, right);
  }
  return faults;
}

export function arn(place: AwsPlace, service: string, resource: string): string {
  return `arn:${place.partition}:${service}:${place.region}:${place.account}:${resource}`;
}

export function roleArn(place: AwsPlace, role: string): string {
  return `arn:${place.partition}:iam::${place.account}:role/${role}`;
}

/** As a principal: everybody in the account whom IAM allows as well. */
export function accountRoot(place: AwsPlace): string {
  return `arn:${place.partition}:iam::${place.account}:root`;
}

/** Buckets have neither region nor account in their ARN. */
export function bucketArn(place: AwsPlace, bucket: string): string {
  return `arn:${place.partition}:s3:::${bucket}`;
}

/** A policy that AWS itself writes and keeps. */
export function managedPolicy(place: AwsPlace, name: string): string {
  return `arn:${place.partition}:iam::aws:policy/${name}`;
}

export function dnsSuffix(place: AwsPlace): string {
  return place.partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
}

/**
 * Most services have one name everywhere. EC2 has one of its partition, CloudWatch Logs one of its
 * region (https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html, and the pages
 * of both services in the documentation of the China regions).
 */
export function servicePrincipal(place: AwsPlace, service: string): string {
  if (service === "ec2") return `ec2.${dnsSuffix(place)}`;
  if (service === "logs") return `logs.${place.region}.${dnsSuffix(place)}`;
  return `${service}.amazonaws.com`;
}

/**
 * What kms:ViaService says of a service. In China it may end either way, and no page tells which
 * service does how; both name the same service, so both are let through.
 */
export function viaService(place: AwsPlace, services: readonly string[]): string[] {
  const suffixes = [...new Set(["amazonaws.com", dnsSuffix(place)])];
  return services.flatMap((service) =>
    suffixes.map((suffix) => `${service}.${place.region}.${suffix}`),
  );
}

/** Names that one component gives and another one's policy must know beforehand. */
export const names = {
  clusterRole: (site: AwsSite) => `${site.prefix}-cluster`,
  cluster: (site: AwsSite) => site.prefix,
  /** Bucket names are shared by all of AWS' customers, hence the account in them. */
  bucket: (site: AwsSite, purpose: "weights" | "audit") =>
    `${site.prefix}-${purpose}-${site.account}-${site.region}`,
  database: (site: AwsSite) => `${site.prefix}-ledger`,
  logGroups: (site: AwsSite) => ({
    controlPlane: `/aws/eks/${names.cluster(site)}/cluster`,
    flows: `/aws/vpc/${site.prefix}`,
    database: (kind: string) => `/aws/rds/instance/${names.database(site)}/${kind}`,
  }),
} as const;

/** The tag by which people find a thing in the console. */
export function nameTag(name: string): { readonly Name: string } {
  return { Name: name };
}
